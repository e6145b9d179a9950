package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionTest {
    /** 1 x 3 x 3 x 1 image, one 2 x 2 filter: cross-correlation, not convolution with a turned filter. */
    @Test
    void byHand() {
        ConvGeometry g = new ConvGeometry(1, 3, 3, 1, 1, 2, 2, 1, 0);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.real("x", g.x(), 1, 2, 3, 4, 5, 6, 7, 8, 9);
            Buffer w = rig.real("w", g.filter(), 1, 10, 100, 1000);
            Buffer y = rig.result("y", g.y());
            rig.run(rec -> rec.conv2dForward("conv", g, y, x, w));
            assertArrayEquals(new double[] {5421, 6532, 8754, 9865}, rig.get(y));
        }
    }

    /** Against sums over a copy of x with explicit zeros around it. Small integers, so any order gives the same. */
    @ParameterizedTest
    @CsvSource({
        "2, 7, 7, 3, 7, 3, 3, 1, 1", "1, 13, 6, 5, 3, 3, 3, 2, 1", "3, 5, 5, 7, 13, 1, 1, 2, 0", "1, 11, 12, 3, 4, 7, 7, 2, 3",
        "1, 6, 9, 2, 3, 2, 5, 1, 1", "2, 8, 7, 2, 3, 2, 2, 3, 1"
    })
    void againstExplicitPadding(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
        ConvGeometry g = new ConvGeometry(n, h, w, c, k, r, s, stride, pad);
        double[] image = whole(g.x(), 7);
        double[] filter = whole(g.filter(), 5);
        double[][][][] padded = new double[n][h + 2 * pad][w + 2 * pad][c];
        for (int i = 0; i < image.length; i++) {
            padded[i / (c * w * h)][i / (c * w) % h + pad][i / c % w + pad][i % c] = image[i];
        }
        double[] expected = new double[(int) g.y().size()];
        for (int i = 0; i < expected.length; i++) {
            int top = i / (k * g.q()) % g.p() * stride;
            int left = i / k % g.q() * stride;
            for (int j = 0; j < r * s * c; j++) {
                expected[i] += padded[i / (k * g.q() * g.p())][top + j / (s * c)][left
                        + j / c % s][j % c] * filter[i % k * r * s * c + j];
            }
        }
        try (Rig rig = new Rig(DType.F32)) {
            Buffer y = rig.result("y", g.y());
            Buffer x = rig.real("x", g.x(), image);
            Buffer weights = rig.real("w", g.filter(), filter);
            rig.run(rec -> rec.conv2dForward("conv", g, y, x, weights));
            assertArrayEquals(expected, rig.get(y));
        }
    }

    /** Integers in -range .. range that repeat at no power of two. */
    private static double[] whole(Shape shape, int range) {
        double[] v = new double[(int) shape.size()];
        for (int i = 0; i < v.length; i++) {
            v[i] = i * 37 % (2 * range + 1) - range;
        }
        return v;
    }
}
