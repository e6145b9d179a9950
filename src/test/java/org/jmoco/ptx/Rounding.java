package org.jmoco.ptx;

/** Rounding modes (PTX ISA 6.5.2, 9.7.3) of exact values to any binary format. */
enum Rounding {
    /** Nearest, ties to even. */
    RN,
    /** Nearest, ties away from zero. */
    RNA,
    /** Towards zero. */
    RZ,
    /** Towards minus infinity. */
    RM,
    /** Towards plus infinity. */
    RP;

    /**
     * A binary format.
     *
     * @param precision bits of the significand with the leading one
     * @param minExponent exponent of the smallest normal number
     */
    record Format(int precision, int minExponent, double max) {
        static final Format F32 = new Format(24, -126, Float.MAX_VALUE);
        static final Format F16 = new Format(11, -14, 65504);
        static final Format BF16 = new Format(8, -126, 0x1.fep127);
        static final Format TF32 = new Format(11, -126, 0x1.ffcp127);
    }

    /** The mode of this modifier ({@code rn}, {@code rni}, ...), or null. */
    static Rounding named(String modifier) {
        return switch (modifier) {
            case "rn", "rni" -> RN;
            case "rna" -> RNA;
            case "rz", "rzi" -> RZ;
            case "rm", "rmi" -> RM;
            case "rp", "rpi" -> RP;
            default -> null;
        };
    }

    /** To an integral value, exactly. */
    double toInteger(double x) {
        return switch (this) {
            case RN -> Math.rint(x);
            case RNA -> Math.copySign(Math.floor(Math.abs(x) + 0.5), x);
            case RZ -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case RM -> Math.floor(x);
            case RP -> Math.ceil(x);
        };
    }

    /** An exact value to a format narrower than f64, subnormal numbers kept. */
    double round(double x, Format f) {
        if (x == 0 || Double.isNaN(x) || Double.isInfinite(x)) {
            return x;
        }
        int exponent = Math.max(Math.getExponent(x), f.minExponent) - (f.precision - 1);
        // Scaling by a power of two is exact: the result has the magnitude of the significand.
        double units = toInteger(Math.scalb(x, -exponent));
        double y = Math.copySign(Math.scalb(units, exponent), x);
        if (Math.abs(y) > f.max) {
            boolean away = this == RN || this == RNA || this == (x > 0 ? RP : RM);
            return Math.copySign(away ? Double.POSITIVE_INFINITY : f.max, x);
        }
        return y;
    }

    /**
     * The sum {@code hi + lo}, where hi is the sum rounded to nearest and lo what that lost, as an f64 whose last bit is set
     * if it is inexact: rounding that to 51 bits or fewer, in any mode, gives the same as rounding the exact sum.
     */
    static double toOdd(double hi, double lo) {
        if (lo == 0 || Double.isNaN(lo) || Double.isInfinite(hi)) {
            return hi;
        }
        double t = lo > 0 == hi > 0 ? hi : hi > 0 ? Math.nextDown(hi) : Math.nextUp(hi);
        return Double.longBitsToDouble(Double.doubleToRawLongBits(t) | 1);
    }

    /** a + b for any mode (Knuth's two-sum, then odd rounding). */
    static double oddSum(double a, double b) {
        double s = a + b;
        double bb = s - a;
        return toOdd(s, (a - (s - bb)) + (b - bb));
    }
}
