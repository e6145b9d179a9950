package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop with a task whose whole state is one number. */
class EpochLoopTest {
    private static final int EPOCHS = 3;
    private static final int STEPS = 5;

    @TempDir
    Path folder;

    private final List<String> heard = new ArrayList<>();

    /** Stands for a process that dies. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** "Weights" w that each step changes by its epoch and number; loss = w. */
    private static final class Counter implements EpochLoop.Task {
        double w = 1;
        double rate;
        double badLossAt = Double.NaN; // global number of the step that gives NaN
        String lr = "0.1";
        int atOnce = 1; // steps between two readings of their losses

        Counter() {}

        Counter(int atOnce) {
            this.atOnce = atOnce;
        }

        @Override
        public String name() {
            return "count";
        }

        @Override
        public RunIdentity identity() {
            return new RunIdentity(Map.of("--lr", lr));
        }

        @Override
        public int epochs() {
            return EPOCHS;
        }

        @Override
        public int steps() {
            return STEPS;
        }

        @Override
        public int batch() {
            return 4;
        }

        @Override
        public int rows() {
            return 4;
        }

        @Override
        public double learningRate(int epoch) {
            return 1.0 / epoch;
        }

        @Override
        public void setLearningRate(double value) {
            rate = value;
        }

        @Override
        public EpochLoop.Steps begin(int epoch, int step) {
            return new EpochLoop.Steps() {
                private int next = (epoch - 1) * STEPS + step;

                @Override
                public List<EpochLoop.StepResult> run(int most) {
                    assertTrue(most >= 1 && most <= STEPS - next % STEPS, most + " steps before step " + next);
                    List<EpochLoop.StepResult> results = new ArrayList<>();
                    for (int i = 0; i < Math.min(most, atOnce); i++) {
                        w = w * 1.25 + rate + next % STEPS; // a rounding at each step, so that a repeated or left-out one shows
                        results.add(new EpochLoop.StepResult(next == badLossAt ? Double.NaN : w, next++ % STEPS % 4));
                    }
                    return results;
                }

                @Override
                public long waitedNanos() {
                    return 0;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
            return Map.of("w", w);
        }

        @Override
        public void save(Map<String, HostTensor> tensors, Map<String, String> metadata) {
            tensors.put("w", HostTensor.of(Shape.SCALAR, new double[] {w}));
        }

        @Override
        public void load(Checkpoint checkpoint) {
            w = checkpoint.tensors().get("w").get(0);
        }
    }

    private final TrainListener listener = new TrainListener() {
        @Override
        public void epoch(EpochRecord e) {
            heard.add("epoch " + e.epoch() + " " + e.loss() + " " + e.accuracy() + " " + e.evaluation());
        }

        @Override
        public void saved(Path checkpoint) {
            heard.add("saved " + CheckpointStore.position(checkpoint));
        }
    };

    private EpochLoop loop(Counter task, Path out, CheckpointPolicy policy, TrainListener l) {
        return new EpochLoop(task, new RunOutput(CheckpointStore.forWriting(out), policy, l));
    }

    private static Checkpoint latest(Path out) {
        return CheckpointStore.forReading(out).loadLatest(CheckpointStore.OnDamage.REFUSE, s -> {}).orElseThrow();
    }

    private static byte[] latestBytes(Path out) throws IOException {
        return Files.readAllBytes(latest(out).file());
    }

    @Test
    void savesAtEpochsAndWithinThem() {
        loop(new Counter(), folder, new CheckpointPolicy(2, 4), listener).run();
        // Steps 4, 8, 12 of the run; epochs 2 (step 10) and 3, the last (15).
        assertEquals(List.of("saved 4", "saved 8", "saved 10", "saved 12", "saved 15"),
                heard.stream().filter(h -> h.startsWith("saved")).toList());
    }

    /**
     * Losses that are read together end neither an epoch nor a checkpoint's steps too late, and give the same bytes and figures.
     */
    @Test
    void howManyStepsRunAtOnceLeavesNoTrace() throws IOException {
        List<String> expected = null;
        byte[] bytes = null;
        for (int atOnce : new int[] {1, 2, 3, 5, 50}) {
            heard.clear();
            Path out = folder.resolve("by" + atOnce);
            TrainListener all = new TrainListener() {
                @Override
                public void step(StepRecord s) {
                    heard.add("step " + s.epoch() + " " + s.step() + " " + s.loss());
                }

                @Override
                public void epoch(EpochRecord e) {
                    listener.epoch(e);
                }

                @Override
                public void saved(Path checkpoint) {
                    listener.saved(checkpoint);
                }
            };
            loop(new Counter(atOnce), out, new CheckpointPolicy(2, 4), all).run();
            if (expected == null) {
                expected = List.copyOf(heard);
                bytes = latestBytes(out);
            }
            assertEquals(expected, heard, atOnce + " at once");
            assertArrayEquals(bytes, latestBytes(out), atOnce + " at once");
        }
    }

    @Test
    void anEpochIsToldOfBeforeItIsSaved() {
        loop(new Counter(), folder, new CheckpointPolicy(1, 0), listener).run();
        assertEquals(List.of("epoch 1", "saved 5", "epoch 2", "saved 10", "epoch 3", "saved 15"),
                heard.stream().map(h -> h.startsWith("epoch") ? h.substring(0, 7) : h).toList());
        assertEquals((0 + 1 + 2 + 3 + 0) / 20.0, Double.parseDouble(heard.getFirst().split(" ")[3]));
    }

    @Test
    void aRunKilledAnywhereEndsWithTheSameBytesAndFigures() throws IOException {
        Path whole = folder.resolve("whole");
        loop(new Counter(), whole, new CheckpointPolicy(1, 3), listener).run();
        List<String> epochs = heard.stream().filter(h -> h.startsWith("epoch")).toList();
        for (int kill = 1; kill <= EPOCHS * STEPS; kill++) {
            Path out = folder.resolve("killed" + kill);
            heard.clear();
            int at = kill;
            TrainListener dying = new TrainListener() {
                @Override
                public void step(StepRecord s) {
                    if ((s.epoch() - 1) * STEPS + s.step() == at) {
                        throw new Killed();
                    }
                }

                @Override
                public void epoch(EpochRecord e) {
                    listener.epoch(e);
                }
            };
            EpochLoop first = loop(new Counter(1 + kill % 3), out, new CheckpointPolicy(2, 2), dying);
            assertThrows(Killed.class, first::run);
            EpochLoop second = loop(new Counter(1 + kill % 4), out, new CheckpointPolicy(1, 0), listener);
            if (!CheckpointStore.forReading(out).files().isEmpty()) {
                second.resume(latest(out));
            }
            second.run();
            assertArrayEquals(latestBytes(whole), latestBytes(out), "killed at step " + kill);
            assertEquals(epochs, heard.stream().filter(h -> h.startsWith("epoch")).distinct().toList(), "killed at step " + kill);
        }
    }

    @Test
    void aLossThatIsNotFiniteStopsAndKeepsTheLastGoodCheckpoint() {
        Counter task = new Counter(4);
        task.badLossAt = 12;
        UserError e = assertThrows(UserError.class, loop(task, folder, new CheckpointPolicy(1, 0), listener)::run);
        assertTrue(e.getMessage().contains("epoch 3 step 3: the loss is NaN"), e.getMessage());
        assertTrue(e.getMessage().contains("checkpoint-00000010.safetensors"), e.getMessage());
        assertEquals(1, e.exitCode());
        assertEquals(10, CheckpointStore.position(latest(folder).file()));
    }

    @Test
    void weightsThatAreNotFiniteAreNeverSaved() {
        Counter task = new Counter();
        EpochLoop loop = loop(task, folder, new CheckpointPolicy(1, 0), new TrainListener() {
            @Override
            public void epoch(EpochRecord epoch) {
                task.w = epoch.epoch() == 2 ? Double.POSITIVE_INFINITY : task.w;
            }
        });
        UserError e = assertThrows(UserError.class, loop::run);
        assertTrue(e.getMessage().contains("w holds numbers that are not finite"), e.getMessage());
        assertEquals(5, CheckpointStore.position(latest(folder).file()));
    }

    @Test
    void anotherRunsCheckpointIsRefused() {
        loop(new Counter(), folder, new CheckpointPolicy(1, 0), listener).run();
        Counter other = new Counter();
        other.lr = "0.2";
        EpochLoop loop = loop(other, folder, new CheckpointPolicy(1, 0), listener);
        UserError e = assertThrows(UserError.class, () -> loop.resume(latest(folder)));
        assertTrue(e.getMessage().contains("--lr was 0.1, now 0.2"), e.getMessage());
    }

    @Test
    void aFinishedRunHasNothingLeftToDo() {
        loop(new Counter(), folder, new CheckpointPolicy(1, 0), listener).run();
        heard.clear();
        EpochLoop again = loop(new Counter(), folder, new CheckpointPolicy(1, 0), listener);
        again.resume(latest(folder));
        again.run();
        assertEquals(List.of(), heard);
    }
}
