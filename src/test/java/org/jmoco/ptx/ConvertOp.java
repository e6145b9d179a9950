package org.jmoco.ptx;

/**
 * cvt between any two types (PTX ISA 9.7.8.18): the source becomes an exact f64 or a 64-bit integer, and that is rounded once to
 * the destination.
 */
final class ConvertOp extends Op {
    int dst;
    boolean dstWide;
    /** The destination is a 16-bit register. */
    boolean dst16;
    int src;
    boolean srcWide;
    PtxType from;
    PtxType to;
    /** Null if the conversion needs none. */
    Rounding rounding;
    /** Rounding to an integral value (.rni and the like) where both types are floating. */
    boolean integral;
    boolean saturate;
    boolean flush;

    @Override
    void run(Warp w, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            long bits = convert(srcWide ? w.d[src][i] : w.r[src][i]);
            if (dstWide) {
                w.d[dst][i] = bits;
            } else {
                w.r[dst][i] = dst16 ? (int) bits & 0xffff : (int) bits;
            }
        }
    }

    private long convert(long bits) {
        if (from.isFloat()) {
            double x = switch (from) {
                case F64 -> Double.longBitsToDouble(bits);
                case F32 -> flush ? Bits.flush(Float.intBitsToFloat((int) bits)) : Float.intBitsToFloat((int) bits);
                case F16 -> Bits.fromF16((int) bits);
                default -> Bits.fromBf16((int) bits);
            };
            return to.isFloat() ? toFloat(x) : toInteger(x);
        }
        int unused = 64 - 8 * from.bytes;
        long v = from.isSigned() ? bits << unused >> unused : bits << unused >>> unused;
        if (to.isFloat()) {
            return fromInteger(v);
        }
        return narrow(saturate ? clamp(v, !from.isSigned()) : v);
    }

    private long narrow(long v) {
        int unused = 64 - 8 * to.bytes;
        return to.isSigned() ? v << unused >> unused : v << unused >>> unused;
    }

    /** .sat: an integer to the range of the destination. */
    private long clamp(long v, boolean unsigned) {
        int bits = 8 * to.bytes;
        long max = to.isSigned() ? -1L >>> 65 - bits : -1L >>> 64 - bits;
        long min = to.isSigned() ? -max - 1 : 0;
        if (unsigned || !to.isSigned() && bits == 64) {
            if (!unsigned && v < 0) {
                return 0;
            }
            return Long.compareUnsigned(v, max) > 0 ? max : v;
        }
        return Math.clamp(v, min, max);
    }

    private long toFloat(double x) {
        double y = integral ? Math.copySign(rounding.toInteger(x), x) : x;
        if (saturate) {
            y = y > 0 ? Math.min(y, 1) : 0;
        }
        return encode(y, integral || rounding == null ? Rounding.RN : rounding);
    }

    private long encode(double y, Rounding mode) {
        return switch (to) {
            case F64 -> Double.doubleToRawLongBits(y);
            case F32 -> {
                float f = Bits.canonical((float) mode.round(y, Rounding.Format.F32));
                yield Float.floatToRawIntBits(flush ? Bits.flush(f) : f);
            }
            case F16 -> y != y ? Bits.NAN_16 : Float.floatToFloat16((float) mode.round(y, Rounding.Format.F16)) & 0xffff;
            case BF16 -> y != y ? Bits.NAN_16 : Float.floatToRawIntBits((float) mode.round(y, Rounding.Format.BF16)) >>> 16;
            default -> Float.floatToRawIntBits(y != y ? Bits.CANONICAL : (float) mode.round(y, Rounding.Format.TF32));
        };
    }

    /**
     * "NaN becomes zero if the source is not .f64 and the destination not 64 bits wide, else 1 &lt;&lt; (width - 1)"; everything
     * else is clamped.
     */
    private long toInteger(double x) {
        int bits = 8 * to.bytes;
        if (x != x) {
            return from != PtxType.F64 && bits < 64 ? 0 : narrow(1L << bits - 1);
        }
        double y = rounding.toInteger(x);
        if (to.isSigned()) {
            long max = -1L >>> 65 - bits;
            return Math.clamp((long) y, -max - 1, max);
        }
        if (y <= 0) {
            return 0;
        }
        if (bits == 64) {
            return y >= 0x1p64 ? -1 : y >= 0x1p63 ? (long) (y - 0x1p63) ^ Long.MIN_VALUE : (long) y;
        }
        return Math.min((long) y, -1L >>> 64 - bits);
    }

    private long fromInteger(long v) {
        double high = from.isSigned() || v >= 0 ? v >> 32 : v >>> 32;
        double odd = Rounding.oddSum(high * 0x1p32, v & 0xffffffffL);
        if (to == PtxType.F64 && rounding == Rounding.RN) {
            return Double.doubleToRawLongBits(high * 0x1p32 + (v & 0xffffffffL));
        }
        return encode(saturate ? Math.clamp(odd, 0, 1) : odd, rounding);
    }
}
