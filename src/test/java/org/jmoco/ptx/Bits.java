package org.jmoco.ptx;

/** Encodings of the short floating-point types and the one NaN that arithmetic returns (PTX ISA 5.2.3, 9.7.3, 9.7.4). */
final class Bits {
    /** "NaN results are canonical": single precision (PTX ISA 9.7.3). */
    static final int NAN_F32 = 0x7fffffff;
    /** f16 and bf16 (PTX ISA 9.7.4). */
    static final int NAN_16 = 0x7fff;
    static final float CANONICAL = Float.intBitsToFloat(NAN_F32);

    private Bits() {
    }

    static float fromBf16(int bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    static float fromF16(int bits) {
        return Float.float16ToFloat((short) bits);
    }

    /** Nearest even; NaN becomes 0x7fff. */
    static short toBf16(float x) {
        int b = Float.floatToRawIntBits(x);
        if (x != x) {
            return NAN_16;
        }
        return (short) (b + 0x7fff + (b >>> 16 & 1) >> 16);
    }

    /** Nearest even; NaN becomes 0x7fff. */
    static short toF16(float x) {
        return x != x ? NAN_16 : Float.floatToFloat16(x);
    }

    /** Subnormal numbers become zero of the same sign (.ftz). */
    static float flush(float x) {
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    static float canonical(float x) {
        return x != x ? CANONICAL : x;
    }
}
