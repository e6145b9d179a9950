package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The inner loops of batch norm, over {@code rows} rows of {@code period} floats that follow each other in memory. Constants
 * and sums are arrays of {@code period} floats that stay in the L1 cache.
 *
 * <p>Several rows are taken at a time, so that constants are loaded, and sums loaded and stored, once for all of them.
 * Offsets are long and in bytes: C2 then needs no conversion per access, a quarter of the time of a copy. Sums are in f32 over
 * at most {@link #RUN} rows; the caller then drains them into f64.
 *
 * <p>How long such a method may be is limited from both sides. C2 stops inlining at 18,000 nodes, some 40 vector operations;
 * the rest would then be calls that box every vector (ten times slower, and allocating: AllocationTest notices). And a
 * method below 325 bytes of bytecode may be inlined into its caller, where several of them meet the same limit. Hence two or
 * four rows at a time, and no helper methods around the loops.
 */
final class NormKernels {
    /** Rows that are added in f32: the rounding error is that of a sum of 64 terms, whatever the size of the batch. */
    static final int RUN = 64;

    private static final int F32 = Float.BYTES;

    private NormKernels() {}

    /** sum += x - shift, squares += (x - shift)^2. */
    static void moments(long x, int rows, int period, long shift, long sum, long squares) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 4; r += 4) {
            long x0 = x + r * row;
            long x1 = x0 + row;
            long x2 = x1 + row;
            long x3 = x2 + row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(shift + o);
                FloatVector d0 = Simd.load(x0 + o).sub(m);
                FloatVector d1 = Simd.load(x1 + o).sub(m);
                FloatVector d2 = Simd.load(x2 + o).sub(m);
                FloatVector d3 = Simd.load(x3 + o).sub(m);
                FloatVector q = d0.fma(d0, d1.mul(d1)).add(d2.fma(d2, d3.mul(d3)));
                Simd.store(sum + o, Simd.load(sum + o).add(d0.add(d1).add(d2.add(d3))));
                Simd.store(squares + o, Simd.load(squares + o).add(q));
            }
        }
        for (; r < rows; r++) {
            long x0 = x + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector d = Simd.load(x0 + o).sub(Simd.load(shift + o));
                Simd.store(sum + o, Simd.load(sum + o).add(d));
                Simd.store(squares + o, d.fma(d, Simd.load(squares + o)));
            }
        }
    }

    /** y = max((x - mean) scale + offset, floor). */
    static void normalize(long y, long x, int rows, int period, long mean, long scale, long offset, float floor) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 4; r += 4) {
            long x0 = x + r * row;
            long y0 = y + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector s = Simd.load(scale + o);
                FloatVector b = Simd.load(offset + o);
                Simd.store(y0 + o, Activation.relu(Simd.load(x0 + o).sub(m).fma(s, b), floor));
                Simd.store(y0 + o + row, Activation.relu(Simd.load(x0 + o + row).sub(m).fma(s, b), floor));
                Simd.store(y0 + o + 2 * row, Activation.relu(Simd.load(x0 + o + 2 * row).sub(m).fma(s, b), floor));
                Simd.store(y0 + o + 3 * row, Activation.relu(Simd.load(x0 + o + 3 * row).sub(m).fma(s, b), floor));
            }
        }
        for (; r < rows; r++) {
            long x0 = x + r * row;
            long y0 = y + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector z = Simd.load(x0 + o).sub(Simd.load(mean + o)).fma(Simd.load(scale + o), Simd.load(offset + o));
                Simd.store(y0 + o, Activation.relu(z, floor));
            }
        }
    }

    /** y = max((x - mean) scale + offset + residual, floor). */
    static void normalizeAdd(long y, long x, long residual, int rows, int period, long mean, long scale, long offset, float floor) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 2; r += 2) {
            long x0 = x + r * row;
            long y0 = y + r * row;
            long z0 = residual + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector s = Simd.load(scale + o);
                FloatVector b = Simd.load(offset + o);
                FloatVector v0 = Simd.load(x0 + o).sub(m).fma(s, b).add(Simd.load(z0 + o));
                FloatVector v1 = Simd.load(x0 + o + row).sub(m).fma(s, b).add(Simd.load(z0 + o + row));
                Simd.store(y0 + o, Activation.relu(v0, floor));
                Simd.store(y0 + o + row, Activation.relu(v1, floor));
            }
        }
        for (; r < rows; r++) {
            long at = r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector z = Simd.load(x + at + o).sub(Simd.load(mean + o)).fma(Simd.load(scale + o), Simd.load(offset + o));
                Simd.store(y + at + o, Activation.relu(z.add(Simd.load(residual + at + o)), floor));
            }
        }
    }

    /** sum += dz, products += dz (x - mean). */
    static void gradientMoments(long dz, long x, int rows, int period, long mean, long sum, long products) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 4; r += 4) {
            long g0 = dz + r * row;
            long x0 = x + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector d0 = Simd.load(g0 + o);
                FloatVector d1 = Simd.load(g0 + o + row);
                FloatVector d2 = Simd.load(g0 + o + 2 * row);
                FloatVector d3 = Simd.load(g0 + o + 3 * row);
                FloatVector q0 = d0.fma(Simd.load(x0 + o).sub(m), d1.mul(Simd.load(x0 + o + row).sub(m)));
                FloatVector q1 = d2.fma(Simd.load(x0 + o + 2 * row).sub(m), d3.mul(Simd.load(x0 + o + 3 * row).sub(m)));
                Simd.store(sum + o, Simd.load(sum + o).add(d0.add(d1).add(d2.add(d3))));
                Simd.store(products + o, Simd.load(products + o).add(q0.add(q1)));
            }
        }
        for (; r < rows; r++) {
            long at = r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector d = Simd.load(dz + at + o);
                Simd.store(sum + o, Simd.load(sum + o).add(d));
                Simd.store(products + o, d.fma(Simd.load(x + at + o).sub(Simd.load(mean + o)), Simd.load(products + o)));
            }
        }
    }

    /** dz = dy where y > 0, else 0; sum += dz, products += dz (x - mean). */
    static void gatedMoments(long dy, long y, long x, int rows, int period, long mean, long sum, long products) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 2; r += 2) {
            long g0 = dy + r * row;
            long y0 = y + r * row;
            long x0 = x + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector d0 = Activation.gate(Simd.load(g0 + o), Simd.load(y0 + o));
                FloatVector d1 = Activation.gate(Simd.load(g0 + o + row), Simd.load(y0 + o + row));
                FloatVector q = d0.fma(Simd.load(x0 + o).sub(m), d1.mul(Simd.load(x0 + o + row).sub(m)));
                Simd.store(sum + o, Simd.load(sum + o).add(d0.add(d1)));
                Simd.store(products + o, Simd.load(products + o).add(q));
            }
        }
        for (; r < rows; r++) {
            long at = r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector d = Activation.gate(Simd.load(dy + at + o), Simd.load(y + at + o));
                Simd.store(sum + o, Simd.load(sum + o).add(d));
                Simd.store(products + o, d.fma(Simd.load(x + at + o).sub(Simd.load(mean + o)), Simd.load(products + o)));
            }
        }
    }

    /** dz = dy where y > 0, else 0, for a whole number of vectors. dz may be dy. */
    static void gate(long dz, long dy, long y, int floats) {
        for (long o = 0; o < (long) floats * F32; o += Simd.BYTES) {
            Simd.store(dz + o, Activation.gate(Simd.load(dy + o), Simd.load(y + o)));
        }
    }

    /** dx = dz scale + (x - mean) slope + offset. */
    static void gradient(long dx, long dz, long x, int rows, int period, long mean, long scale, long slope, long offset) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 2; r += 2) {
            long to = dx + r * row;
            long g0 = dz + r * row;
            long x0 = x + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector s = Simd.load(scale + o);
                FloatVector l = Simd.load(slope + o);
                FloatVector b = Simd.load(offset + o);
                Simd.store(to + o, Simd.load(g0 + o).fma(s, Simd.load(x0 + o).sub(m).fma(l, b)));
                Simd.store(to + o + row, Simd.load(g0 + o + row).fma(s, Simd.load(x0 + o + row).sub(m).fma(l, b)));
            }
        }
        for (; r < rows; r++) {
            long at = r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector rest = Simd.load(x + at + o).sub(Simd.load(mean + o)).fma(Simd.load(slope + o), Simd.load(offset + o));
                Simd.store(dx + at + o, Simd.load(dz + at + o).fma(Simd.load(scale + o), rest));
            }
        }
    }

    /** As {@link #gradient} with dz = dy where y > 0, else 0. */
    static void gatedGradient(long dx, long dy, long y, long x, int rows, int period, long mean, long scale, long slope, long offset) {
        long row = (long) period * F32;
        int r = 0;
        for (; r <= rows - 2; r += 2) {
            long to = dx + r * row;
            long g0 = dy + r * row;
            long y0 = y + r * row;
            long x0 = x + r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector m = Simd.load(mean + o);
                FloatVector s = Simd.load(scale + o);
                FloatVector l = Simd.load(slope + o);
                FloatVector b = Simd.load(offset + o);
                FloatVector d0 = Activation.gate(Simd.load(g0 + o), Simd.load(y0 + o));
                FloatVector d1 = Activation.gate(Simd.load(g0 + o + row), Simd.load(y0 + o + row));
                Simd.store(to + o, d0.fma(s, Simd.load(x0 + o).sub(m).fma(l, b)));
                Simd.store(to + o + row, d1.fma(s, Simd.load(x0 + o + row).sub(m).fma(l, b)));
            }
        }
        for (; r < rows; r++) {
            long at = r * row;
            for (long o = 0; o < row; o += Simd.BYTES) {
                FloatVector rest = Simd.load(x + at + o).sub(Simd.load(mean + o)).fma(Simd.load(slope + o), Simd.load(offset + o));
                FloatVector dz = Activation.gate(Simd.load(dy + at + o), Simd.load(y + at + o));
                Simd.store(dx + at + o, dz.fma(Simd.load(scale + o), rest));
            }
        }
    }

    // ---- the last floats of a run, fewer than a vector -----------------------------------------------------------

    static void momentsOfFew(long x, int count, long shift, long sum, long squares) {
        for (long o = 0; o < (long) count * F32; o += F32) {
            float d = Simd.get(x + o) - Simd.get(shift + o);
            Simd.set(sum + o, Simd.get(sum + o) + d);
            Simd.set(squares + o, Math.fma(d, d, Simd.get(squares + o)));
        }
    }

    /** @param residual 0 where there is none */
    static void normalizeFew(long y, long x, long residual, int count, long mean, long scale, long offset, float floor) {
        for (long o = 0; o < (long) count * F32; o += F32) {
            float z = Math.fma(Simd.get(x + o) - Simd.get(mean + o), Simd.get(scale + o), Simd.get(offset + o));
            if (residual != 0) {
                z += Simd.get(residual + o);
            }
            Simd.set(y + o, Activation.relu(z, floor));
        }
    }

    /**
     * @param dz where to store dz, or 0
     * @param y 0 where there is no ReLU
     */
    static void gradientMomentsOfFew(long dz, long dy, long y, long x, int count, long mean, long sum, long products) {
        for (long o = 0; o < (long) count * F32; o += F32) {
            float d = y == 0 ? Simd.get(dy + o) : Activation.gate(Simd.get(dy + o), Simd.get(y + o));
            if (dz != 0) {
                Simd.set(dz + o, d);
            }
            Simd.set(sum + o, Simd.get(sum + o) + d);
            Simd.set(products + o, Math.fma(d, Simd.get(x + o) - Simd.get(mean + o), Simd.get(products + o)));
        }
    }

    /** @param y 0 where there is no ReLU, or dy is dz already */
    static void gradientOfFew(long dx, long dy, long y, long x, int count, long mean, long scale, long slope, long offset) {
        for (long o = 0; o < (long) count * F32; o += F32) {
            float rest = Math.fma(Simd.get(x + o) - Simd.get(mean + o), Simd.get(slope + o), Simd.get(offset + o));
            float d = y == 0 ? Simd.get(dy + o) : Activation.gate(Simd.get(dy + o), Simd.get(y + o));
            Simd.set(dx + o, Math.fma(d, Simd.get(scale + o), rest));
        }
    }
}
