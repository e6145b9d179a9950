package org.jmoco.tensor;

/** bfloat16: the upper half of an f32, 8 bits of exponent and 7 of mantissa. */
public final class Bf16 {
    /** Half a unit in the last place of 1: the largest relative error of rounding a normal number to bf16. */
    public static final double ROUNDOFF = 0x1p-8;

    private static final int QUIET_NAN_BIT = 0x40;

    private Bf16() {}

    /** Rounded to nearest, ties to even, as PTX's cvt.rn.bf16.f32 does; a NaN stays a NaN. */
    public static short bits(float x) {
        int b = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (b >>> 16 | QUIET_NAN_BIT);
        }
        return (short) (b + 0x7fff + (b >>> 16 & 1) >>> 16);
    }

    public static float value(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The bf16 number nearest to {@code x}. */
    public static float round(float x) {
        return value(bits(x));
    }
}
