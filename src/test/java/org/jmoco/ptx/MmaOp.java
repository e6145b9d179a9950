package org.jmoco.ptx;

/**
 * mma.sync.aligned, D = A B + C with f32 accumulators (PTX ISA 9.7.13.4): A is 16 x k by rows, B k x 8 by columns, spread over
 * the warp's registers as the ISA's figures say (9.7.13.4.6 to 9.7.13.4.8). With g = lane / 4 and t = lane mod 4, C and D hold
 * rows g and g + 8, columns 2 t and 2 t + 1.
 *
 * <p>"Accumulation order, rounding and handling of subnormal inputs are unspecified": here the products and their sum are exact
 * to f64 and the sum is rounded once to f32. tf32 operands count with 10 bits of mantissa, the rest cut off.
 */
final class MmaOp extends Op {
    private enum Element {
        F16, BF16, TF32
    }

    private final int k;
    private final Element element;
    int[] a;
    int[] b;
    int[] c;
    int[] d;
    private final double[] left;
    private final double[] right;

    private MmaOp(int k, Element element) {
        this.k = k;
        this.element = element;
        left = new double[16 * k];
        right = new double[k * 8];
    }

    /** @return null if there is no such shape for these elements */
    static MmaOp make(String shape, String type) {
        return switch (shape + "." + type) {
            case "m16n8k16.bf16" -> new MmaOp(16, Element.BF16);
            case "m16n8k16.f16" -> new MmaOp(16, Element.F16);
            case "m16n8k8.bf16" -> new MmaOp(8, Element.BF16);
            case "m16n8k8.f16" -> new MmaOp(8, Element.F16);
            case "m16n8k8.tf32" -> new MmaOp(8, Element.TF32);
            case "m16n8k4.tf32" -> new MmaOp(4, Element.TF32);
            default -> null;
        };
    }

    private int perRegister() {
        return element == Element.TF32 ? 1 : 2;
    }

    int aRegisters() {
        return 16 * k / Warp.LANES / perRegister();
    }

    int bRegisters() {
        return 8 * k / Warp.LANES / perRegister();
    }

    private double value(int register, int part) {
        return switch (element) {
            case F16 -> Bits.fromF16(register >>> 16 * part);
            case BF16 -> Bits.fromBf16(register >>> 16 * part & 0xffff);
            case TF32 -> Float.intBitsToFloat(register & ~0x1fff);
        };
    }

    @Override
    void run(Warp w, int mask) {
        int n = perRegister();
        for (int lane = 0; lane < Warp.LANES; lane++) {
            int g = lane >> 2;
            int t = lane & 3;
            for (int part = 0; part < n; part++) {
                // Registers of A: rows g and g + 8 alternate, then the next 4 n columns.
                for (int i = 0; i < a.length; i++) {
                    left[(g + 8 * (i & 1)) * k + 4 * n * (i >> 1) + t * n + part] = value(w.r[a[i]][lane], part);
                }
                for (int i = 0; i < b.length; i++) {
                    right[(4 * n * i + t * n + part) * 8 + g] = value(w.r[b[i]][lane], part);
                }
            }
        }
        for (int lane = 0; lane < Warp.LANES; lane++) {
            int g = lane >> 2;
            int t = lane & 3;
            for (int i = 0; i < 4; i++) {
                int row = g + 8 * (i >> 1);
                int column = 2 * t + (i & 1);
                double sum = Float.intBitsToFloat(w.r[c[i]][lane]);
                for (int x = 0; x < k; x++) {
                    sum += left[row * k + x] * right[x * 8 + column];
                }
                w.mma[i * Warp.LANES + lane] = Float.floatToRawIntBits(Bits.canonical((float) sum));
            }
        }
        for (int i = 0; i < 4; i++) {
            System.arraycopy(w.mma, i * Warp.LANES, w.r[d[i]], 0, Warp.LANES);
        }
    }
}
