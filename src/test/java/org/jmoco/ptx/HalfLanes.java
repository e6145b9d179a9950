package org.jmoco.ptx;

import org.jmoco.ptx.Rounding.Format;

/**
 * What one lane computes, f16 and bf16, single and packed in pairs (PTX ISA 9.7.4). Every result is rounded once from the exact
 * value: sums and products of these types go through f64 with odd rounding.
 */
final class HalfLanes {
    /** One of the two formats with its encoding. */
    enum Half {
        F16(Format.F16), BF16(Format.BF16);

        final Format format;

        Half(Format format) {
            this.format = format;
        }

        double value(int bits) {
            return this == F16 ? Bits.fromF16(bits) : Bits.fromBf16(bits);
        }

        /** Nearest even; subnormal numbers kept. */
        int bits(double x) {
            if (x != x) {
                return Bits.NAN_16;
            }
            float f = (float) Rounding.RN.round(x, format);
            return (this == F16 ? Float.floatToFloat16(f) : Float.floatToRawIntBits(f) >> 16) & 0xffff;
        }

        int fma(int a, int b, int c) {
            return bits(Rounding.oddSum(value(a) * value(b), value(c)));
        }

        int add(int a, int b) {
            return bits(Rounding.oddSum(value(a), value(b)));
        }

        int mul(int a, int b) {
            return bits(value(a) * value(b));
        }

        int min(int a, int b) {
            double x = value(a);
            double y = value(b);
            return x != x ? y != y ? Bits.NAN_16 : b : y != y ? a : Math.min(x, y) == x && (x != y || (short) a < 0) ? a : b;
        }

        int max(int a, int b) {
            double x = value(a);
            double y = value(b);
            return x != x ? y != y ? Bits.NAN_16 : b : y != y ? a : Math.max(x, y) == x && (x != y || (short) a >= 0) ? a : b;
        }

        int relu(int a) {
            double x = value(a);
            return x != x ? Bits.NAN_16 : x > 0 ? a : 0;
        }
    }

    private interface Two {
        int apply(int a, int b);
    }

    private interface Three {
        int apply(int a, int b, int c);
    }

    private HalfLanes() {
    }

    private static int each(int a, int b, Two f) {
        return f.apply(a & 0xffff, b & 0xffff) | f.apply(a >>> 16, b >>> 16) << 16;
    }

    private static int each(int a, int b, int c, Three f) {
        return f.apply(a & 0xffff, b & 0xffff, c & 0xffff) | f.apply(a >>> 16, b >>> 16, c >>> 16) << 16;
    }

    // ---- f16 ---------------------------------------------------------------------------------------------------

    static int add_rn_f16(int a, int b) {
        return Half.F16.add(a, b);
    }

    static int sub_rn_f16(int a, int b) {
        return Half.F16.add(a, b ^ 0x8000);
    }

    static int mul_rn_f16(int a, int b) {
        return Half.F16.mul(a, b);
    }

    static int fma_rn_f16(int a, int b, int c) {
        return Half.F16.fma(a, b, c);
    }

    static int neg_f16(int a) {
        return a ^ 0x8000;
    }

    static int abs_f16(int a) {
        return a & 0x7fff;
    }

    static int min_f16(int a, int b) {
        return Half.F16.min(a, b);
    }

    static int max_f16(int a, int b) {
        return Half.F16.max(a, b);
    }

    // ---- f16x2 -------------------------------------------------------------------------------------------------

    static int add_rn_f16x2(int a, int b) {
        return each(a, b, Half.F16::add);
    }

    static int sub_rn_f16x2(int a, int b) {
        return each(a, b ^ 0x80008000, Half.F16::add);
    }

    static int mul_rn_f16x2(int a, int b) {
        return each(a, b, Half.F16::mul);
    }

    static int fma_rn_f16x2(int a, int b, int c) {
        return each(a, b, c, Half.F16::fma);
    }

    static int neg_f16x2(int a) {
        return a ^ 0x80008000;
    }

    static int abs_f16x2(int a) {
        return a & 0x7fff7fff;
    }

    static int min_f16x2(int a, int b) {
        return each(a, b, Half.F16::min);
    }

    static int max_f16x2(int a, int b) {
        return each(a, b, Half.F16::max);
    }

    // ---- bf16 --------------------------------------------------------------------------------------------------

    static int add_rn_bf16(int a, int b) {
        return Half.BF16.add(a, b);
    }

    static int sub_rn_bf16(int a, int b) {
        return Half.BF16.add(a, b ^ 0x8000);
    }

    static int mul_rn_bf16(int a, int b) {
        return Half.BF16.mul(a, b);
    }

    static int fma_rn_bf16(int a, int b, int c) {
        return Half.BF16.fma(a, b, c);
    }

    static int fma_rn_relu_bf16(int a, int b, int c) {
        return Half.BF16.relu(Half.BF16.fma(a, b, c));
    }

    static int neg_bf16(int a) {
        return a ^ 0x8000;
    }

    static int abs_bf16(int a) {
        return a & 0x7fff;
    }

    static int min_bf16(int a, int b) {
        return Half.BF16.min(a, b);
    }

    static int max_bf16(int a, int b) {
        return Half.BF16.max(a, b);
    }

    // ---- bf16x2 ------------------------------------------------------------------------------------------------

    static int add_rn_bf16x2(int a, int b) {
        return each(a, b, Half.BF16::add);
    }

    static int sub_rn_bf16x2(int a, int b) {
        return each(a, b ^ 0x80008000, Half.BF16::add);
    }

    static int mul_rn_bf16x2(int a, int b) {
        return each(a, b, Half.BF16::mul);
    }

    static int fma_rn_bf16x2(int a, int b, int c) {
        return each(a, b, c, Half.BF16::fma);
    }

    static int fma_rn_relu_bf16x2(int a, int b, int c) {
        return each(a, b, c, HalfLanes::fma_rn_relu_bf16);
    }

    static int neg_bf16x2(int a) {
        return a ^ 0x80008000;
    }

    static int abs_bf16x2(int a) {
        return a & 0x7fff7fff;
    }

    static int min_bf16x2(int a, int b) {
        return each(a, b, Half.BF16::min);
    }

    static int max_bf16x2(int a, int b) {
        return each(a, b, Half.BF16::max);
    }
}
