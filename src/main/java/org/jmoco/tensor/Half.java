package org.jmoco.tensor;

/** IEEE 754 binary16: 5 bits of exponent and 10 of mantissa, largest number 65504, smallest normal one 2^-14. */
public final class Half {
    /** Half a unit in the last place of 1: the largest relative error of rounding to a normal number. */
    public static final double ROUNDOFF = 0x1p-11;

    /** Half the smallest number: the largest error of rounding what is below 2^-14. */
    public static final double UNDERFLOW = 0x1p-25;

    private Half() {}

    /** Rounded to nearest, ties to even, as PTX's cvt.rn.f16.f32 does; from 65520 on infinite; a NaN stays a NaN. */
    public static short bits(float x) {
        return Float.floatToFloat16(x);
    }

    public static float value(short bits) {
        return Float.float16ToFloat(bits);
    }

    /** The f16 number nearest to {@code x}. */
    public static float round(float x) {
        return value(bits(x));
    }
}
