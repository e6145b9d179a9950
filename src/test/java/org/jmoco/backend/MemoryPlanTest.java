package org.jmoco.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Transients share memory where, and only where, no step needs both. */
class MemoryPlanTest {
    static int[] seeds() {
        return java.util.stream.IntStream.range(0, 60).toArray();
    }

    /**
     * A random program over transients of random length: fill, copy of a part, halves, ReLU, in place too. {@code values} follows
     * it with an array of its own for each buffer.
     */
    private static final class RandomProgram {
        final Backend backend = ReferenceBackend.open(DType.F64, 1);
        final Recorder rec = backend.record("random");
        final List<Buffer> buffers = new ArrayList<>();
        final List<double[]> values = new ArrayList<>();
        final List<Buffer> results = new ArrayList<>();
        final List<double[]> expected = new ArrayList<>();
        final Program program;

        RandomProgram(int seed) {
            Philox random = new Philox(seed, Philox.Purpose.TEST, 0, 0);
            int steps = 5 + random.nextInt(60);
            for (int i = 0; i < steps; i++) {
                Buffer source = buffers.isEmpty() ? null : buffers.get(random.nextInt(buffers.size()));
                switch (source == null ? 0 : random.nextInt(7)) {
                    case 0 -> fill(transientOf(1 + random.nextInt(random.nextBoolean(0.2) ? 3000 : 100)), i + 1);
                    case 1 -> copyPart(source, random);
                    case 2 -> reluOf(source, source);
                    case 3 -> reluOf(source, transientOf((int) source.size()));
                    case 4 -> fill(source, random.nextBoolean(0.5) ? -i : i);
                    case 5 -> halvesOf(source);
                    default -> keep(source, i);
                }
            }
            keep(buffers.get(0), steps);
            program = rec.finish();
            backend.allocate();
        }

        private Buffer transientOf(int size) {
            Buffer b = rec.activation("t" + buffers.size(), Shape.of(size));
            buffers.add(b);
            values.add(new double[size]);
            return b;
        }

        private double[] valuesOf(Buffer b) {
            return values.get(buffers.indexOf(b));
        }

        private void fill(Buffer b, double value) {
            rec.fill("fill", b, value);
            Arrays.fill(valuesOf(b), value);
        }

        private void reluOf(Buffer from, Buffer to) {
            rec.reluForward("relu", to, from);
            for (int i = 0; i < from.size(); i++) {
                valuesOf(to)[i] = Math.max(valuesOf(from)[i], 0);
            }
        }

        /** Half of each element, twice: a result that is larger than its source, and so is placed before it. */
        private void halvesOf(Buffer from) {
            int size = (int) from.size();
            Buffer to = transientOf(2 * size);
            rec.globalAvgPoolBackward("halves", to.reshape(Shape.of(1, 1, 2, size)), from.reshape(Shape.of(1, size)));
            for (int i = 0; i < 2 * size; i++) {
                valuesOf(to)[i] = valuesOf(from)[i % size] / 2;
            }
        }

        /** A copy of some inner elements of {@code from} to a new transient. */
        private void copyPart(Buffer from, Philox random) {
            int start = random.nextInt((int) from.size());
            int size = 1 + random.nextInt((int) from.size() - start);
            Buffer to = transientOf(size);
            rec.copy("part", to, from.view("part", start, Shape.of(size)));
            System.arraycopy(valuesOf(from), start, valuesOf(to), 0, size);
        }

        /** What the buffer holds at this point, for the comparison at the end. */
        private void keep(Buffer b, int step) {
            Buffer result = backend.declare(Region.OUTPUT, "result" + step, b.shape());
            rec.copy("keep", result, b);
            results.add(result);
            expected.add(valuesOf(b).clone());
        }

        /** First and last step that touches the buffer. */
        int[] life(Buffer b) {
            int first = Integer.MAX_VALUE;
            int last = -1;
            for (int i = 0; i < program.steps().size(); i++) {
                Step s = program.steps().get(i);
                if (s.reads().stream().anyMatch(o -> o.root() == b) || s.writes().stream().anyMatch(o -> o.root() == b)) {
                    first = Math.min(first, i);
                    last = i;
                }
            }
            return new int[] {first, last};
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void transientsThatAreAliveTogetherShareNoBytes(int seed) {
        RandomProgram p = new RandomProgram(seed);
        MemoryPlan plan = p.backend.memory();
        long sum = 0;
        for (Buffer a : p.buffers) {
            int[] lifeOfA = p.life(a);
            long startOfA = plan.offset(a);
            assertEquals(0, startOfA % MemoryPlan.ALIGNMENT);
            assertTrue(startOfA + a.bytes() <= plan.bytes(Region.ACTIVATIONS));
            sum += Math.ceilDiv(a.bytes(), MemoryPlan.ALIGNMENT) * MemoryPlan.ALIGNMENT;
            for (Buffer b : p.buffers) {
                int[] lifeOfB = p.life(b);
                boolean together = lifeOfA[0] <= lifeOfB[1] && lifeOfB[0] <= lifeOfA[1];
                boolean apart = startOfA + a.bytes() <= plan.offset(b) || plan.offset(b) + b.bytes() <= startOfA;
                assertTrue(a == b || !together || apart, a + " and " + b + " overlap");
            }
        }
        assertTrue(plan.bytes(Region.ACTIVATIONS) <= sum);
        // No plan can do with less than what one step sees alive.
        for (int step = 0; step < p.program.steps().size(); step++) {
            int at = step;
            long alive = p.buffers.stream().filter(b -> p.life(b)[0] <= at && at <= p.life(b)[1]).mapToLong(Buffer::bytes).sum();
            assertTrue(plan.bytes(Region.ACTIVATIONS) >= alive);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void sharingDoesNotChangeResults(int seed) {
        RandomProgram p = new RandomProgram(seed);
        for (int run = 0; run < 2; run++) { // what the first run leaves behind must not matter to the second
            p.program.run();
            for (int i = 0; i < p.results.size(); i++) {
                assertArrayEquals(p.expected.get(i), p.backend.download(p.results.get(i)).doubles(), p.results.get(i).name());
            }
        }
    }

    /** Branches at random places of a random program: what lives in one shares no bytes with what lives beside it. */
    @ParameterizedTest
    @MethodSource("seeds")
    void whatLivesInABranchIsApartFromWhatLivesBesideIt(int seed) {
        RandomProgram p = new RandomProgram(seed);
        Philox random = new Philox(seed, Philox.Purpose.TEST, 1, 0);
        int count = p.program.steps().size();
        List<Branch> branches = new ArrayList<>();
        for (int at = random.nextInt(4); at + 3 < count; at = branches.getLast().join() + random.nextInt(3)) {
            int end = at + 1 + random.nextInt(count - at - 2);
            branches.add(new Branch(at, end, end + random.nextInt(count - end)));
        }
        MemoryPlan plan = new MemoryPlan();
        plan.layOut(List.of(new Program("beside", p.program.steps(), p.buffers, branches)), 0, true);
        for (Buffer a : p.buffers) {
            for (Buffer b : p.buffers) {
                boolean apart = plan.offset(a) + a.bytes() <= plan.offset(b) || plan.offset(b) + b.bytes() <= plan.offset(a);
                assertTrue(a == b || apart || !together(p.life(a), p.life(b), branches), a + " and " + b + " overlap");
            }
        }
        MemoryPlan inOrder = new MemoryPlan();
        inOrder.layOut(List.of(new Program("in order", p.program.steps(), p.buffers, branches)), 0, false);
        assertEquals(p.backend.memory().bytes(Region.ACTIVATIONS), inOrder.bytes(Region.ACTIVATIONS),
                "marks alone change nothing");
    }

    /** Step by step: both alive in one step, or one alive in some step of a branch while the other is in some step beside it. */
    private static boolean together(int[] lifeOfA, int[] lifeOfB, List<Branch> branches) {
        for (int i = lifeOfA[0]; i <= lifeOfA[1]; i++) {
            for (int j = lifeOfB[0]; j <= lifeOfB[1]; j++) {
                for (Branch b : branches) {
                    boolean iInside = b.first() <= i && i < b.end();
                    boolean jInside = b.first() <= j && j < b.end();
                    boolean iBeside = b.end() <= i && i < b.join();
                    boolean jBeside = b.end() <= j && j < b.join();
                    if (iInside && jBeside || iBeside && jInside) {
                        return true;
                    }
                }
                if (i == j) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Each side of a branch needs what it would need alone, and both workspaces lie apart. */
    @Test
    void aBranchAndWhatIsBesideItAddUp() {
        Buffer[] t = new Buffer[6];
        for (int i = 0; i < t.length; i++) {
            t[i] = new Buffer("t" + i, Region.ACTIVATIONS, DType.F32, Shape.of(1000));
        }
        Buffer in = new Buffer("in", Region.INPUT, DType.F32, Shape.of(1000));
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < t.length; i++) { // two chains of three, the first of which is a branch
            List<Buffer> x = List.of(i % 3 == 0 ? in : t[i - 1]);
            steps.add(new Step("s" + i, "relu_fwd", "", x, List.of(t[i]), 0, 0, scratchOf(i < 3 ? 100 : 1000)));
        }
        for (boolean branches : new boolean[] {true, false}) {
            MemoryPlan plan = new MemoryPlan();
            plan.layOut(List.of(new Program("chains", steps, List.of(t), List.of(new Branch(0, 3, 6)))), 0, branches);
            assertEquals((branches ? 4 : 2) * 4032, plan.bytes(Region.ACTIVATIONS));
            assertEquals(branches ? 1024 + 128 : 1024, plan.bytes(Region.SCRATCH));
            assertEquals(branches ? 1024 : 0, plan.branchScratch());
        }
    }

    private static Work scratchOf(long bytes) {
        return new Work() {
            @Override
            public long scratchBytes() {
                return bytes;
            }

            @Override
            public void run() {}
        };
    }

    @Test
    void aChainNeedsTwoBuffersHoweverLong() {
        Backend backend = ReferenceBackend.open(DType.F32, 1);
        Buffer in = backend.declare(Region.INPUT, "in", Shape.of(1000));
        Buffer out = backend.declare(Region.OUTPUT, "out", Shape.of(1000));
        Recorder rec = backend.record("chain");
        Buffer last = in;
        for (int i = 0; i < 20; i++) {
            Buffer next = rec.activation("a" + i, Shape.of(1000));
            rec.reluForward("relu", next, last);
            last = next;
        }
        rec.copy("out", out, last);
        rec.finish();
        backend.allocate();
        assertEquals(2 * 4032, backend.memory().bytes(Region.ACTIVATIONS)); // 4000 bytes, on whole cache lines
    }

    @Test
    void programsShareOneArenaAndPersistentBuffersShareNothing() {
        Backend backend = ReferenceBackend.open(DType.F32, 1);
        Buffer a = backend.declare(Region.STATE, "a", Shape.of(7));
        Buffer b = backend.declare(Region.STATE, "b", Shape.of(7));
        Buffer head = backend.memory().declare(Region.STATE, "head", DType.I32, Shape.SCALAR);
        for (int size : new int[] {100, 300}) {
            Recorder rec = backend.record("p" + size);
            Buffer t = rec.activation("t", Shape.of(size));
            Buffer unused = rec.activation("unused", Shape.of(1 << 20));
            rec.fill("t", t, 1);
            rec.finish();
            assertFalse(unused.isPlaced());
        }
        backend.allocate();
        MemoryPlan plan = backend.memory();
        assertEquals(1216, plan.bytes(Region.ACTIVATIONS)); // the larger program's 1200 bytes; nobody touches "unused"
        assertEquals(List.of(0L, 64L, 128L), List.of(plan.offset(a), plan.offset(b), plan.offset(head)));
        assertEquals(192, plan.bytes(Region.STATE));
        assertEquals(1216 + 192, plan.totalBytes());
        assertTrue(plan.table().contains("activations"), plan.table());
        assertTrue(plan.table().lines().reduce((x, y) -> y).orElseThrow().trim().startsWith("total"), plan.table());
        backend.upload(b, HostTensor.of(Shape.of(7), new float[] {1, 2, 3, 4, 5, 6, 7}));
        backend.set(head, 5);
        assertEquals(0, backend.download(a).get(6));
        assertEquals(5, backend.get(head));
    }

    @Test
    void transientsAreDeclaredByARecorder() {
        Backend backend = ReferenceBackend.open(DType.F64, 1);
        assertThrows(IllegalArgumentException.class, () -> backend.declare(Region.ACTIVATIONS, "a", Shape.of(1)));
        assertThrows(IllegalArgumentException.class, () -> backend.declare(Region.SCRATCH, "s", Shape.of(1)));
    }
}
