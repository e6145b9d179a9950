package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jmoco.checkpoint.CheckpointStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A training or recipe that is asked to end, by SIGTERM or by the SIGINT of Ctrl-C, says where it stands and how to go on. */
class InterruptionTest {
    @TempDir
    Path folder;

    private final List<Process> children = new ArrayList<>();

    /** A test that fails or runs out of time leaves no training behind. */
    @AfterEach
    void endWhatStillRuns() {
        children.forEach(Process::destroyForcibly);
    }

    @Test
    @Timeout(120)
    void theLastCheckpointAndTheCommandToGoOnAreNamed() throws IOException, InterruptedException {
        Path run = folder.resolve("run");
        Process child = start(run, "1");
        await(child, () -> CheckpointStore.forReading(run).files().size() > 1); // so that the last is not the first
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
        await(child, () -> Files.exists(run.resolve("metrics.csv")));
        assertTrue(end(child).contains("jmoco: interrupted; no checkpoint yet; go on with ./jmoco pretrain --resume"));
    }

    @Test
    @Timeout(240)
    void aRecipeStoppedByCtrlCGoesOnWhenItIsRunAgain() throws IOException, InterruptedException {
        Path data = DarkAndLight.write(folder.resolve("data"));
        Path recipe = Files.writeString(folder.resolve("tiny.yaml"), """
                name: tiny
                encoder: {width: 2, dim: 8, splits: 2}
                seeds: 1
                pretrain:
                  one: {data: images=%1$s, image: 16, epochs: 40, batch: 8, queue: 16, knn-every: 40}
                transfer: {data: images=%1$s, image: 16, epochs: 1, vote: 1, batch: 8, lr: 1e-3}
                rows:
                  first: {chain: [one]}
                """.formatted(data));
        Path out = folder.resolve("out");
        List<String> command = List.of("run", recipe.toString(), "--out", out.toString(), "--progress", "none", "--backend",
                "cpu", "--threads", "1");
        Process child = start(command);
        await(child, () -> saved(out.resolve("encoders")));
        assertEquals(0, new ProcessBuilder("kill", "-INT", Long.toString(child.pid())).inheritIO().start().waitFor());
        assertTrue(child.waitFor(30, TimeUnit.SECONDS), "SIGINT does not end it");
        assertEquals(128 + 2, child.exitValue(), this::text);
        assertTrue(text().contains("jmoco: interrupted; the same command again goes on with it"), text());
        assertFalse(Files.exists(out.resolve("results.json")), "it was over before it could be interrupted");

        Process again = start(command);
        assertTrue(again.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, again.exitValue(), this::text);
        assertTrue(text().contains("goes on in " + out.resolve("encoders")), text());
        assertTrue(Files.exists(out.resolve("results.json")), text());
    }

    /** Whether a stage below the folder has a checkpoint. */
    private static boolean saved(Path encoders) {
        try (Stream<Path> all = Files.exists(encoders) ? Files.list(encoders) : Stream.empty()) {
            return all.filter(Files::isDirectory).anyMatch(f -> !CheckpointStore.forReading(f).files().isEmpty());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void await(Process child, BooleanSupplier moment) throws InterruptedException, IOException {
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
        return start(List.of("pretrain", "--data", data, "--out", run.toString(), "--image", "16", "--batch", "8", "--splits",
                "2", "--width", "2",
                "--queue", "16", "--dim", "8", "--epochs", "100000", "--checkpoint-epochs", checkpointEpochs,
                "--checkpoint-steps", "0", "--knn-every", "100000", "--progress", "none", "--backend", "cpu", "--threads", "1"));
    }

    /** By env, which undoes that SIGINT is ignored where the tests run in a shell's background. */
    private Process start(List<String> command) throws IOException {
        List<String> all = new ArrayList<>(List.of("env", "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        all.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true)
                .redirectOutput(folder.resolve("child.txt").toFile());
        builder.environment().put("JMOCO_CACHE", folder.resolve("cache").toString());
        Process child = builder.start();
        children.add(child);
        return child;
    }

    private String text() {
        try {
            return Files.readString(folder.resolve("child.txt"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
