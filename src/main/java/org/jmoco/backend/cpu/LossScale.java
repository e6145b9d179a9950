package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.LossScaling;
import org.jmoco.backend.Work;

/**
 * What scaled gradients ask of an optimiser; both null where they are not scaled. This backend computes in f32 and needs none
 * itself.
 */
record LossScale(Buffer exponent, Buffer nonFinite) {
    /** What gradients are multiplied by to undo the scale, a power of two. */
    float inverse() {
        return exponent == null ? 1 : (float) (1 / LossScaling.scale(Simd.getInt(exponent.address())));
    }

    /** True if this step leaves everything as it is. */
    boolean skips() {
        return nonFinite != null && Simd.getInt(nonFinite.address()) != 0;
    }

    static Work adapt(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        return () -> {
            boolean finite = Simd.getInt(nonFinite.address()) == 0;
            int steps = finite ? Simd.getInt(finiteSteps.address()) + 1 : 0;
            Simd.setInt(exponent.address(), LossScaling.next(Simd.getInt(exponent.address()), finite, steps, interval));
            Simd.setInt(finiteSteps.address(), steps >= interval ? 0 : steps);
            Simd.setInt(nonFinite.address(), 0);
        };
    }

    /** x = x scale. */
    static final class Multiply extends Elementwise {
        private final Buffer x;
        private final Buffer exponent;

        Multiply(Workers workers, Buffer x, Buffer exponent) {
            super(workers, x.size());
            this.x = x;
            this.exponent = exponent;
        }

        @Override
        void piece(long from, int count) {
            long at = x.address() + from * Float.BYTES;
            float scale = (float) LossScaling.scale(Simd.getInt(exponent.address()));
            FloatVector scaleV = FloatVector.broadcast(Simd.F, scale);
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                Simd.store(at + o, Simd.load(at + o).mul(scaleV));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                Simd.set(at + o, Simd.get(at + o) * scale);
            }
        }
    }
}
