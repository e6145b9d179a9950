package org.jmoco.data;

/**
 * CIFAR-10's packed form, which {@link CifarReader} reads as .res.gz: all labels, then three planes G, R-G+128, B-G+128 (mod
 * 256), each image after image, each value the residual (mod 256) against the median edge detector (Weinberger, Seroussi, Sapiro:
 * "LOCO-I", 1996).
 */
public final class CifarPacking {
    private static final int SIDE = 32;
    private static final int PLANE = SIDE * SIDE;

    private CifarPacking() {}

    /** @param set labelled images of 32 x 32 */
    public static byte[] pack(ImageSet set) {
        int n = set.size();
        byte[] out = new byte[n * (1 + 3 * PLANE)];
        int[] v = new int[PLANE];
        for (int i = 0; i < n; i++) {
            out[i] = (byte) set.label(i);
            byte[] rgb = set.pixels(i);
            for (int plane = 0; plane < 3; plane++) {
                for (int p = 0; p < PLANE; p++) {
                    int green = rgb[3 * p + 1];
                    v[p] = 0xff & (plane == 0 ? green : rgb[3 * p + (plane == 1 ? 0 : 2)] - green + 128);
                }
                int to = n + (plane * n + i) * PLANE;
                for (int p = 0; p < PLANE; p++) {
                    out[to + p] = (byte) (v[p] - predicted(v, p / SIDE, p % SIDE));
                }
            }
        }
        return out;
    }

    private static int predicted(int[] v, int y, int x) {
        if (y == 0) {
            return x == 0 ? 0 : v[x - 1];
        }
        int up = v[(y - 1) * SIDE + x];
        if (x == 0) {
            return up;
        }
        return median(v[y * SIDE + x - 1], up, v[(y - 1) * SIDE + x - 1]);
    }

    /** The middle one of left, up and left + up - corner. */
    static int median(int left, int up, int corner) {
        int high = Math.max(left, up);
        int low = Math.min(left, up);
        return corner >= high ? low : corner <= low ? high : left + up - corner;
    }
}
