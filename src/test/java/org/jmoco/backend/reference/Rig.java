package org.jmoco.backend.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/** A reference backend with buffers and their first values: declare, record, start, run, read. */
final class Rig implements AutoCloseable {
    final Backend backend;
    private final Map<Buffer, HostTensor> contents = new LinkedHashMap<>();
    private int drawn;

    Rig(DType real) {
        backend = ReferenceBackend.open(real, 2);
    }

    Buffer real(String name, Shape shape, double... values) {
        Buffer b = backend.declare(Region.INPUT, name, shape);
        contents.put(b, HostTensor.of(shape, values));
        return b;
    }

    /** Uniform on [-1, 1), a stream of its own for each operand. */
    Buffer uniform(String name, Shape shape) {
        Philox random = new Philox(11, Philox.Purpose.TEST, 0, drawn++);
        double[] v = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < v.length; i++) {
            v[i] = random.nextDouble(-1, 1);
        }
        return real(name, shape, v);
    }

    /** A result: NaN until it is written. */
    Buffer result(String name, Shape shape) {
        double[] v = new double[Math.toIntExact(shape.size())];
        java.util.Arrays.fill(v, Double.NaN);
        return real(name, shape, v);
    }

    Buffer ints(String name, Shape shape, int... values) {
        Buffer b = backend.memory().declare(Region.INPUT, name, DType.I32, shape);
        contents.put(b, HostTensor.of(shape, values));
        return b;
    }

    Program record(Consumer<Recorder> steps) {
        Recorder rec = backend.record("test");
        steps.accept(rec);
        return rec.finish();
    }

    /** Allocates and gives every buffer its first values. */
    void start() {
        backend.allocate();
        contents.forEach(backend::upload);
    }

    /** Records one program, starts and runs it once. */
    Rig run(Consumer<Recorder> steps) {
        Program p = record(steps);
        start();
        p.run();
        return this;
    }

    double[] get(Buffer b) {
        return backend.download(b).toF64().doubles();
    }

    int[] getInts(Buffer b) {
        return backend.download(b).ints();
    }

    void set(Buffer b, double... values) {
        backend.upload(b, HostTensor.of(b.shape(), values));
    }

    @Override
    public void close() {
        backend.close();
    }
}
