package org.jmoco.train;

import static org.jmoco.train.Fixture.dyingAt;
import static org.jmoco.train.Fixture.hasCheckpoint;
import static org.jmoco.train.Fixture.into;
import static org.jmoco.train.Fixture.latest;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig.Head;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Interrupted and resumed runs end with the bytes of whole ones, whatever the number of threads. */
class ResumeTest {
    private static final CheckpointPolicy OFTEN = new CheckpointPolicy(1, 3);

    @TempDir
    Path folder;

    /** Goes on with what is in the folder, or starts. */
    private static void pretrainOn(Path out, int threads, CheckpointPolicy policy, TrainListener listener) {
        Fixture.pretrain(Fixture.pretraining(), threads, into(out, policy, listener), t -> {
            if (hasCheckpoint(out)) {
                t.resume(latest(out));
            } else {
                t.initialize();
            }
            t.train();
        });
    }

    private static void finetuneOn(Path out, int threads, CheckpointPolicy policy, TrainListener listener) {
        Fixture.finetune(Fixture.finetuning(Head.FRESH), threads, into(out, policy, listener), t -> {
            if (hasCheckpoint(out)) {
                t.resume(latest(out));
            } else {
                t.initialize();
            }
            t.train();
        });
    }

    private static byte[] bytes(Path out) throws IOException {
        return Files.readAllBytes(latest(out).file());
    }

    /** Epoch records without what a clock says. */
    private static TrainListener recording(List<String> records) {
        return new TrainListener() {
            @Override
            public void epoch(EpochRecord e) {
                records.add(e.epoch() + " " + e.learningRate() + " " + e.loss() + " " + e.accuracy() + " " + e.evaluation());
            }
        };
    }

    @Test
    void pretrainingGoesOnBitForBitFromAnEpochAndFromWithinOne() throws IOException {
        List<String> whole = new ArrayList<>();
        pretrainOn(folder.resolve("whole"), 2, new CheckpointPolicy(1, 0), recording(whole));
        assertEquals(Fixture.EPOCHS, whole.size());
        for (int[] at : new int[][] {{2, 1}, {2, 3}}) { // resumed from the end of epoch 1; from step 6, in mid-epoch 2
            Path out = folder.resolve("killed" + at[1]);
            // One thread first, two after: threads leave no trace either.
            assertThrows(Fixture.Killed.class, () -> pretrainOn(out, 1, OFTEN, dyingAt(at[0], at[1])));
            List<String> rest = new ArrayList<>();
            pretrainOn(out, 2, new CheckpointPolicy(1, 0), recording(rest));
            assertEquals(whole.subList(1, whole.size()), rest);
            assertArrayEquals(bytes(folder.resolve("whole")), bytes(out), "killed in epoch " + at[0] + " step " + at[1]);
        }
    }

    @Test
    void fineTuningGoesOnBitForBitWithItsVotes() throws IOException {
        List<String> whole = new ArrayList<>();
        finetuneOn(folder.resolve("whole"), 2, new CheckpointPolicy(1, 0), recording(whole));
        Path out = folder.resolve("killed");
        // Epochs 2 and 3 vote; the vote of epoch 2 must come from the checkpoint.
        assertThrows(Fixture.Killed.class, () -> finetuneOn(out, 1, OFTEN, dyingAt(3, 2)));
        List<String> rest = new ArrayList<>();
        finetuneOn(out, 2, OFTEN, recording(rest));
        assertEquals(whole.subList(2, 3), rest);
        assertArrayEquals(bytes(folder.resolve("whole")), bytes(out));
    }

    @Test
    void oneThreadOrThreeGiveTheSameBytes() throws IOException {
        pretrainOn(folder.resolve("one"), 1, OFTEN, TrainListener.SILENT);
        pretrainOn(folder.resolve("three"), 3, OFTEN, TrainListener.SILENT);
        assertArrayEquals(bytes(folder.resolve("one")), bytes(folder.resolve("three")));
    }

    @Test
    void aRunGoesOnOnAnotherBackendAndSaysSo() {
        Path whole = folder.resolve("whole");
        pretrainOn(whole, 1, OFTEN, TrainListener.SILENT);
        Path out = folder.resolve("moved");
        assertThrows(Fixture.Killed.class, () -> pretrainOn(out, 1, OFTEN, dyingAt(2, 3)));
        Fixture.pretrain(ReferenceBackend.open(DType.F32, 1), Fixture.pretraining(), 1, into(out, OFTEN, TrainListener.SILENT),
                t -> {
            List<String> remarks = t.resume(latest(out));
            assertEquals(List.of("the run began on cpu f32 and goes on on reference f32: it will not end with the bytes that it"
                    + " would have had there"), remarks);
            t.train();
        });
        // The same batches in the same order, summed otherwise: weights of the size 0.1 agree to some thousandths of it.
        latest(whole).tensors().forEach((name, expected) -> {
            HostTensor got = latest(out).tensors().get(name);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i), got.get(i), 2e-3 * (1 + Math.abs(expected.get(i))), name + " " + i);
            }
        });
    }

    private static String refusal(Path out, PretrainConfig config) {
        List<String> message = new ArrayList<>();
        Consumer<MocoTrainer> resume =
                t -> message.add(assertThrows(UserError.class, () -> t.resume(latest(out))).getMessage());
        Fixture.pretrain(config, 1, RunOutput.NONE, resume);
        return message.getFirst();
    }

    @Test
    void whatWouldChangeTheResultIsRefused() {
        pretrainOn(folder, 1, OFTEN, TrainListener.SILENT);
        assertTrue(refusal(folder, Fixture.pretraining(Fixture.encoder(), 0.9, 0.03)).contains("--momentum was 0.99, now 0.9"));
        assertTrue(refusal(folder, Fixture.pretraining(Fixture.encoder(), 0.99, 0.06))
                .contains("--lr and --schedule was cosine from 0.03 over 3 epochs, now cosine from 0.06 over 3 epochs"));
        assertTrue(refusal(folder, Fixture.pretraining(Fixture.encoder().withDim(8), 0.99, 0.03))
                .contains("--dim was 16, now 8"));
        Path fine = folder.resolve("fine");
        finetuneOn(fine, 1, OFTEN, TrainListener.SILENT);
        assertTrue(refusal(fine, Fixture.pretraining()).contains("format \"jmoco finetune 1\", expected \"jmoco pretrain 1\""));
    }

    /** The child: goes on with the run in its folder and tells of each step, slowly enough to be hit anywhere. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            pretrainOn(Path.of(args[0]), 1, OFTEN, new TrainListener() {
                @Override
                public void step(StepRecord s) {
                    System.out.println(s.epoch() + " " + s.step());
                }
            });
        }
    }

    @Test
    @Timeout(180)
    void aProcessKilledBySigkillResumesToTheSameBytes() throws Exception {
        pretrainOn(folder.resolve("whole"), 2, new CheckpointPolicy(1, 0), TrainListener.SILENT);
        Path out = folder.resolve("killed");
        killAfter(out, 6); // within epoch 2, about when step 6 is being saved
        assertTrue(hasCheckpoint(out), "the child was killed before it had saved anything, so this test showed nothing");
        assertTrue(latest(out).metadata().get("position.epoch").compareTo("3") < 0,
                "the child had finished before it was killed");
        pretrainOn(out, 2, OFTEN, TrainListener.SILENT);
        assertArrayEquals(bytes(folder.resolve("whole")), bytes(out));
    }

    private static void killAfter(Path out, int steps) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                        "-cp", System.getProperty("java.class.path"), Child.class.getName(), out.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader lines = child.inputReader()) {
            for (int i = 0; i < steps; i++) {
                assertTrue(lines.readLine() != null, "the child ended after " + i + " steps");
            }
            // Through the handle: Process.destroyForcibly closes the pipe that is still to be read.
            child.toHandle().destroyForcibly();
            child.waitFor();
        } finally {
            child.destroyForcibly();
        }
    }
}
