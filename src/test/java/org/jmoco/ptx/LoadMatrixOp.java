package org.jmoco.ptx;

/**
 * ldmatrix (PTX ISA 9.7.13.4.15): 8 x 8 matrices of 16-bit elements. Lanes 8 k to 8 k + 7 hold the addresses of the rows of
 * matrix k; lane t receives elements 2 (t mod 4) and the next one of row t / 4, or, transposed, of column t / 4.
 */
final class LoadMatrixOp extends MemoryOp {
    static final int ROW_BYTES = 16;
    int[] dst;
    boolean transpose;

    @Override
    void run(Warp w, int mask) {
        int rows = 8 * dst.length;
        addresses(w, rows == 32 ? -1 : (1 << rows) - 1);
        int[][] out = new int[dst.length][Warp.LANES];
        for (int k = 0; k < dst.length; k++) {
            for (int row = 0; row < 8; row++) {
                int lane = 8 * k + row;
                Window v = window(w, lane, w.address[lane]);
                int at = (int) (w.address[lane] - v.base);
                noteRead(w, v, lane, at);
                for (int column = 0; column < 8; column++) {
                    int element = (int) get(v.data, at + 2 * column, 2);
                    int r = transpose ? column : row;
                    int c = transpose ? row : column;
                    out[k][4 * r + c / 2] |= element << 16 * (c & 1);
                }
            }
        }
        for (int k = 0; k < dst.length; k++) {
            System.arraycopy(out[k], 0, w.r[dst[k]], 0, Warp.LANES);
        }
    }
}
