package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import org.jmoco.backend.Buffer;

/** The loops of batch norm backward. Constants of all: mean, scale, slope, offset; the first pass needs the mean alone. */
final class BackwardLoops {
    private BackwardLoops() {}

    /** sums += dz and dz (x - mean). 8 bytes read per element. */
    static final class Moments extends RowLoop {
        private final Buffer dz;
        private final Buffer x;

        Moments(NormLayout layout, Buffer dz, Buffer x) {
            super(layout);
            this.dz = dz;
            this.x = x;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long products = sums + stride;
            long g = dz.address() + at;
            long v = x.address() + at;
            for (int r = 0; r < rows; r++, g += rowBytes, v += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector d = Simd.load(g + o);
                    Simd.store(sums + o, Simd.load(sums + o).add(d));
                    Simd.store(products + o, d.fma(Simd.load(v + o).sub(Simd.load(mean + o)), Simd.load(products + o)));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            for (long o = 0; o < (long) count * F32; o += F32) {
                float d = Simd.get(dz.address() + at + o);
                addFew(d, Simd.get(x.address() + at + o) - Simd.get(mean + o), sums + o, sums + stride + o);
            }
        }
    }

    /** The same with dz = dy where y > 0, else 0. 12 bytes read per element. */
    static final class GatedMoments extends RowLoop {
        private final Buffer dy;
        private final Buffer y;
        private final Buffer x;

        GatedMoments(NormLayout layout, Buffer dy, Buffer y, Buffer x) {
            super(layout);
            this.dy = dy;
            this.y = y;
            this.x = x;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long products = sums + stride;
            long g = dy.address() + at;
            long gate = y.address() + at;
            long v = x.address() + at;
            for (int r = 0; r < rows; r++, g += rowBytes, gate += rowBytes, v += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector d = Activation.gate(Simd.load(g + o), Simd.load(gate + o));
                    Simd.store(sums + o, Simd.load(sums + o).add(d));
                    Simd.store(products + o, d.fma(Simd.load(v + o).sub(Simd.load(mean + o)), Simd.load(products + o)));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            for (long o = 0; o < (long) count * F32; o += F32) {
                float d = Activation.gate(Simd.get(dy.address() + at + o), Simd.get(y.address() + at + o));
                addFew(d, Simd.get(x.address() + at + o) - Simd.get(mean + o), sums + o, sums + stride + o);
            }
        }
    }

    /** The same, and dz is stored, which may replace dy. 12 bytes read, 4 written per element. */
    static final class StoredMoments extends RowLoop {
        private final Buffer dz;
        private final Buffer dy;
        private final Buffer y;
        private final Buffer x;

        StoredMoments(NormLayout layout, Buffer dz, Buffer dy, Buffer y, Buffer x) {
            super(layout);
            this.dz = dz;
            this.dy = dy;
            this.y = y;
            this.x = x;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long products = sums + stride;
            long to = dz.address() + at;
            long g = dy.address() + at;
            long gate = y.address() + at;
            long v = x.address() + at;
            for (int r = 0; r < rows; r++, to += rowBytes, g += rowBytes, gate += rowBytes, v += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector d = Activation.gate(Simd.load(g + o), Simd.load(gate + o));
                    FloatVector q = d.fma(Simd.load(v + o).sub(Simd.load(mean + o)), Simd.load(products + o));
                    Simd.store(to + o, d);
                    Simd.store(sums + o, Simd.load(sums + o).add(d));
                    Simd.store(products + o, q);
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            for (long o = 0; o < (long) count * F32; o += F32) {
                float d = Activation.gate(Simd.get(dy.address() + at + o), Simd.get(y.address() + at + o));
                Simd.set(dz.address() + at + o, d);
                addFew(d, Simd.get(x.address() + at + o) - Simd.get(mean + o), sums + o, sums + stride + o);
            }
        }
    }

    private static void addFew(float d, float deviation, long sum, long product) {
        Simd.set(sum, Simd.get(sum) + d);
        Simd.set(product, Math.fma(d, deviation, Simd.get(product)));
    }

    /** dx = dz scale + (x - mean) slope + offset. 8 bytes read, 4 written per element. */
    static final class Gradient extends RowLoop {
        private final Buffer dx;
        private final Buffer dz;
        private final Buffer x;

        Gradient(NormLayout layout, Buffer dx, Buffer dz, Buffer x) {
            super(layout);
            this.dx = dx;
            this.dz = dz;
            this.x = x;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long scale = mean + stride;
            long slope = scale + stride;
            long offset = slope + stride;
            long to = dx.address() + at;
            long g = dz.address() + at;
            long v = x.address() + at;
            for (int r = 0; r < rows; r++, to += rowBytes, g += rowBytes, v += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector rest = Simd.load(v + o).sub(Simd.load(mean + o)).fma(Simd.load(slope + o), Simd.load(offset + o));
                    Simd.store(to + o, Simd.load(g + o).fma(Simd.load(scale + o), rest));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            for (long o = 0; o < (long) count * F32; o += F32) {
                Simd.set(dx.address() + at + o,
                        gradient(Simd.get(dz.address() + at + o), Simd.get(x.address() + at + o), mean + o, stride));
            }
        }
    }

    /** The same with dz = dy where y > 0, else 0. 12 bytes read, 4 written per element. */
    static final class GatedGradient extends RowLoop {
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer y;
        private final Buffer x;

        GatedGradient(NormLayout layout, Buffer dx, Buffer dy, Buffer y, Buffer x) {
            super(layout);
            this.dx = dx;
            this.dy = dy;
            this.y = y;
            this.x = x;
        }

        @Override
        void rows(long at, int rows, long rowBytes, long mean, long sums) {
            long scale = mean + stride;
            long slope = scale + stride;
            long offset = slope + stride;
            long to = dx.address() + at;
            long g = dy.address() + at;
            long gate = y.address() + at;
            long v = x.address() + at;
            for (int r = 0; r < rows; r++, to += rowBytes, g += rowBytes, gate += rowBytes, v += rowBytes) {
                for (long o = 0; o < rowBytes; o += Simd.BYTES) {
                    FloatVector rest = Simd.load(v + o).sub(Simd.load(mean + o)).fma(Simd.load(slope + o), Simd.load(offset + o));
                    FloatVector d = Activation.gate(Simd.load(g + o), Simd.load(gate + o));
                    Simd.store(to + o, d.fma(Simd.load(scale + o), rest));
                }
            }
        }

        @Override
        void few(long at, int count, long mean, long sums) {
            for (long o = 0; o < (long) count * F32; o += F32) {
                float d = Activation.gate(Simd.get(dy.address() + at + o), Simd.get(y.address() + at + o));
                Simd.set(dx.address() + at + o, gradient(d, Simd.get(x.address() + at + o), mean + o, stride));
            }
        }
    }

    private static float gradient(float dz, float x, long mean, long stride) {
        float rest = Math.fma(x - Simd.get(mean), Simd.get(mean + 2 * stride), Simd.get(mean + 3 * stride));
        return Math.fma(dz, Simd.get(mean + stride), rest);
    }
}
