package org.jmoco.ptx;

/**
 * What one lane computes, f32 and f64 (PTX ISA 9.7.3): named as in {@link IntLanes}. Without {@code .ftz} subnormal numbers are
 * kept; NaN results are the canonical NaN.
 *
 * <p>add, sub, mul and fma without a rounding modifier are taken as {@code .rn}. (The assembler may fuse an unmarked mul and add;
 * nothing here shows that.) Approximate functions are computed in double and rounded once; {@link Approximation} can move them
 * within their documented error.
 */
final class FloatLanes {
    private FloatLanes() {
    }

    private static float n(float x) {
        return x != x ? Bits.CANONICAL : x;
    }

    private static float z(float x) {
        return Bits.flush(x);
    }

    /** {@code .sat}: to [0, 1], NaN to +0. */
    private static float sat(float x) {
        return x > 0 ? Math.min(x, 1f) : 0f;
    }

    private static float directed(Rounding mode, double odd) {
        return n((float) mode.round(odd, Rounding.Format.F32));
    }

    // ---- 9.7.3.3 to 9.7.3.6: add, sub, mul, fma ----------------------------------------------------------------

    static float add_rn_f32(float a, float b) {
        return n(a + b);
    }

    static float sub_rn_f32(float a, float b) {
        return n(a - b);
    }

    static float mul_rn_f32(float a, float b) {
        return n(a * b);
    }

    static float fma_rn_f32(float a, float b, float c) {
        return n(Math.fma(a, b, c));
    }

    static float add_rn_ftz_f32(float a, float b) {
        return z(n(z(a) + z(b)));
    }

    static float sub_rn_ftz_f32(float a, float b) {
        return z(n(z(a) - z(b)));
    }

    static float mul_rn_ftz_f32(float a, float b) {
        return z(n(z(a) * z(b)));
    }

    static float fma_rn_ftz_f32(float a, float b, float c) {
        return z(n(Math.fma(z(a), z(b), z(c))));
    }

    static float add_rn_sat_f32(float a, float b) {
        return sat(a + b);
    }

    static float sub_rn_sat_f32(float a, float b) {
        return sat(a - b);
    }

    static float mul_rn_sat_f32(float a, float b) {
        return sat(a * b);
    }

    static float fma_rn_sat_f32(float a, float b, float c) {
        return sat(Math.fma(a, b, c));
    }

    /** The directed modes: exact zero sums get the sign that IEEE 754 gives them (6.3). */
    private static float sum(Rounding mode, double a, double b) {
        double s = Rounding.oddSum(a, b);
        if (s == 0 && (a != 0 || Math.copySign(1, a) != Math.copySign(1, b))) {
            return mode == Rounding.RM ? -0f : 0f;
        }
        return directed(mode, s);
    }

    static float add_rz_f32(float a, float b) {
        return sum(Rounding.RZ, a, b);
    }

    static float add_rm_f32(float a, float b) {
        return sum(Rounding.RM, a, b);
    }

    static float add_rp_f32(float a, float b) {
        return sum(Rounding.RP, a, b);
    }

    static float sub_rz_f32(float a, float b) {
        return sum(Rounding.RZ, a, -b);
    }

    static float sub_rm_f32(float a, float b) {
        return sum(Rounding.RM, a, -b);
    }

    static float sub_rp_f32(float a, float b) {
        return sum(Rounding.RP, a, -b);
    }

    static float mul_rz_f32(float a, float b) {
        return directed(Rounding.RZ, (double) a * b);
    }

    static float mul_rm_f32(float a, float b) {
        return directed(Rounding.RM, (double) a * b);
    }

    static float mul_rp_f32(float a, float b) {
        return directed(Rounding.RP, (double) a * b);
    }

    static float fma_rz_f32(float a, float b, float c) {
        return sum(Rounding.RZ, (double) a * b, c);
    }

    static float fma_rm_f32(float a, float b, float c) {
        return sum(Rounding.RM, (double) a * b, c);
    }

    static float fma_rp_f32(float a, float b, float c) {
        return sum(Rounding.RP, (double) a * b, c);
    }

    // ---- 9.7.3.9 abs to 9.7.3.12 max ---------------------------------------------------------------------------

    static float neg_f32(float a) {
        return -a;
    }

    static float neg_ftz_f32(float a) {
        return -z(a);
    }

    static float abs_f32(float a) {
        return Math.abs(a);
    }

    static float abs_ftz_f32(float a) {
        return Math.abs(z(a));
    }

    /** 9.7.3.2: sign of the first operand, magnitude of the second. */
    static float copysign_f32(float a, float b) {
        return Math.copySign(b, a);
    }

    /** If one operand is NaN, the other one; -0 is less than +0. */
    static float min_f32(float a, float b) {
        return a != a ? n(b) : b != b ? a : Math.min(a, b);
    }

    static float max_f32(float a, float b) {
        return a != a ? n(b) : b != b ? a : Math.max(a, b);
    }

    static float min_ftz_f32(float a, float b) {
        return min_f32(z(a), z(b));
    }

    static float max_ftz_f32(float a, float b) {
        return max_f32(z(a), z(b));
    }

    static float min_nan_f32(float a, float b) {
        return n(Math.min(a, b));
    }

    static float max_nan_f32(float a, float b) {
        return n(Math.max(a, b));
    }

    // ---- 9.7.3.8 div, 9.7.3.13 rcp, 9.7.3.15 sqrt --------------------------------------------------------------

    static float div_rn_f32(float a, float b) {
        return n(a / b);
    }

    static float div_rn_ftz_f32(float a, float b) {
        return z(n(z(a) / z(b)));
    }

    /** At most 2 ulp over the full range. */
    static float div_full_f32(float a, float b) {
        return Approximation.ulps((double) a / b, 2);
    }

    static float div_full_ftz_f32(float a, float b) {
        return z(Approximation.ulps((double) z(a) / z(b), 2));
    }

    /** At most 2 ulp for |b| in [2^-126, 2^126]; 0 for |b| in (2^126, 2^128), as a times the reciprocal, which is flushed. */
    static float div_approx_f32(float a, float b) {
        if (Math.abs(b) > 0x1p126f && Math.abs(b) != Float.POSITIVE_INFINITY) {
            return Float.isInfinite(a) ? Bits.CANONICAL : n(a * Math.copySign(0f, b));
        }
        return Approximation.ulps((double) a / b, 2);
    }

    static float div_approx_ftz_f32(float a, float b) {
        return z(div_approx_f32(z(a), z(b)));
    }

    static float rcp_rn_f32(float a) {
        return n(1f / a);
    }

    static float rcp_rn_ftz_f32(float a) {
        return z(n(1f / z(a)));
    }

    /** At most 1 ulp. */
    static float rcp_approx_f32(float a) {
        return Approximation.ulps(1.0 / a, 1);
    }

    static float rcp_approx_ftz_f32(float a) {
        return z(Approximation.ulps(1.0 / z(a), 1));
    }

    static float sqrt_rn_f32(float a) {
        return n((float) Math.sqrt(a));
    }

    static float sqrt_rn_ftz_f32(float a) {
        return n((float) Math.sqrt(z(a)));
    }

    /** Relative error at most 2^-23. */
    static float sqrt_approx_f32(float a) {
        return Approximation.relative(Math.sqrt(a), 0x1p-23);
    }

    static float sqrt_approx_ftz_f32(float a) {
        return Approximation.relative(Math.sqrt(z(a)), 0x1p-23);
    }

    // ---- 9.7.3.16 rsqrt to 9.7.3.22 tanh --------------------------------------------------------------------------------

    /** Relative error at most 2^-22.9. */
    static float rsqrt_approx_f32(float a) {
        return Approximation.relative(reciprocalRoot(a), 0x1p-23 * 1.0717734625362931);
    }

    static float rsqrt_approx_ftz_f32(float a) {
        return rsqrt_approx_f32(z(a));
    }

    private static double reciprocalRoot(float a) {
        return a == 0 ? Math.copySign(Double.POSITIVE_INFINITY, a) : 1.0 / Math.sqrt(a);
    }

    /**
     * Absolute error of sin and cos: at most 2^-20.5 in [-2 pi, 2 pi] and 2^-14.7 in [-100 pi, 100 pi]; beyond, none is promised.
     */
    private static double angleError(float a) {
        return Math.abs(a) <= 2 * Math.PI ? 0x1p-21 * 1.4142135623730951 : 0x1p-15 * 1.2311444133449163;
    }

    static float sin_approx_f32(float a) {
        return Approximation.absolute(Math.sin(a), angleError(a));
    }

    static float sin_approx_ftz_f32(float a) {
        return z(sin_approx_f32(z(a)));
    }

    static float cos_approx_f32(float a) {
        return Approximation.absolute(Math.cos(a), angleError(a));
    }

    static float cos_approx_ftz_f32(float a) {
        return z(cos_approx_f32(z(a)));
    }

    /** Absolute error at most 2^-22 where the argument is in (0.5, 2), else relative error at most 2^-22. */
    static float lg2_approx_f32(float a) {
        double exact = Math.log(a) / Math.log(2);
        if (a > 0 && a < Float.POSITIVE_INFINITY) {
            int e = Math.getExponent(a);
            double m = Math.scalb((double) a, -e);
            exact = e + Math.log(m) / Math.log(2);
        }
        return a > 0.5f && a < 2f ? Approximation.absolute(exact, 0x1p-22) : Approximation.relative(exact, 0x1p-22);
    }

    static float lg2_approx_ftz_f32(float a) {
        return lg2_approx_f32(z(a));
    }

    /** At most 2 ulp from the correctly rounded result. */
    static float ex2_approx_f32(float a) {
        return Approximation.ulps(Math.pow(2, a), 2);
    }

    static float ex2_approx_ftz_f32(float a) {
        return z(ex2_approx_f32(z(a)));
    }

    /** Relative error at most 2^-11. */
    static float tanh_approx_f32(float a) {
        return Approximation.relative(Math.tanh(a), 0x1p-11);
    }

    // ---- f64 ---------------------------------------------------------------------------------------------------

    static double add_rn_f64(double a, double b) {
        return a + b;
    }

    static double sub_rn_f64(double a, double b) {
        return a - b;
    }

    static double mul_rn_f64(double a, double b) {
        return a * b;
    }

    static double fma_rn_f64(double a, double b, double c) {
        return Math.fma(a, b, c);
    }

    static double neg_f64(double a) {
        return -a;
    }

    static double abs_f64(double a) {
        return Math.abs(a);
    }

    static double min_f64(double a, double b) {
        return a != a ? b : b != b ? a : Math.min(a, b);
    }

    static double max_f64(double a, double b) {
        return a != a ? b : b != b ? a : Math.max(a, b);
    }

    static double copysign_f64(double a, double b) {
        return Math.copySign(b, a);
    }

    static double div_rn_f64(double a, double b) {
        return a / b;
    }

    static double rcp_rn_f64(double a) {
        return 1 / a;
    }

    static double sqrt_rn_f64(double a) {
        return Math.sqrt(a);
    }
}
