package org.jmoco.backend.cuda;

/**
 * Division by a number that a launch knows beforehand, as kernels/common/rows.cuh carries it out: p / d is the upper half of p
 * magic, shifted, for 0 <= p < 2^31; see there for why.
 *
 * @param magic 0 for d = 1
 */
record Divisor(int d, int magic, int shift) {
    static Divisor of(int d) {
        if (d < 1) {
            throw new IllegalArgumentException("divisor must be positive, is " + d);
        }
        if (d == 1) {
            return new Divisor(1, 0, 0);
        }
        int l = Integer.SIZE - Integer.numberOfLeadingZeros(d - 1); // ceil(log2 d)
        long numerator = 1L << (31 + l);
        return new Divisor(d, (int) ((numerator + d - 1) / d), l - 1); // l <= 31: the numerator is at most 2^62
    }

    /** What the kernel computes. */
    int quotient(int p) {
        return magic == 0 ? p : (int) ((p * (magic & 0xffffffffL)) >>> 32) >>> shift;
    }
}
