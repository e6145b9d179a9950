package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that only saves is killed with SIGKILL at random moments; what it leaves must always be whole. */
class KillDuringSaveTest {
    private static final int KILLS = 20;

    /** 2 MB, so that one save takes milliseconds and nearly every kill falls into one. */
    private static final int FLOATS = 500_000;

    @TempDir
    Path folder;

    /** The child: goes on from the latest checkpoint, saves without end and prints each position once it is saved. */
    static final class Saver {
        private Saver() {}

        public static void main(String[] args) {
            CheckpointStore store = CheckpointStore.forWriting(Path.of(args[0]));
            float[] values = new float[FLOATS];
            long position = store.files().isEmpty() ? 0 : CheckpointStore.position(store.files().getLast());
            LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
            tensors.put("w", HostTensor.of(Shape.of(FLOATS), values));
            while (true) {
                position++;
                Arrays.fill(values, position);
                store.save(position, tensors, Map.of("position", Long.toString(position)));
                System.out.println(position);
            }
        }
    }

    @Test
    @Timeout(120)
    void whatIsLeftIsAlwaysWhole() throws Exception {
        Philox moments = new Philox(1, Philox.Purpose.TEST, 0, 0);
        int cutInsideASave = 0;
        long announced = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            announced = Math.max(announced, runAndKill(moments.nextInt(60)));
            cutInsideASave += leftovers();
            CheckpointStore reader = CheckpointStore.forReading(folder);
            for (Path file : reader.files()) {
                long position = CheckpointStore.position(file);
                Checkpoint c = CheckpointStore.load(file);
                assertEquals(Long.toString(position), c.metadata().get("position"));
                float[] expected = new float[FLOATS];
                Arrays.fill(expected, position);
                assertTrue(Arrays.equals(expected, c.tensors().get("w").floats()), file + " is mixed");
            }
            List<Path> files = reader.files();
            assertTrue(files.size() <= CheckpointStore.KEPT + 1, files.toString());
            assertTrue(
                    CheckpointStore.position(files.getLast()) >= announced,
                    "kill " + kill + ": " + files + " but " + announced + " was said to be saved");
        }
        assertTrue(cutInsideASave > 0, "no kill fell into a save, so this test showed nothing");
        CheckpointStore.forWriting(folder);
        assertEquals(0, leftovers());
        assertEquals(CheckpointStore.KEPT, CheckpointStore.forReading(folder).files().size());
    }

    /** @return the last position that the child said it had saved */
    private long runAndKill(int millisAfterTheFirstSave) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC",
                        "-cp", System.getProperty("java.class.path"),
                        Saver.class.getName(), folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = child.inputReader()) {
            long announced = Long.parseLong(out.readLine());
            Thread.sleep(millisAfterTheFirstSave);
            // Through the handle, because Process.destroyForcibly closes the pipe that is still to be read.
            child.toHandle().destroyForcibly();
            child.waitFor();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                announced = Long.parseLong(line);
            }
            return announced;
        } finally {
            child.destroyForcibly();
        }
    }

    private int leftovers() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return (int) all.filter(f -> f.toString().endsWith(".tmp")).count();
        }
    }
}
