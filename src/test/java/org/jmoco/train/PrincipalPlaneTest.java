package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class PrincipalPlaneTest {
    /**
     * Two orthogonal directions in four dimensions, with deviations 3 and 1 and an offset: they are found again, and nothing is
     * left over.
     */
    @Test
    void findsThePlaneThatPointsWereMadeIn() {
        int n = 60;
        double[] u = {0.5, 0.5, 0.5, -0.5};
        double[] v = {0.5, -0.5, 0.5, 0.5};
        double[][] made = new double[n][2];
        double[] x = new double[n * 4];
        Philox random = new Philox(5, Philox.Purpose.TEST, 0, 0);
        double[] mean = new double[2];
        for (int i = 0; i < n; i++) {
            made[i] = new double[] {3 * random.nextGaussian(), random.nextGaussian()};
            mean[0] += made[i][0] / n;
            mean[1] += made[i][1] / n;
            for (int j = 0; j < 4; j++) {
                x[4 * i + j] = 7 + made[i][0] * u[j] + made[i][1] * v[j];
            }
        }
        PrincipalPlane plane = PrincipalPlane.of(HostTensor.of(Shape.of(n, 4), x));
        assertEquals(1, plane.shares()[0] + plane.shares()[1], 1e-12);
        assertTrue(plane.shares()[0] > 0.8, "9 of 10 parts: " + plane.shares()[0]);
        double across = 0;
        for (int i = 0; i < n; i++) {
            double distance = Math.hypot(made[i][0] - mean[0], made[i][1] - mean[1]);
            assertEquals(distance, Math.hypot(plane.points()[i][0], plane.points()[i][1]), 1e-9, "lengths are kept, image " + i);
            across += plane.points()[i][0] * plane.points()[i][1];
        }
        assertEquals(0, across, 1e-9, "the components are uncorrelated");
    }

    @Test
    void theSignIsThatOfTheLargestElement() {
        double[] x = {-2, 0.1, 0, 0, 2, -0.1};
        PrincipalPlane plane = PrincipalPlane.of(HostTensor.of(Shape.of(3, 2), x));
        assertTrue(plane.points()[0][0] < 0 && plane.points()[2][0] > 0, "along the first feature, not against it");
    }

    @Test
    void featuresThatDoNotVaryHaveNoShares() {
        PrincipalPlane plane = PrincipalPlane.of(HostTensor.of(Shape.of(3, 2), new double[] {1, 1, 1, 1, 1, 1}));
        assertEquals(0, plane.shares()[0]);
    }

    @Test
    void aBrokenNetworkIsNamed() {
        assertTrue(assertThrows(UserError.class,
                () -> PrincipalPlane.of(HostTensor.of(Shape.of(2, 2), new double[] {1, 2, Double.NaN, 1}))).getMessage()
                .contains("feature 0 of image 1 is NaN"));
        assertThrows(UserError.class, () -> PrincipalPlane.of(HostTensor.of(Shape.of(1, 2), new double[] {1, 2})));
    }
}
