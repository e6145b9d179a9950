package org.jmoco.ptx;

/**
 * What one lane computes, integers of up to 32 bits (PTX ISA 9.7.1, 9.7.7; sections are numbered
 * here and in the whole package as in version 7.6, later versions have the same names). A method is named as its instruction with
 * underscores; {@link LaneOps} finds it by that name and makes the loop over the lanes. 16-bit values arrive and leave with
 * the upper half zero.
 */
final class IntLanes {
    private IntLanes() {
    }

    private static int s16(int x) {
        return (short) x;
    }

    private static int h(int x) {
        return x & 0xffff;
    }

    // ---- 9.7.1.1 add, 9.7.1.2 sub ------------------------------------------------------------------------------

    static int add_b32(int a, int b) {
        return a + b;
    }

    static int sub_b32(int a, int b) {
        return a - b;
    }

    static int add_b16(int a, int b) {
        return h(a + b);
    }

    static int sub_b16(int a, int b) {
        return h(a - b);
    }

    static int add_sat_s32(int a, int b) {
        return Math.clamp((long) a + b, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    static int sub_sat_s32(int a, int b) {
        return Math.clamp((long) a - b, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    // ---- 9.7.1.3 mul, 9.7.1.4 mad ------------------------------------------------------------------------------

    static int mul_lo_b32(int a, int b) {
        return a * b;
    }

    static int mul_hi_s32(int a, int b) {
        return (int) ((long) a * b >> 32);
    }

    static int mul_hi_u32(int a, int b) {
        return (int) ((a & 0xffffffffL) * (b & 0xffffffffL) >>> 32);
    }

    static long mul_wide_s32(int a, int b) {
        return (long) a * b;
    }

    static long mul_wide_u32(int a, int b) {
        return (a & 0xffffffffL) * (b & 0xffffffffL);
    }

    static int mul_lo_b16(int a, int b) {
        return h(a * b);
    }

    static int mul_hi_s16(int a, int b) {
        return h(s16(a) * s16(b) >> 16);
    }

    static int mul_hi_u16(int a, int b) {
        return a * b >>> 16;
    }

    static int mul_wide_s16(int a, int b) {
        return s16(a) * s16(b);
    }

    static int mul_wide_u16(int a, int b) {
        return a * b;
    }

    static int mad_lo_b32(int a, int b, int c) {
        return a * b + c;
    }

    static int mad_hi_s32(int a, int b, int c) {
        return mul_hi_s32(a, b) + c;
    }

    static int mad_hi_u32(int a, int b, int c) {
        return mul_hi_u32(a, b) + c;
    }

    static long mad_wide_s32(int a, int b, long c) {
        return (long) a * b + c;
    }

    static long mad_wide_u32(int a, int b, long c) {
        return (a & 0xffffffffL) * (b & 0xffffffffL) + c;
    }

    static int mad_lo_b16(int a, int b, int c) {
        return h(a * b + c);
    }

    static int mad_wide_s16(int a, int b, int c) {
        return s16(a) * s16(b) + c;
    }

    static int mad_wide_u16(int a, int b, int c) {
        return a * b + c;
    }

    /** 9.7.1.5: the low 24 bits; nothing in the rest of this text says what else may stand in the operands. */
    static int mul24_lo_s32(int a, int b) {
        return (a << 8 >> 8) * (b << 8 >> 8);
    }

    static int mul24_lo_u32(int a, int b) {
        return (a & 0xffffff) * (b & 0xffffff);
    }

    // ---- 9.7.1.7 sad, 9.7.1.8 div, 9.7.1.9 rem: by zero, "the result is an unspecified, machine-specific value" --

    static int sad_s32(int a, int b, int c) {
        return c + (a < b ? b - a : a - b);
    }

    static int sad_u32(int a, int b, int c) {
        return c + (Integer.compareUnsigned(a, b) < 0 ? b - a : a - b);
    }

    static int div_s32(int a, int b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return a / b;
    }

    static int div_u32(int a, int b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return Integer.divideUnsigned(a, b);
    }

    static int rem_s32(int a, int b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return a % b;
    }

    static int rem_u32(int a, int b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return Integer.remainderUnsigned(a, b);
    }

    static int div_s16(int a, int b) {
        return h(div_s32(s16(a), s16(b)));
    }

    static int div_u16(int a, int b) {
        return div_u32(a, b);
    }

    static int rem_s16(int a, int b) {
        return h(rem_s32(s16(a), s16(b)));
    }

    static int rem_u16(int a, int b) {
        return rem_u32(a, b);
    }

    // ---- 9.7.1.10 abs, 9.7.1.11 neg, 9.7.1.12 min, 9.7.1.13 max
    // ---------------------------------------------------------------------------

    static int abs_s32(int a) {
        return Math.abs(a);
    }

    static int abs_s16(int a) {
        return h(Math.abs(s16(a)));
    }

    static int neg_s32(int a) {
        return -a;
    }

    static int neg_s16(int a) {
        return h(-a);
    }

    static int min_s32(int a, int b) {
        return Math.min(a, b);
    }

    static int max_s32(int a, int b) {
        return Math.max(a, b);
    }

    static int min_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) < 0 ? a : b;
    }

    static int max_u32(int a, int b) {
        return Integer.compareUnsigned(a, b) > 0 ? a : b;
    }

    static int min_s16(int a, int b) {
        return h(Math.min(s16(a), s16(b)));
    }

    static int max_s16(int a, int b) {
        return h(Math.max(s16(a), s16(b)));
    }

    static int min_u16(int a, int b) {
        return Math.min(a, b);
    }

    static int max_u16(int a, int b) {
        return Math.max(a, b);
    }

    // ---- 9.7.1.14 popc to 9.7.1.20 bfi -------------------------------------------------------------

    static int popc_b32(int a) {
        return Integer.bitCount(a);
    }

    static int clz_b32(int a) {
        return Integer.numberOfLeadingZeros(a);
    }

    static int bfind_u32(int a) {
        return a == 0 ? -1 : 31 - Integer.numberOfLeadingZeros(a);
    }

    static int bfind_s32(int a) {
        return bfind_u32(a < 0 ? ~a : a);
    }

    static int bfind_shiftamt_u32(int a) {
        return a == 0 ? -1 : Integer.numberOfLeadingZeros(a);
    }

    static int bfind_shiftamt_s32(int a) {
        return bfind_shiftamt_u32(a < 0 ? ~a : a);
    }

    static int brev_b32(int a) {
        return Integer.reverse(a);
    }

    static int bfe_u32(int a, int b, int c) {
        int pos = b & 0xff;
        int len = c & 0xff;
        return len == 0 || pos > 31 ? 0 : a >>> pos & (len >= 32 ? -1 : (1 << len) - 1);
    }

    /** Bits beyond the field, or beyond bit 31, are copies of the field's sign. */
    static int bfe_s32(int a, int b, int c) {
        int pos = b & 0xff;
        int len = c & 0xff;
        if (len == 0) {
            return 0;
        }
        int top = Math.min(pos + len - 1, 31);
        int sign = a >> top & 1;
        int d = 0;
        for (int i = 0; i < 32; i++) {
            d |= (i < len && pos + i <= 31 ? a >>> pos + i & 1 : sign) << i;
        }
        return d;
    }

    static int bfi_b32(int a, int b, int c, int d) {
        int pos = c & 0xff;
        int len = d & 0xff;
        if (pos > 31 || len == 0) {
            return b;
        }
        int mask = (len >= 32 ? -1 : (1 << len) - 1) << pos;
        return b & ~mask | a << pos & mask;
    }

    // ---- 9.7.1.23 dp4a -----------------------------------------------------------------------------------------

    static int dp4a_s32_s32(int a, int b, int c) {
        for (int i = 0; i < 4; i++) {
            c += (byte) (a >> 8 * i) * (byte) (b >> 8 * i);
        }
        return c;
    }

    static int dp4a_u32_u32(int a, int b, int c) {
        for (int i = 0; i < 4; i++) {
            c += (a >>> 8 * i & 0xff) * (b >>> 8 * i & 0xff);
        }
        return c;
    }

    // ---- 9.7.1.24 dp2a: halves of a times the low or the high two bytes of b -----------------------------------

    static int dp2a_lo_u32_u32(int a, int b, int c) {
        return c + (a & 0xffff) * (b & 0xff) + (a >>> 16) * (b >>> 8 & 0xff);
    }

    static int dp2a_hi_u32_u32(int a, int b, int c) {
        return dp2a_lo_u32_u32(a, b >>> 16, c);
    }

    static int dp2a_lo_s32_s32(int a, int b, int c) {
        return c + (short) a * (byte) b + (a >> 16) * (byte) (b >> 8);
    }

    static int dp2a_hi_s32_s32(int a, int b, int c) {
        return dp2a_lo_s32_s32(a, b >>> 16, c);
    }

    // ---- 9.7.7 logic and shifts; shift amounts above the width count as the width ------------------------------

    static int and_b32(int a, int b) {
        return a & b;
    }

    static int or_b32(int a, int b) {
        return a | b;
    }

    static int xor_b32(int a, int b) {
        return a ^ b;
    }

    static int not_b32(int a) {
        return ~a;
    }

    static int cnot_b32(int a) {
        return a == 0 ? 1 : 0;
    }

    static int not_b16(int a) {
        return h(~a);
    }

    static int lop3_b32(int a, int b, int c, int table) {
        int d = 0;
        for (int i = 0; i < 8; i++) {
            if ((table >> i & 1) != 0) {
                d |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
            }
        }
        return d;
    }

    static int shl_b32(int a, int n) {
        return n < 0 || n > 31 ? 0 : a << n;
    }

    static int shr_u32(int a, int n) {
        return n < 0 || n > 31 ? 0 : a >>> n;
    }

    static int shr_s32(int a, int n) {
        return a >> (n < 0 || n > 31 ? 31 : n);
    }

    static int shl_b16(int a, int n) {
        return n < 0 || n > 15 ? 0 : h(a << n);
    }

    static int shr_u16(int a, int n) {
        return n < 0 || n > 15 ? 0 : a >>> n;
    }

    static int shr_s16(int a, int n) {
        return h(s16(a) >> (n < 0 || n > 15 ? 15 : n));
    }

    static int shf_l_wrap_b32(int a, int b, int c) {
        int n = c & 31;
        return n == 0 ? b : b << n | a >>> 32 - n;
    }

    static int shf_r_wrap_b32(int a, int b, int c) {
        int n = c & 31;
        return n == 0 ? a : b << 32 - n | a >>> n;
    }

    static int shf_l_clamp_b32(int a, int b, int c) {
        int n = Integer.compareUnsigned(c, 32) < 0 ? c : 32;
        return (int) (((long) b << 32 | a & 0xffffffffL) << n >>> 32);
    }

    static int shf_r_clamp_b32(int a, int b, int c) {
        int n = Integer.compareUnsigned(c, 32) < 0 ? c : 32;
        return (int) (((long) b << 32 | a & 0xffffffffL) >>> n);
    }

    // ---- 9.7.8.7 prmt ------------------------------------------------------------------------------------------

    static int prmt_b32(int a, int b, int selectors) {
        long bytes = (long) b << 32 | a & 0xffffffffL;
        int d = 0;
        for (int i = 0; i < 4; i++) {
            int s = selectors >> 4 * i & 15;
            int v = (int) (bytes >>> 8 * (s & 7)) & 0xff;
            d |= ((s & 8) != 0 ? (byte) v < 0 ? 0xff : 0 : v) << 8 * i;
        }
        return d;
    }

    // ---- 9.7.5.4 slct (selp is an operation of its own: it passes unwritten registers on) ------------------------

    static int slct_b32_s32(int a, int b, int c) {
        return c >= 0 ? a : b;
    }

    static int slct_b32_f32(int a, int b, float c) {
        return c >= 0 ? a : b;
    }
}
