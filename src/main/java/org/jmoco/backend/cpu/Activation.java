package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jmoco.backend.Buffer;

/** ReLU, forward and backward; both may work in place. 8 and 12 bytes moved per element. */
final class Activation {
    private Activation() {}

    /** y = x, but 0 where x < 0: a NaN stays one, so that a run that diverges says so. */
    static final class Forward extends Elementwise {
        private final Buffer y;
        private final Buffer x;

        Forward(Workers workers, Buffer y, Buffer x) {
            super(workers, x.size());
            this.y = y;
            this.x = x;
        }

        @Override
        void piece(long from, int count) {
            long to = y.address() + from * Float.BYTES;
            long at = x.address() + from * Float.BYTES;
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                Simd.store(to + o, relu(Simd.load(at + o), 0f));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                Simd.set(to + o, relu(Simd.get(at + o), 0f));
            }
        }
    }

    /** dx = dy where y > 0, else 0. */
    static final class Backward extends Elementwise {
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer y;

        Backward(Workers workers, Buffer dx, Buffer dy, Buffer y) {
            super(workers, y.size());
            this.dx = dx;
            this.dy = dy;
            this.y = y;
        }

        @Override
        void piece(long from, int count) {
            long to = dx.address() + from * Float.BYTES;
            long g = dy.address() + from * Float.BYTES;
            long v = y.address() + from * Float.BYTES;
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                Simd.store(to + o, gate(Simd.load(g + o), Simd.load(v + o)));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                Simd.set(to + o, gate(Simd.get(g + o), Simd.get(v + o)));
            }
        }
    }

    /** z, but {@code floor} where z is below it: floor 0 is a ReLU, minus infinity no activation at all. */
    static FloatVector relu(FloatVector z, float floor) {
        return z.blend(floor, z.compare(VectorOperators.LT, floor));
    }

    static float relu(float z, float floor) {
        return z < floor ? floor : z;
    }

    /** dy where y > 0, else 0. */
    static FloatVector gate(FloatVector dy, FloatVector y) {
        return FloatVector.zero(Simd.F).blend(dy, y.compare(VectorOperators.GT, 0f));
    }

    static float gate(float dy, float y) {
        return y > 0 ? dy : 0f;
    }
}
