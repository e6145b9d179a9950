package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jmoco.checkpoint.CheckpointStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A training that is asked to end says where it stands. SIGTERM stands for Ctrl-C, which a test's process may have to ignore. */
class InterruptionTest {
    @TempDir
    Path folder;

    @Test
    @Timeout(120)
    void theLastCheckpointAndTheCommandToGoOnAreNamed() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        Process child = start(run, "1");
        await(child, run, () -> !CheckpointStore.forReading(run).files().isEmpty());
        String said = end(child);
        List<Path> saved = CheckpointStore.forReading(run).files();
        assertTrue(said.contains("jmoco: interrupted; last checkpoint " + saved.getLast()), said);
        assertTrue(said.contains("go on with ./jmoco pretrain --resume --out " + run), said);
    }

    @Test
    @Timeout(120)
    void nothingSavedYetIsSaidToo() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        Process child = start(run, "100000");
        await(child, run, () -> Files.exists(run.resolve("metrics.csv")));
        assertTrue(end(child).contains("jmoco: interrupted; no checkpoint yet; go on with ./jmoco pretrain --resume"));
    }

    private void await(Process child, Path run, java.util.function.BooleanSupplier moment) throws InterruptedException, IOException {
        while (!moment.getAsBoolean()) {
            assertTrue(child.isAlive(), () -> "ended by itself: " + text());
            Thread.sleep(5);
        }
    }

    private String end(Process child) throws InterruptedException {
        child.destroy();
        assertTrue(child.waitFor(30, TimeUnit.SECONDS), "SIGTERM does not end it");
        assertEquals(128 + 15, child.exitValue(), this::text);
        return text();
    }

    private Process start(Path run, String checkpointEpochs) throws IOException {
        String data = "images=" + DarkAndLight.write(folder.resolve("data"));
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                Main.class.getName(), "pretrain", "--data", data, "--out", run.toString(), "--image", "16", "--batch", "8", "--splits", "2", "--width",
                "2", "--queue", "16", "--dim", "8", "--epochs", "100000", "--checkpoint-epochs", checkpointEpochs, "--checkpoint-steps", "0", "--knn-every",
                "100000", "--progress", "none", "--backend", "cpu", "--threads", "1")
                .redirectErrorStream(true).redirectOutput(folder.resolve("child.txt").toFile()).start();
    }

    private String text() {
        try {
            return Files.readString(folder.resolve("child.txt"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
