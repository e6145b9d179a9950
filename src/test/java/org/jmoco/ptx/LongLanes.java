package org.jmoco.ptx;

/** What one lane computes, 64-bit integers: see {@link IntLanes} for the sections. */
final class LongLanes {
    private LongLanes() {
    }

    static long add_b64(long a, long b) {
        return a + b;
    }

    static long sub_b64(long a, long b) {
        return a - b;
    }

    static long mul_lo_b64(long a, long b) {
        return a * b;
    }

    static long mul_hi_s64(long a, long b) {
        return Math.multiplyHigh(a, b);
    }

    static long mul_hi_u64(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b);
    }

    static long mad_lo_b64(long a, long b, long c) {
        return a * b + c;
    }

    static long mad_hi_s64(long a, long b, long c) {
        return Math.multiplyHigh(a, b) + c;
    }

    static long mad_hi_u64(long a, long b, long c) {
        return Math.unsignedMultiplyHigh(a, b) + c;
    }

    static long div_s64(long a, long b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return a / b;
    }

    static long div_u64(long a, long b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return Long.divideUnsigned(a, b);
    }

    static long rem_s64(long a, long b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return a % b;
    }

    static long rem_u64(long a, long b) {
        if (b == 0) {
            throw LaneFault.divisionByZero();
        }
        return Long.remainderUnsigned(a, b);
    }

    static long abs_s64(long a) {
        return Math.abs(a);
    }

    static long neg_s64(long a) {
        return -a;
    }

    static long min_s64(long a, long b) {
        return Math.min(a, b);
    }

    static long max_s64(long a, long b) {
        return Math.max(a, b);
    }

    static long min_u64(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    static long max_u64(long a, long b) {
        return Long.compareUnsigned(a, b) > 0 ? a : b;
    }

    static int popc_b64(long a) {
        return Long.bitCount(a);
    }

    static int clz_b64(long a) {
        return Long.numberOfLeadingZeros(a);
    }

    static int bfind_u64(long a) {
        return a == 0 ? -1 : 63 - Long.numberOfLeadingZeros(a);
    }

    static int bfind_s64(long a) {
        return bfind_u64(a < 0 ? ~a : a);
    }

    static long brev_b64(long a) {
        return Long.reverse(a);
    }

    static long bfe_u64(long a, int b, int c) {
        int pos = b & 0xff;
        int len = c & 0xff;
        return len == 0 || pos > 63 ? 0 : a >>> pos & (len >= 64 ? -1L : (1L << len) - 1);
    }

    static long bfi_b64(long a, long b, int c, int d) {
        int pos = c & 0xff;
        int len = d & 0xff;
        if (pos > 63 || len == 0) {
            return b;
        }
        long mask = (len >= 64 ? -1L : (1L << len) - 1) << pos;
        return b & ~mask | a << pos & mask;
    }

    static long and_b64(long a, long b) {
        return a & b;
    }

    static long or_b64(long a, long b) {
        return a | b;
    }

    static long xor_b64(long a, long b) {
        return a ^ b;
    }

    static long not_b64(long a) {
        return ~a;
    }

    static long shl_b64(long a, int n) {
        return n < 0 || n > 63 ? 0 : a << n;
    }

    static long shr_u64(long a, int n) {
        return n < 0 || n > 63 ? 0 : a >>> n;
    }

    static long shr_s64(long a, int n) {
        return a >> (n < 0 || n > 63 ? 63 : n);
    }
}
