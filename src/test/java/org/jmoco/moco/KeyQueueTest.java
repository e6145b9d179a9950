package org.jmoco.moco;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeyQueueTest {
    private static final int LENGTH = 7; // no multiple of the batch: enqueuing wraps around in mid-batch
    private static final int BATCH = 3;
    private static final int DIM = 2;

    static Stream<Backend> backends() {
        return Stream.of(ReferenceBackend.open(DType.F64, 1), ReferenceBackend.open(DType.F32, 2), CpuBackend.open(2));
    }

    /** Against a ring of the test's own, over two rounds of the ring and more. */
    @ParameterizedTest
    @MethodSource("backends")
    void isARingWhoseHeadWrapsAroundWithinABatch(Backend opened) {
        try (Backend backend = opened) {
            KeyQueue queue = new KeyQueue(backend, LENGTH, DIM);
            Buffer keys = backend.declare(Region.INPUT, "keys", Shape.of(BATCH, DIM));
            Recorder rec = backend.record("enqueue");
            queue.recordEnqueue(rec, keys);
            Program program = rec.finish();
            backend.allocate();
            queue.initialize(backend, 1);
            HostTensor start = backend.download(queue.keys());
            double[] ring = new double[LENGTH * DIM];
            for (int row = 0; row < LENGTH; row++) {
                double squares = 0;
                for (int j = 0; j < DIM; j++) {
                    ring[row * DIM + j] = start.get(row * DIM + j);
                    squares += start.get(row * DIM + j) * start.get(row * DIM + j);
                }
                assertEquals(1, squares, 4 * Math.ulp(1f), "row " + row + " of a new queue has unit length");
            }
            int next = 0;
            for (int step = 0; step < 6; step++) {
                double[] batch = new double[BATCH * DIM];
                for (int n = 0; n < BATCH; n++) {
                    for (int j = 0; j < DIM; j++) {
                        batch[n * DIM + j] = 100 * step + 10 * n + j; // small integers are exact in every type
                        ring[(next + n) % LENGTH * DIM + j] = batch[n * DIM + j];
                    }
                }
                next = (next + BATCH) % LENGTH;
                backend.upload(keys, typed(backend, batch));
                program.run();
                HostTensor found = backend.download(queue.keys());
                double[] rows = new double[ring.length];
                for (int i = 0; i < rows.length; i++) {
                    rows[i] = found.get(i);
                }
                assertArrayEquals(ring, rows, "after step " + step);
                assertEquals(next, (int) backend.get(queue.head()), "head after step " + step);
            }
        }
    }

    private static HostTensor typed(Backend backend, double[] values) {
        HostTensor f64 = HostTensor.of(Shape.of(BATCH, DIM), values);
        return backend.real() == DType.F64 ? f64 : f64.toF32();
    }
}
