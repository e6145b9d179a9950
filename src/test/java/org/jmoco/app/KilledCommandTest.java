package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jmoco.checkpoint.CheckpointStore;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole commands in processes of their own, hit by SIGKILL again and again: while they read images and write the cache, before
 * the first checkpoint, within a save, between saves (steps, the kNN monitor, the evaluation after an epoch), and resumed each
 * time.
 * In the end every file that is not about time has the bytes of a run that nobody disturbed.
 */
class KilledCommandTest {
    /** Milliseconds from the first checkpoint of a start to its kill. An undisturbed rest takes longer than each. */
    private static final int[] AFTER_A_SAVE = {0, 100};

    @TempDir
    Path folder;

    private Path data;
    private int insideASave;

    @ParameterizedTest
    @ValueSource(strings = {
        "pretrain --queue 20 --dim 8 --knn-every 1",
        "finetune --vote 3",
        "probe --vote 3",
    })
    @Timeout(900)
    void endsWithTheBytesOfAnUndisturbedRun(String command) throws Exception {
        data = DarkAndLight.write(folder.resolve("data"));
        Path whole = folder.resolve("whole");
        StringWriter text = new StringWriter();
        PrintWriter to = new PrintWriter(text);
        assertEquals(0, Main.run(to, to, line(command, whole).toArray(String[]::new)), text.toString());

        Path out = folder.resolve("killed");
        Path cache = folder.resolve("cache");
        kill(command, out, () -> Files.exists(cache), 0); // images are being read, or the cache is being written
        kill(command, out, () -> Files.exists(out.resolve("options.json")), 0); // the run has begun and saved nothing
        for (int millis : AFTER_A_SAVE) {
            List<Path> before = CheckpointStore.forReading(out).files();
            kill(command, out, () -> !CheckpointStore.forReading(out).files().equals(before), millis);
        }
        for (int attempt = 0; attempt < 5 && insideASave == 0; attempt++) {
            kill(command, out, () -> temporary(out) > 0, 0);
        }
        assertTrue(insideASave > 0, "no kill fell into a save, so this test showed less than it says");

        Process last = start(command, out);
        assertTrue(last.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, last.exitValue(), Files.readString(folder.resolve("child.txt")));
        assertEquals(0, temporary(out), "temporary files were left behind");
        List<Path> files = CheckpointStore.forReading(whole).files();
        assertEquals(files, CheckpointStore.forReading(out).files().stream().map(f -> whole.resolve(f.getFileName())).toList());
        for (Path f : files) {
            assertSame(f.getFileName().toString(), whole, out);
        }
        assertSame("metrics.csv", whole, out);
        assertSame("result.json", whole, out);
        if (!command.startsWith("pretrain")) {
            assertSame("predictions.json", whole, out);
        }
    }

    private static void assertSame(String file, Path whole, Path out) throws IOException {
        assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(out.resolve(file)), file);
    }

    private List<String> line(String command, Path out) {
        List<String> line = new ArrayList<>(List.of(command.split(" ")));
        if (Files.exists(out.resolve("options.json"))) {
            line.add("--resume");
        }
        line.addAll(List.of("--data", "images=" + data, "--out", out.toString(), "--image", "16", "--batch", "8",
                "--splits", "2", "--width", "4", "--epochs", "12", "--checkpoint-steps", "1", "--progress", "none",
                "--backend", "cpu", "--threads", "1"));
        return line;
    }

    /** Starts the command, waits for the moment and then so many milliseconds, and ends it by SIGKILL. */
    private void kill(String command, Path out, BooleanSupplier moment, int millis) throws IOException, InterruptedException {
        Process child = start(command, out);
        try {
            while (!moment.getAsBoolean()) {
                assertTrue(child.isAlive(), "the command ended by itself: " + Files.readString(folder.resolve("child.txt")));
                Thread.sleep(1);
            }
            Thread.sleep(millis);
            child.destroyForcibly().waitFor();
            assertEquals(128 + 9, child.exitValue(), "the run was over before it could be killed");
            insideASave += temporary(out) > 0 ? 1 : 0;
        } finally {
            child.destroyForcibly();
        }
    }

    private Process start(String command, Path out) throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        java.addAll(line(command, out));
        File text = folder.resolve("child.txt").toFile();
        ProcessBuilder builder = new ProcessBuilder(java).redirectErrorStream(true).redirectOutput(text);
        builder.environment().put("JMOCO_CACHE", folder.resolve("cache").toString());
        return builder.start();
    }

    private static long temporary(Path out) {
        try (Stream<Path> all = Files.list(out)) {
            return all.filter(f -> f.toString().endsWith(".tmp")).count();
        } catch (IOException e) {
            return 0; // there is no folder yet
        }
    }
}
