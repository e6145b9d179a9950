package org.jmoco.train;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * Feature vectors in the plane in which they vary most: the first two principal components (Pearson 1901), by the eigenvectors of
 * their covariance.
 *
 * @param points N x 2: centred features times the two eigenvectors
 * @param shares of the two components in the whole variance, the larger first; 0 where nothing varies
 */
public record PrincipalPlane(double[][] points, double[] shares) {
    private static final int COMPONENTS = 2;

    /**
     * An eigenvector's sign is free; here its largest element is positive, so that a picture is the same every time.
     *
     * @param features N x D, with N and D at least 2
     */
    public static PrincipalPlane of(HostTensor features) {
        int n = features.shape().dim(0);
        int d = features.shape().dim(1);
        if (n < COMPONENTS || d < COMPONENTS) {
            throw UserError.failed("map of features: " + n + " images with " + d
                    + " features each; two of both are needed at least");
        }
        double[][] centred = centred(features, n, d);
        RealMatrix x = new Array2DRowRealMatrix(centred, false); // N x D
        RealMatrix covariance = x.transpose().multiply(x).scalarMultiply(1.0 / (n - 1)); // D x D
        EigenDecomposition eigen = new EigenDecomposition(covariance); // values fall
        double whole = covariance.getTrace();
        double[][] points = new double[n][COMPONENTS];
        double[] shares = new double[COMPONENTS];
        for (int c = 0; c < COMPONENTS; c++) {
            double[] axis = eigen.getEigenvector(c).toArray();
            double sign = sign(axis);
            double[] along = x.operate(axis);
            for (int i = 0; i < n; i++) {
                points[i][c] = sign * along[i];
            }
            shares[c] = whole > 0 ? Math.max(0, eigen.getRealEigenvalue(c)) / whole : 0;
        }
        return new PrincipalPlane(points, shares);
    }

    private static double[][] centred(HostTensor features, int n, int d) {
        double[][] x = new double[n][d];
        double[] mean = new double[d];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < d; j++) {
                x[i][j] = features.get(i * d + j);
                if (!Double.isFinite(x[i][j])) {
                    throw UserError.failed("map of features: feature " + j + " of image " + i + " is " + x[i][j]
                            + "; the network is broken");
                }
                mean[j] += x[i][j] / n;
            }
        }
        for (double[] row : x) {
            for (int j = 0; j < d; j++) {
                row[j] -= mean[j];
            }
        }
        return x;
    }

    private static double sign(double[] axis) {
        double largest = 0;
        for (double a : axis) {
            largest = Math.abs(a) > Math.abs(largest) ? a : largest;
        }
        return largest < 0 ? -1 : 1;
    }
}
