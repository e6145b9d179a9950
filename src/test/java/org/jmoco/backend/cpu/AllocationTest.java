package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/**
 * A program of every operation allocates nothing on the Java heap, on any thread, once it is compiled.
 *
 * <p>In a process of its own: what other tests have shown the JIT compiler of the same loops decides what it makes of them, and
 * after thousands of tests it was seen to leave vectors of two operations objects for good.
 */
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Vectors are objects until the JIT compiler has seen the loop often enough; this is ample, and far from reached. */
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private static final int RUNS = 20;

    @Test
    void runsAllocateNothing() throws Exception {
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
                AllocationTest.class.getName()).redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), said);
    }

    /** The process: ends with 0 once {@value #RUNS} runs have allocated nothing, with 1 and a text if they never do. */
    public static void main(String[] none) {
        try (CpuBackend backend = CpuBackend.open(2)) {
            Program program = everything(backend);
            backend.allocate();
            long end = System.nanoTime() + PATIENCE.toNanos();
            long allocated = Long.MAX_VALUE;
            // Other threads of this JVM (JUnit's, the compiler's) may allocate; only ours count.
            long[] ours = ourThreads();
            while (allocated > 0 && System.nanoTime() < end) {
                long before = allocatedBytes(ours);
                for (int i = 0; i < RUNS; i++) {
                    program.run();
                }
                allocated = allocatedBytes(ours) - before;
            }
            if (allocated > 0) {
                System.out.println(RUNS + " runs still allocate " + allocated + " bytes: " + perStep(program, ours));
                System.exit(1);
            }
        }
    }

    private static long[] ourThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t == Thread.currentThread() || t.getName().startsWith("jmoco-worker"))
                .mapToLong(Thread::threadId).toArray();
    }

    private static long allocatedBytes(long[] threads) {
        long sum = 0;
        for (long id : threads) {
            sum += Math.max(0, THREADS.getThreadAllocatedBytes(id));
        }
        return sum;
    }

    private static String perStep(Program program, long[] ours) {
        StringBuilder s = new StringBuilder();
        for (var step : program.steps()) {
            long before = allocatedBytes(ours);
            for (int i = 0; i < RUNS; i++) {
                step.work().run();
            }
            long bytes = allocatedBytes(ours) - before;
            if (bytes > 0) {
                s.append(step.op()).append(' ').append(step.problem()).append(' ').append(bytes).append("; ");
            }
        }
        return s.toString();
    }

    /** Sizes with remainders, so that the scalar ends of all loops run too. */
    private static Program everything(CpuBackend backend) {
        Recorder rec = backend.record("everything");
        ConvGeometry conv = new ConvGeometry(4, 6, 6, 20, 20, 3, 3, 1, 1);
        ConvGeometry pool = new ConvGeometry(4, 6, 6, 20, 20, 3, 3, 2, 1);
        Shape image = conv.x();
        Buffer x = real(backend, "x", image);
        Buffer y = real(backend, "y", image);
        Buffer dx = real(backend, "dx", image);
        Buffer dy = real(backend, "dy", image);
        Buffer w = real(backend, "w", conv.filter());
        Buffer dw = real(backend, "dw", conv.filter());
        rec.conv2dForward("conv", conv, y, x, w);
        rec.conv2dBackwardData("conv", conv, dx, dy, w, false);
        rec.conv2dBackwardData("conv", conv, dx, dy, w, true);
        rec.conv2dBackwardWeights("conv", conv, dw, x, dy, false);
        rec.conv2dBackwardWeights("conv", conv, dw, x, dy, true);
        Buffer pooled = real(backend, "pooled", pool.y());
        Buffer argmax = ints(backend, "argmax", pool.y());
        rec.maxPoolForward("pool", pool, pooled, argmax, x);
        rec.maxPoolBackward("pool", pool, dx, pooled, argmax);
        for (int splits : new int[] {1, 2, 4}) {
            batchNorm(backend, rec, new BatchNormGeometry(4, 6, 6, 20, splits, 1e-5, 0.1), x, y, dx, dy);
        }
        rec.reluForward("relu", y, x);
        rec.reluBackward("relu", dx, dy, y);
        rec.copy("copy", dx, x);
        rec.fill("fill", dx, 0.5);

        Buffer feature = real(backend, "feature", Shape.of(4, 20));
        rec.globalAvgPoolForward("avg", feature, x);
        rec.globalAvgPoolBackward("avg", dx, feature);
        Buffer fc = real(backend, "fc", Shape.of(19, 20));
        Buffer bias = real(backend, "bias", Shape.of(19));
        Buffer dfc = real(backend, "dfc", Shape.of(19, 20));
        Buffer dbias = real(backend, "dbias", Shape.of(19));
        Buffer z = real(backend, "z", Shape.of(4, 19));
        Buffer q = real(backend, "q", Shape.of(4, 19));
        Buffer k = real(backend, "k", Shape.of(4, 19));
        Buffer norm = real(backend, "norm", Shape.of(4));
        rec.linearForward("fc", z, feature, fc, bias);
        rec.linearBackwardData("fc", feature, z, fc);
        rec.linearBackwardWeights("fc", dfc, dbias, feature, z, true);
        rec.l2NormalizeForward("norm", q, norm, z);
        rec.l2NormalizeBackward("norm", z, k, q, norm);
        losses(backend, rec, q, k, z);
        optimisers(backend, rec);
        return rec.finish();
    }

    private static void batchNorm(CpuBackend backend, Recorder rec, BatchNormGeometry g, Buffer x, Buffer y, Buffer dx,
            Buffer dy) {
        Buffer gamma = real(backend, "gamma", g.perChannel());
        Buffer beta = real(backend, "beta", g.perChannel());
        Buffer mean = real(backend, "mean", g.perChannel());
        Buffer var = real(backend, "var", g.perChannel());
        Buffer savedMean = real(backend, "savedMean", g.saved());
        Buffer savedInvStd = real(backend, "savedInvStd", g.saved());
        rec.batchNormForward("bn", g, y, x, null, gamma, beta, mean, var, savedMean, savedInvStd, true);
        rec.batchNormForward("bn", g, y, x, dx, gamma, beta, mean, var, savedMean, savedInvStd, false);
        rec.batchNormInference("bn", g, y, x, null, gamma, beta, mean, var, true);
        rec.batchNormInference("bn", g, y, x, dx, gamma, beta, mean, var, true);
        rec.batchNormBackward("bn", g, dx, null, gamma, beta, dy, x, y, mean, savedMean, savedInvStd, true, false);
        rec.batchNormBackward("bn", g, dx, dy, gamma, beta, dy, x, y, mean, savedMean, savedInvStd, true, true);
        rec.batchNormBackward("bn", g, dx, null, gamma, beta, dy, x, null, mean, savedMean, savedInvStd, false, false);
    }

    private static void losses(CpuBackend backend, Recorder rec, Buffer q, Buffer k, Buffer dq) {
        Buffer queue = real(backend, "queue", Shape.of(70, 19));
        Buffer loss = real(backend, "loss", Shape.SCALAR);
        Buffer correct = ints(backend, "correct", Shape.SCALAR);
        Buffer head = ints(backend, "head", Shape.SCALAR);
        Buffer index = ints(backend, "index", Shape.of(4));
        rec.infoNce("nce", loss, correct, dq, q, k, queue, 0.1, true);
        rec.softmaxCrossEntropy("ce", loss, correct, dq, q, index);
        rec.softmax("p", dq, q);
        rec.gatherRows("rows", k, q, index);
        rec.enqueue("enqueue", queue, head, k);
    }

    private static void optimisers(CpuBackend backend, Recorder rec) {
        Shape flat = Shape.of(3 * Elementwise.PIECE + 5);
        Buffer p = real(backend, "p", flat);
        Buffer g = real(backend, "g", flat);
        Buffer m = real(backend, "m", flat);
        Buffer v = real(backend, "v", flat);
        Buffer rate = real(backend, "rate", Shape.SCALAR);
        rec.momentumUpdate("momentum", p, g, 0.9);
        rec.sgd("sgd", p, g, m, rate, 0.9, 1e-4);
        rec.adam("adam", p, g, m, v, rate, ints(backend, "step", Shape.SCALAR), 0.9, 0.999, 1e-8, 0);
    }

    private static Buffer real(CpuBackend backend, String name, Shape shape) {
        return backend.declare(Region.INPUT, name, shape);
    }

    private static Buffer ints(CpuBackend backend, String name, Shape shape) {
        return backend.memory().declare(Region.STATE, name, DType.I32, shape);
    }
}
