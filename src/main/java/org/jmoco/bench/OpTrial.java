package org.jmoco.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.Step;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * One operation on a backend of its own, ready to be timed: operands filled, outputs poisoned, run once, the result checked.
 * Whoever times it (the stopwatch here, JMH elsewhere) calls {@link #run}.
 */
public final class OpTrial implements AutoCloseable {
    private static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8; // of a Java array

    private final Problem problem;
    private final Backend backend;
    private final Program program;
    private final Program flush; // null: caches stay warm
    private final Map<String, OpSetup.Operand> operands;
    private final Map<String, Buffer> buffers = new LinkedHashMap<>();
    private final long flushBytes;
    private Map<String, HostTensor> first;

    /** Records the operation and uploads its operands; nothing has run yet. */
    OpTrial(Problem problem, Backend backend, int flushFloats, Map<String, float[]> before) {
        this.problem = problem;
        this.backend = backend;
        operands = OpSetups.of(problem).operands();
        program = record(problem, backend, buffers);
        flush = flushFloats > 0 ? flush(flushFloats) : null;
        flushBytes = 2L * Float.BYTES * flushFloats;
        backend.allocate();
        operands.forEach((name, o) -> {
            backend.upload(buffers.get(name), o.values() == null ? poison(o) : host(o, before.get(name)));
        });
    }

    /** What is read lies in the heap once, what is written three times: as it was before the timing, after it, and as poison. */
    static void requireHeap(Problem p, long heapBytes) {
        long bytes = 0;
        for (OpSetup.Operand o : OpSetups.of(p).operands().values()) {
            if (o.shape().size() > MOST_ELEMENTS) {
                throw UserError.usage("problem '" + p + "': an operand has " + o.shape()
                        + " elements, and one array holds at most " + MOST_ELEMENTS + "; take smaller sizes");
            }
            bytes += Float.BYTES * o.shape().size() * (o.values() == null ? 3 : 1);
        }
        if (bytes > heapBytes) {
            throw UserError.failed("problem '" + p + "': to draw and check its operands takes " + bytes / 1_000_000
                    + " MB of Java heap, which is limited to " + heapBytes / 1_000_000
                    + " MB; raise it (JMOCO_HEAP=8g) or take smaller sizes");
        }
    }

    /** Declares the operands, by name into {@code buffers}, and records the operation on them. */
    static Program record(Problem problem, Backend backend, Map<String, Buffer> buffers) {
        OpSetup setup = OpSetups.of(problem);
        setup.operands().forEach((name, o) -> buffers.put(name, declare(backend, name, o)));
        Recorder rec = backend.record("bench");
        setup.call().record(rec, buffers::get);
        return rec.finish();
    }

    /**
     * Prepares, runs once and checks.
     *
     * @param open opens a fresh backend, which the trial closes
     * @throws IllegalStateException if the backend computes something else than the operation
     */
    public static OpTrial checked(Problem problem, Supplier<Backend> open) {
        return checked(problem, open, 0);
    }

    /** @param flushFloats values that a flush of the caches copies, 0 if caches stay warm */
    static OpTrial checked(Problem problem, Supplier<Backend> open, int flushFloats) {
        Map<String, float[]> before = values(problem);
        Backend backend = open.get();
        try {
            OpTrial trial = new OpTrial(problem, backend, flushFloats, before);
            trial.run();
            trial.first = trial.written();
            OpCheck.check(problem, before, trial.first, trial.step().flops());
            return trial;
        } catch (RuntimeException | Error e) {
            backend.close();
            throw e;
        }
    }

    /** Carries the operation out once. */
    public void run() {
        program.run();
    }

    /** Empties the caches, where that was asked for. */
    public void flush() {
        flush.run();
    }

    Stopwatch.Timing time(Stopwatch watch) {
        return watch.time(backend, this::run, flush == null ? null : this::flush);
    }

    /**
     * The operation still does what was checked before it was timed: outputs are poisoned again, and one run must bring the same
     * bits. Only where no operand is both read and written: others have moved on.
     *
     * @throws IllegalStateException if a result differs
     */
    public void checkAgain() {
        if (operands.keySet().stream().anyMatch(n -> step().writes().contains(buffers.get(n))
                && operands.get(n).values() != null)) {
            return;
        }
        operands.forEach((name, o) -> {
            if (o.values() == null) {
                backend.upload(buffers.get(name), poison(o));
            }
        });
        run();
        written().forEach((name, t) -> {
            if (!t.bitEquals(first.get(name))) {
                throw new IllegalStateException("bench " + problem.shape() + ": " + name
                        + " after the timing is not what it was before");
            }
        });
    }

    Step step() {
        return program.steps().getFirst();
    }

    /** The fewest bytes that the operation must move. */
    public long bytes() {
        return step().bytes();
    }

    /** Operations of its definition. */
    public long flops() {
        return step().flops();
    }

    /** Operands and workspace. */
    public long memoryBytes() {
        return backend.memory().totalBytes() - flushBytes;
    }

    /** Everything that the operation writes. */
    Map<String, HostTensor> written() {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        buffers.forEach((name, b) -> {
            if (step().writes().contains(b)) {
                out.put(name, backend.download(b));
            }
        });
        return out;
    }

    @Override
    public void close() {
        backend.close();
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    /** What each operand that is read holds at first; drawn from the problem string alone. */
    static Map<String, float[]> values(Problem p) {
        Map<String, float[]> before = new LinkedHashMap<>();
        OpSetups.of(p).operands().forEach((name, o) -> {
            if (o.values() != null) {
                float[] v = new float[Math.toIntExact(o.shape().size())];
                o.values().fill(v, new Philox(p.shape().hashCode(), Philox.Purpose.TEST, 0, name.hashCode()));
                before.put(name, v);
            }
        });
        return before;
    }

    /** What no operation computes, so that an element that is not written shows. */
    private static HostTensor poison(OpSetup.Operand o) {
        float[] v = new float[Math.toIntExact(o.shape().size())];
        Arrays.fill(v, o.isReal() ? Float.NaN : Integer.MIN_VALUE);
        return host(o, v);
    }

    /** Weights and gradients are real whatever the type of feature maps. */
    private static Buffer declare(Backend backend, String name, OpSetup.Operand o) {
        DType type = !o.isReal() ? o.dtype() : o.region() == Region.INPUT ? backend.typeOf(o.shape()) : backend.real();
        return backend.memory().declare(o.region(), name, type, o.shape());
    }

    private Program flush(int floats) {
        Buffer from = backend.declare(Region.INPUT, "flush.from", Shape.of(floats));
        Buffer to = backend.declare(Region.OUTPUT, "flush.to", Shape.of(floats));
        Recorder rec = backend.record("flush");
        rec.copy("flush", to, from);
        return rec.finish();
    }

    /** Integers up to 2^24, and those that poison, are exact in f32. */
    private static HostTensor host(OpSetup.Operand o, float[] values) {
        if (o.isReal()) {
            return HostTensor.of(o.shape(), values);
        }
        int[] v = new int[values.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = (int) values[i];
        }
        return HostTensor.of(o.shape(), v);
    }
}
