package org.jmoco.bench;

import java.util.Arrays;
import org.jmoco.tensor.Philox;

/** Draws the values of an operand that is read; each can be held in f32. */
@FunctionalInterface
interface Values {
    void fill(float[] v, Philox random);

    /** Integers in -2 .. 2: products and sums of a few hundred thousand of them are exact in f32, and each is exact in bf16. */
    Values INTEGERS = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            v[i] = r.nextInt(5) - 2;
        }
    };

    /** The sum of four uniform integers below 2^16 has a variance of 4 (2^32 - 1) / 12. */
    float NORMAL_STEP = (float) (Math.sqrt(3) / 0x1p16);

    /**
     * About normal, of mean 0 and deviation 1: sums of four uniform numbers of 16 bits. Logarithm and cosine of the real thing
     * take 150 ns a value, which is 20 s for a queue of a million keys.
     */
    Values NORMAL = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            int a = r.nextInt();
            int b = r.nextInt();
            int sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
            v[i] = (sum - 2 * 0xffff) * NORMAL_STEP;
        }
    };

    /** Between 0.5 and 1.5: scales, variances, norms. */
    Values POSITIVE = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            v[i] = 0.5f + r.nextFloat();
        }
    };

    Values ZERO = constant(0);

    static Values constant(double value) {
        return (v, r) -> Arrays.fill(v, (float) value);
    }

    /** Integers in 0 .. bound - 1: labels, indices. @param bound at most 2^24, up to where f32 holds every integer */
    static Values below(int bound) {
        return (v, r) -> {
            for (int i = 0; i < v.length; i++) {
                v[i] = r.nextInt(bound);
            }
        };
    }

    /** Normal directions: rows of {@code d} values and length 1. */
    static Values unitRows(int d) {
        return (v, r) -> {
            NORMAL.fill(v, r);
            for (int row = 0; row < v.length; row += d) {
                double sum = 0;
                for (int i = row; i < row + d; i++) {
                    sum += (double) v[i] * v[i];
                }
                for (int i = row; i < row + d; i++) {
                    v[i] = (float) (v[i] / Math.sqrt(sum));
                }
            }
        };
    }
}
