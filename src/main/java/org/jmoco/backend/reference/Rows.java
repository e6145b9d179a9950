package org.jmoco.backend.reference;

/**
 * The one loop that must be fast: a sum of scaled rows. All three directions of a convolution are such sums, once one operand
 * has been copied to rows.
 *
 * <p>Why rows of their own: Java's compiler turns {@code sum[k] += a * row[k]} into vector instructions, but not where the
 * index carries an offset into a shared array, since source and target might overlap there.
 */
final class Rows {
    private Rows() {}

    /**
     * sum[:] += a[i] rows[first + i][:] for i = 0, 1, .. count-1, in this order, with a[i] = scales[from + i step].
     *
     * <p>Four rows at a time, so that each element of sum is loaded and stored once for four products.
     */
    static void addScaled(double[] sum, Reals scales, int from, int step, int count, double[][] rows, int first) {
        int i = 0;
        for (; i + 3 < count; i += 4) {
            int at = from + i * step;
            addFour(sum, scales.get(at), rows[first + i], scales.get(at + step), rows[first + i + 1],
                    scales.get(at + 2 * step), rows[first + i + 2], scales.get(at + 3 * step), rows[first + i + 3]);
        }
        for (; i < count; i++) {
            addOne(sum, scales.get(from + i * step), rows[first + i]);
        }
    }

    private static void addFour(double[] sum, double a0, double[] row0, double a1, double[] row1, double a2, double[] row2,
            double a3, double[] row3) {
        for (int k = 0; k < sum.length; k++) {
            sum[k] = sum[k] + a0 * row0[k] + a1 * row1[k] + a2 * row2[k] + a3 * row3[k];
        }
    }

    private static void addOne(double[] sum, double a, double[] row) {
        for (int k = 0; k < sum.length; k++) {
            sum[k] += a * row[k];
        }
    }
}
