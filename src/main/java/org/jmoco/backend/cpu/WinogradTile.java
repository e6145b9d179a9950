package org.jmoco.backend.cpu;

/**
 * Winograd's minimal filtering F(m x n, 3 x 3): m x n outputs of a 3 x 3 convolution from (m + 2) x (n + 2) inputs, with one
 * product per input and pair of channels instead of 9 m n: y = A^T [(G w G^T) . (B^T d B)] A.
 */
enum WinogradTile {
    /**
     * 16 products for 4 outputs, 2.25 times fewer than the direct sum. Nothing but additions and halves, so small integers
     * stay exact; its rounding error is smaller than that of the direct sum.
     */
    F2X2(WinogradLine.INPUT_2, WinogradLine.OUTPUT_2, WinogradLine.GRADIENT_2, WinogradLine.FILTER_2,
            WinogradLine.FILTER_GRADIENT_2),

    /** 24 products for 8 outputs, 3 times fewer; its rounding error is about 1.5 times that of the direct sum. */
    F2X4(WinogradLine.INPUT_4, WinogradLine.OUTPUT_4, WinogradLine.GRADIENT_4, WinogradLine.FILTER_4,
            WinogradLine.FILTER_GRADIENT_4);

    /** One of the linear maps around the products. */
    record Map(double[][] down, WinogradLine across) {
        int rowsIn() {
            return down[0].length;
        }

        int rowsOut() {
            return down.length;
        }
    }

    /** V = B^T d B. */
    final Map input;
    /** y = A^T M A. */
    final Map output;
    /** dM = A dy A^T. */
    final Map outputGradient;
    /** U = G w G^T. */
    final Map filter;
    /** dw = G^T dU G. */
    final Map filterGradient;

    WinogradTile(WinogradLine input, WinogradLine output, WinogradLine gradient, WinogradLine filter,
            WinogradLine filterGradient) {
        this.input = new Map(bT(), input);
        this.output = new Map(aT(), output);
        outputGradient = new Map(transpose(aT()), gradient);
        this.filter = new Map(g(), filter);
        this.filterGradient = new Map(transpose(g()), filterGradient);
    }

    // Down the columns it is F(2, 3) in either case; entries are 0, +-1 and +-1/2. Methods, since an enum's static fields
    // are not set yet when its constants are made.
    private static double[][] bT() {
        return new double[][] {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
    }

    private static double[][] aT() {
        return new double[][] {{1, 1, 1, 0}, {0, 1, -1, 1}};
    }

    private static double[][] g() {
        return new double[][] {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
    }

    private static double[][] transpose(double[][] m) {
        double[][] t = new double[m[0].length][m.length];
        for (int i = 0; i < t.length; i++) {
            for (int j = 0; j < m.length; j++) {
                t[i][j] = m[j][i];
            }
        }
        return t;
    }

    /** Rows of outputs. */
    int outH() {
        return output.rowsOut();
    }

    /** Columns of outputs. */
    int outW() {
        return output.across.out();
    }

    /** Rows of inputs. */
    int inH() {
        return input.rowsIn();
    }

    /** Columns of inputs. */
    int inW() {
        return input.across.in();
    }

    /** Products per pair of channels, the elements of the transformed tile. */
    int frequencies() {
        return inH() * inW();
    }

    @Override
    public String toString() {
        return "F(" + outH() + "x" + outW() + ",3x3)";
    }
}
