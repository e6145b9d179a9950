package org.jmoco.backend.cpu;

/**
 * A one-dimensional bilinear algorithm for a short filter: y = A^T [(G g) . (B^T d)] / divisor, with one product per row of B^T.
 * Two of them, one down and one across, make a {@link WinogradTile}. The matrices are those of Cook and Toom's algorithm;
 * derivation and errors: docs/maths/convolution.md.
 *
 * @param bT inputs of a tile to factors
 * @param aT products to outputs
 * @param g taps to factors
 * @param divisor what G was multiplied with to have whole entries
 * @param inputStep inputs from one tile to the next; outputs follow each other without gap
 */
record WinogradFilter(double[][] bT, double[][] aT, double[][] g, int divisor, int inputStep) {
    /** F(2, 3): two outputs of three taps by four products instead of six. Points 0, 1, -1, infinity. */
    static final WinogradFilter F2 = new WinogradFilter(
            new double[][] {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
            new double[][] {{1, 1, 1, 0}, {0, 1, -1, 1}},
            new double[][] {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}, 1, 2);

    /**
     * F(4, 3): four outputs by six products instead of twelve. Points 0, 1, -1, 1/2, -2, infinity and not the usual 0, +-1,
     * +-2, infinity: the matrices hold smaller numbers of more even size, and the rounding error is 1.2 times smaller. G is
     * multiplied with 15, so that small integers stay exact.
     */
    static final WinogradFilter F4 = new WinogradFilter(
            new double[][] {{1, -1.5, -2, 1.5, 1, 0}, {0, -1, 0.5, 2.5, 1, 0}, {0, 1, -2.5, 0.5, 1, 0},
                {0, -2, -1, 2, 1, 0}, {0, 0.5, -1, -0.5, 1, 0}, {0, 1, -1.5, -2, 1.5, 1}},
            new double[][] {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 0.5, -2, 0}, {0, 1, 1, 0.25, 4, 0},
                {0, 1, -1, 0.125, -8, 1}},
            new double[][] {{15, 0, 0}, {5, 5, 5}, {-5, 5, -5}, {-16, -8, -4}, {1, -2, 4}, {0, 0, 15}}, 15, 4);

    private static final WinogradPairs EIGHT = new WinogradPairs(1, 0.5, 2, 0.75);

    /**
     * F(8, 3): eight outputs by ten products instead of 24, in f64 only. Of small dyadic fractions, 3/4 as the fourth pair has
     * the smallest error: that of f64 is a millionth of a unit of f32 (in f32 it would be 365 units).
     */
    static final WinogradFilter F8 = EIGHT.filter();

    /**
     * Three taps at stride 2: the outer two see every second input, which F(2, 2) does with three products for two outputs
     * (points 0, 1, infinity), and the middle one the others: five products instead of six.
     */
    static final WinogradFilter STRIDE_2 = new WinogradFilter(
            new double[][] {{1, 0, -1, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, -1, 0, 1}, {0, 1, 0, 0, 0}, {0, 0, 0, 1, 0}},
            new double[][] {{1, 1, 0, 1, 0}, {0, 1, 1, 0, 1}},
            new double[][] {{1, 0, 0}, {1, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}}, 1, 4);

    /**
     * The gradient of {@link #STRIDE_2} with respect to its inputs, for taps in reverse order: four of them from three
     * outputs' gradients, again by five products. The first of the four is one that both outer taps reach, as with even
     * padding.
     */
    static final WinogradFilter STRIDE_2_BACKWARD_EVEN = new WinogradFilter(
            new double[][] {{1, -1, 0}, {0, 1, 0}, {0, -1, 1}, {0, 1, 0}, {0, 0, 1}},
            new double[][] {{1, 1, 0, 0, 0}, {0, 0, 0, 1, 0}, {0, 1, 1, 0, 0}, {0, 0, 0, 0, 1}},
            STRIDE_2.g, 1, 2);

    /** The same where the first of the four is one that the middle tap reaches, as with odd padding. */
    static final WinogradFilter STRIDE_2_BACKWARD_ODD = new WinogradFilter(
            new double[][] {{1, -1, 0}, {0, 1, 0}, {0, -1, 1}, {1, 0, 0}, {0, 1, 0}},
            new double[][] {{0, 0, 0, 1, 0}, {1, 1, 0, 0, 0}, {0, 0, 0, 0, 1}, {0, 1, 1, 0, 0}},
            STRIDE_2.g, 1, 2);

    /** A single tap: one product per output, and nothing to transform. */
    static WinogradFilter oneTap(int stride) {
        double[][] one = {{1}};
        return new WinogradFilter(one, one, one, 1, stride);
    }

    /** The gradient of {@link #oneTap} with respect to its inputs, of which all but every stride-th are zero. */
    static WinogradFilter oneTapBackward(int stride) {
        double[][] spread = new double[stride][1];
        spread[0][0] = 1;
        double[][] one = {{1}};
        return new WinogradFilter(one, spread, one, 1, 1);
    }

    /** B^T, inputs to factors. */
    WinogradLine input() {
        return this == F4 ? WinogradLine.INPUT_4 : this == F8 ? EIGHT.input() : WinogradLine.of(bT);
    }

    /** A^T, products to outputs. */
    WinogradLine output() {
        return this == F4 ? WinogradLine.OUTPUT_4 : this == F8 ? EIGHT.output() : WinogradLine.of(aT);
    }

    /** A. */
    WinogradLine outputGradient() {
        return this == F4 ? WinogradLine.GRADIENT_4 : WinogradLine.of(transpose(aT));
    }

    /** G, taps to factors. */
    WinogradLine filter() {
        return this == F4 ? WinogradLine.FILTER_4 : this == F8 ? EIGHT.taps() : WinogradLine.of(g);
    }

    /** G^T. */
    WinogradLine filterGradient() {
        return this == F4 ? WinogradLine.FILTER_GRADIENT_4 : WinogradLine.of(transpose(g));
    }

    int taps() {
        return g[0].length;
    }

    int inputs() {
        return bT[0].length;
    }

    int products() {
        return bT.length;
    }

    int outputs() {
        return aT.length;
    }

    /** Tiles that cover {@code outputs} outputs. */
    int tiles(int outputs) {
        return (outputs + aT.length - 1) / aT.length;
    }

    static double[][] transpose(double[][] m) {
        double[][] t = new double[m[0].length][m.length];
        for (int i = 0; i < t.length; i++) {
            for (int j = 0; j < m.length; j++) {
                t[i][j] = m[j][i];
            }
        }
        return t;
    }
}
