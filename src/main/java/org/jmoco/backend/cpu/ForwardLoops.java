package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import org.jmoco.backend.Buffer;

/** The loops of batch norm forward. */
final class ForwardLoops {
    private ForwardLoops() {}

    /** sums += x - shift and (x - shift)^2. Constants: shift. 4 bytes read per element. */
    static final class Moments extends RowLoop {
        private final Buffer x;

        Moments(NormLayout layout, Buffer x) {
            super(layout);
            this.x = x;
        }

        /**
         * Four rows at a time, each in a page of its own (a row is at least 4 KiB): sums are then loaded and stored once for
         * four values, and this loop of one stream keeps up with memory.
         */
        @Override
        void rows(long at, int rows, long rowBytes, long shift, long sums) {
            long squares = sums + stride;
            long from = x.address() + at;
            int r = 0;
            for (; r <= rows - 4; r += 4) {
                long x0 = from + r * rowBytes;
                long x1 = x0 + rowBytes;
                long x2 = x1 + rowBytes;
                long x3 = x2 + rowBytes;
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector m = Simd.load(shift + o);
                    FloatVector d0 = Simd.load(x0 + o).sub(m);
                    FloatVector d1 = Simd.load(x1 + o).sub(m);
                    FloatVector d2 = Simd.load(x2 + o).sub(m);
                    FloatVector d3 = Simd.load(x3 + o).sub(m);
                    FloatVector q = d0.fma(d0, d1.mul(d1)).add(d2.fma(d2, d3.mul(d3)));
                    Simd.store(sums + o, Simd.load(sums + o).add(d0.add(d1).add(d2.add(d3))));
                    Simd.store(squares + o, Simd.load(squares + o).add(q));
                }
            }
            for (; r < rows; r++) {
                long x0 = from + r * rowBytes;
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector d = Simd.load(x0 + o).sub(Simd.load(shift + o));
                    Simd.store(sums + o, Simd.load(sums + o).add(d));
                    Simd.store(squares + o, d.fma(d, Simd.load(squares + o)));
                }
            }
        }

        @Override
        void few(long at, int count, long shift, long sums) {
            long squares = sums + stride;
            long from = x.address() + at;
            for (long o = 0; o < (long) count * F32; o += F32) {
                float d = Simd.get(from + o) - Simd.get(shift + o);
                Simd.set(sums + o, Simd.get(sums + o) + d);
                Simd.set(squares + o, Math.fma(d, d, Simd.get(squares + o)));
            }
        }
    }

    /** y = max((x - mean) scale + offset, floor). Constants: mean, scale, offset. 4 bytes read, 4 written per element. */
    static final class Normalize extends RowLoop {
        private final Buffer y;
        private final Buffer x;
        private final float floor;

        Normalize(NormLayout layout, Buffer y, Buffer x, float floor) {
            super(layout);
            this.y = y;
            this.x = x;
            this.floor = floor;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long scale = mean + stride;
            long offset = scale + stride;
            long from = x.address() + at;
            long to = y.address() + at;
            float least = floor;
            for (int r = 0; r < rows; r++, from += rowBytes, to += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector d = Simd.load(from + o).sub(Simd.load(mean + o));
                    Simd.store(to + o, Activation.relu(d.fma(Simd.load(scale + o), Simd.load(offset + o)), least));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            long scale = mean + stride;
            long offset = scale + stride;
            for (long o = 0; o < (long) count * F32; o += F32) {
                float z = Math.fma(Simd.get(x.address() + at + o) - Simd.get(mean + o), Simd.get(scale + o),
                        Simd.get(offset + o));
                Simd.set(y.address() + at + o, Activation.relu(z, floor));
            }
        }
    }

    /** y = max((x - mean) scale + offset + residual, floor). 8 bytes read, 4 written per element. */
    static final class NormalizeAdd extends RowLoop {
        private final Buffer y;
        private final Buffer x;
        private final Buffer residual;
        private final float floor;

        NormalizeAdd(NormLayout layout, Buffer y, Buffer x, Buffer residual, float floor) {
            super(layout);
            this.y = y;
            this.x = x;
            this.residual = residual;
            this.floor = floor;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long scale = mean + stride;
            long offset = scale + stride;
            long from = x.address() + at;
            long with = residual.address() + at;
            long to = y.address() + at;
            float least = floor;
            for (int r = 0; r < rows; r++, from += rowBytes, with += rowBytes, to += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector z = Simd.load(from + o).sub(Simd.load(mean + o)).fma(Simd.load(scale + o), Simd.load(offset + o));
                    Simd.store(to + o, Activation.relu(z.add(Simd.load(with + o)), least));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            long scale = mean + stride;
            long offset = scale + stride;
            for (long o = 0; o < (long) count * F32; o += F32) {
                float z = Math.fma(Simd.get(x.address() + at + o) - Simd.get(mean + o), Simd.get(scale + o),
                        Simd.get(offset + o));
                Simd.set(y.address() + at + o, Activation.relu(z + Simd.get(residual.address() + at + o), floor));
            }
        }
    }
}
