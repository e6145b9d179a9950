// exp in f64 to the last bit as Java's StrictMath.exp computes it: the algorithm of fdlibm 5.3 (e_exp.c, Sun Microsystems), made
// of additions, multiplications and one division that IEEE 754 rounds in one way only. The CUDA library's exp is as good, but
// its last bit differs, and then a random number drawn on the GPU would not always be the one drawn on the host.
//
// The intrinsics keep the compiler from fusing a product and a sum into one rounding, whatever its flags.
#pragma once

/// For |x| < 700: no overflow, no subnormal result.
__device__ inline double exact_exp(double x) {
    constexpr double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33, PER_LN2 = 0x1.71547652b82fep0;
    constexpr double P1 = 0x1.555555555553ep-3, P2 = -0x1.6c16c16bebd93p-9, P3 = 0x1.1566aaf25de2cp-14, 
                     P4 = -0x1.bbd41c5d26bf1p-20, P5 = 0x1.6376972bea4d0p-25;
    double high = 0, low = 0;
    int k = 0;
    unsigned upper = (unsigned) __double2hiint(x) & 0x7fffffffu;
    if (upper > 0x3fd62e42u) { // |x| > ln(2) / 2: x = k ln(2) + the rest
        if (upper < 0x3ff0a2b2u) { // |x| < 3/2 ln(2)
            k = x < 0 ? -1 : 1;
            high = x < 0 ? __dadd_rn(x, LN2_HIGH) : __dsub_rn(x, LN2_HIGH);
            low = x < 0 ? -LN2_LOW : LN2_LOW;
        } else {
            k = __double2int_rz(__dadd_rn(__dmul_rn(PER_LN2, x), x < 0 ? -0.5 : 0.5));
            high = __dsub_rn(x, __dmul_rn(k, LN2_HIGH));
            low = __dmul_rn(k, LN2_LOW);
        }
        x = __dsub_rn(high, low);
    } else if (upper < 0x3e300000u) { // |x| < 2^-28
        return __dadd_rn(1.0, x);
    }
    double t = __dmul_rn(x, x);
    double p = __dadd_rn(P4, __dmul_rn(t, P5));
    p = __dadd_rn(P3, __dmul_rn(t, p));
    p = __dadd_rn(P2, __dmul_rn(t, p));
    p = __dadd_rn(P1, __dmul_rn(t, p));
    double c = __dsub_rn(x, __dmul_rn(t, p));
    if (k == 0) {
        return __dsub_rn(1.0, __dsub_rn(__ddiv_rn(__dmul_rn(x, c), __dsub_rn(c, 2.0)), x));
    }
    double y = __dsub_rn(1.0, __dsub_rn(__dsub_rn(low, __ddiv_rn(__dmul_rn(x, c), __dsub_rn(2.0, c))), high));
    return __hiloint2double(__double2hiint(y) + (k << 20), __double2loint(y));
}
