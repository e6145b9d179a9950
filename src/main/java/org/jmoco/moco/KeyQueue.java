package org.jmoco.moco;

import java.util.stream.IntStream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/**
 * The dictionary of negative keys: a ring of M rows. A step writes its keys from the head on and moves the head; M need not be
 * a multiple of the batch.
 */
public final class KeyQueue {
    private final Buffer keys; // M x D
    private final Buffer head; // scalar, I32

    public KeyQueue(Backend backend, int length, int dim) {
        this.keys = backend.declare(Region.STATE, "queue", Shape.of(length, dim));
        this.head = backend.memory().declare(Region.STATE, "queue.head", DType.I32, Shape.SCALAR);
    }

    /** Rows of Gaussian numbers scaled to unit length, row m from Philox (seed, QUEUE, 0, m); head 0. */
    public void initialize(Backend backend, long seed) {
        int m = keys.shape().dim(0);
        int d = keys.shape().dim(1);
        float[] v = new float[m * d];
        IntStream.range(0, m).parallel().forEach(row -> {
            Philox random = new Philox(seed, Philox.Purpose.QUEUE, 0, row);
            double[] x = new double[d];
            double squares = 0;
            for (int j = 0; j < d; j++) {
                x[j] = random.nextGaussian();
                squares += x[j] * x[j];
            }
            for (int j = 0; j < d; j++) {
                v[row * d + j] = (float) (x[j] / Math.sqrt(squares));
            }
        });
        backend.upload(keys, HostTensor.of(keys.shape(), v));
        backend.set(head, 0);
    }

    void recordEnqueue(Recorder rec, Buffer newKeys) {
        rec.enqueue("queue", keys, head, newKeys);
    }

    public Buffer keys() {
        return keys;
    }

    /** Row that the next key goes to. */
    public Buffer head() {
        return head;
    }
}
