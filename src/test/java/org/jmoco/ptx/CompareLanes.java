package org.jmoco.ptx;

/**
 * Comparisons (PTX ISA 9.3.1, 9.7.5, 9.7.6): {@code <operator>_<type>}. For integers lo, ls, hi, hs are the unsigned names; for
 * floating point the names with u are true when an operand is NaN.
 */
final class CompareLanes {
    private CompareLanes() {
    }

    static boolean eq_b32(int a, int b) {
        return a == b;
    }

    static boolean ne_b32(int a, int b) {
        return a != b;
    }

    static boolean lt_s32(int a, int b) {
        return a < b;
    }

    static boolean le_s32(int a, int b) {
        return a <= b;
    }

    static boolean gt_s32(int a, int b) {
        return a > b;
    }

    static boolean ge_s32(int a, int b) {
        return a >= b;
    }

    static boolean lt_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) < 0;
    }

    static boolean le_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) <= 0;
    }

    static boolean gt_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) > 0;
    }

    static boolean ge_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) >= 0;
    }

    static boolean lt_s16(int a, int b) {
        return (short) a < (short) b;
    }

    static boolean le_s16(int a, int b) {
        return (short) a <= (short) b;
    }

    static boolean gt_s16(int a, int b) {
        return (short) a > (short) b;
    }

    static boolean ge_s16(int a, int b) {
        return (short) a >= (short) b;
    }

    static boolean eq_b64(long a, long b) {
        return a == b;
    }

    static boolean ne_b64(long a, long b) {
        return a != b;
    }

    static boolean lt_s64(long a, long b) {
        return a < b;
    }

    static boolean le_s64(long a, long b) {
        return a <= b;
    }

    static boolean gt_s64(long a, long b) {
        return a > b;
    }

    static boolean ge_s64(long a, long b) {
        return a >= b;
    }

    static boolean lt_u64(long a, long b) {
        return Long.compareUnsigned(a, b) < 0;
    }

    static boolean le_u64(long a, long b) {
        return Long.compareUnsigned(a, b) <= 0;
    }

    static boolean gt_u64(long a, long b) {
        return Long.compareUnsigned(a, b) > 0;
    }

    static boolean ge_u64(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0;
    }

    // ---- f32; f64 the same below -------------------------------------------------------------------------------

    static boolean eq_f32(float a, float b) {
        return a == b;
    }

    static boolean ne_f32(float a, float b) {
        return a < b || a > b;
    }

    static boolean lt_f32(float a, float b) {
        return a < b;
    }

    static boolean le_f32(float a, float b) {
        return a <= b;
    }

    static boolean gt_f32(float a, float b) {
        return a > b;
    }

    static boolean ge_f32(float a, float b) {
        return a >= b;
    }

    static boolean equ_f32(float a, float b) {
        return !(a < b || a > b);
    }

    static boolean neu_f32(float a, float b) {
        return a != b;
    }

    static boolean ltu_f32(float a, float b) {
        return !(a >= b);
    }

    static boolean leu_f32(float a, float b) {
        return !(a > b);
    }

    static boolean gtu_f32(float a, float b) {
        return !(a <= b);
    }

    static boolean geu_f32(float a, float b) {
        return !(a < b);
    }

    static boolean num_f32(float a, float b) {
        return a == a && b == b;
    }

    static boolean nan_f32(float a, float b) {
        return a != a || b != b;
    }

    static boolean eq_f64(double a, double b) {
        return a == b;
    }

    static boolean ne_f64(double a, double b) {
        return a < b || a > b;
    }

    static boolean lt_f64(double a, double b) {
        return a < b;
    }

    static boolean le_f64(double a, double b) {
        return a <= b;
    }

    static boolean gt_f64(double a, double b) {
        return a > b;
    }

    static boolean ge_f64(double a, double b) {
        return a >= b;
    }

    static boolean equ_f64(double a, double b) {
        return !(a < b || a > b);
    }

    static boolean neu_f64(double a, double b) {
        return a != b;
    }

    static boolean ltu_f64(double a, double b) {
        return !(a >= b);
    }

    static boolean leu_f64(double a, double b) {
        return !(a > b);
    }

    static boolean gtu_f64(double a, double b) {
        return !(a <= b);
    }

    static boolean geu_f64(double a, double b) {
        return !(a < b);
    }

    static boolean num_f64(double a, double b) {
        return a == a && b == b;
    }

    static boolean nan_f64(double a, double b) {
        return a != a || b != b;
    }

    // ---- 9.7.3.1 testp -----------------------------------------------------------------------------------------

    static boolean testp_finite_f32(float a) {
        return Math.abs(a) <= Float.MAX_VALUE;
    }

    static boolean testp_infinite_f32(float a) {
        return Float.isInfinite(a);
    }

    static boolean testp_number_f32(float a) {
        return a == a;
    }

    static boolean testp_notanumber_f32(float a) {
        return a != a;
    }

    static boolean testp_normal_f32(float a) {
        return Math.abs(a) >= Float.MIN_NORMAL && Math.abs(a) <= Float.MAX_VALUE;
    }

    static boolean testp_subnormal_f32(float a) {
        return a != 0 && Math.abs(a) < Float.MIN_NORMAL;
    }
}
