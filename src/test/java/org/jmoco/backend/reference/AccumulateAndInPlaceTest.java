package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Variants of one operation: accumulating adds to what is there, and work in place gives what work apart gives. */
class AccumulateAndInPlaceTest {
    private static void assertAdded(Rig rig, Buffer overwritten, Buffer accumulated, double[] before) {
        double[] expected = rig.get(overwritten);
        for (int i = 0; i < expected.length; i++) {
            expected[i] += before[i];
        }
        assertArrayEquals(expected, rig.get(accumulated), accumulated.name());
    }

    private static double[] counting(Shape shape) {
        double[] v = new double[(int) shape.size()];
        for (int i = 0; i < v.length; i++) {
            v[i] = i + 1;
        }
        return v;
    }

    @Test
    void convolution() {
        ConvGeometry g = new ConvGeometry(2, 7, 5, 3, 4, 3, 3, 2, 1);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.uniform("x", g.x());
            Buffer w = rig.uniform("w", g.filter());
            Buffer dy = rig.uniform("dy", g.y());
            Buffer dx = rig.result("dx", g.x());
            Buffer dw = rig.result("dw", g.filter());
            Buffer moreDx = rig.real("dx accumulated", g.x(), counting(g.x()));
            Buffer moreDw = rig.real("dw accumulated", g.filter(), counting(g.filter()));
            rig.run(rec -> {
                rec.conv2dBackwardData("conv", g, dx, dy, w, false);
                rec.conv2dBackwardData("conv", g, moreDx, dy, w, true);
                rec.conv2dBackwardWeights("conv", g, dw, x, dy, false);
                rec.conv2dBackwardWeights("conv", g, moreDw, x, dy, true);
            });
            assertAdded(rig, dx, moreDx, counting(g.x()));
            assertAdded(rig, dw, moreDw, counting(g.filter()));
        }
    }

    @Test
    void linear() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.uniform("x", Shape.of(7, 5));
            Buffer dy = rig.uniform("dy", Shape.of(7, 3));
            Shape weights = Shape.of(3, 5);
            Buffer dw = rig.result("dw", weights);
            Buffer db = rig.result("db", Shape.of(3));
            Buffer moreDw = rig.real("dw accumulated", weights, counting(weights));
            Buffer moreDb = rig.real("db accumulated", Shape.of(3), counting(Shape.of(3)));
            rig.run(rec -> {
                rec.linearBackwardWeights("fc", dw, db, x, dy, false);
                rec.linearBackwardWeights("fc", moreDw, moreDb, x, dy, true);
            });
            assertAdded(rig, dw, moreDw, counting(weights));
            assertAdded(rig, db, moreDb, counting(Shape.of(3)));
        }
    }

    @Test
    void infoNceAddsLossAndCorrectButOverwritesTheGradient() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer q = rig.uniform("q", Shape.of(7, 5));
            Buffer k = rig.uniform("k", Shape.of(7, 5));
            Buffer queue = rig.uniform("queue", Shape.of(2, 5));
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dq = rig.result("dq", q.shape());
            Buffer moreLoss = rig.real("loss accumulated", Shape.SCALAR, 3);
            Buffer moreCorrect = rig.ints("correct accumulated", Shape.SCALAR, 100);
            Buffer dqAgain = rig.result("dq again", q.shape());
            rig.run(rec -> {
                rec.infoNce("loss", loss, correct, dq, q, k, queue, 0.5, false);
                rec.infoNce("loss", moreLoss, moreCorrect, dqAgain, q, k, queue, 0.5, true);
            });
            assertAdded(rig, loss, moreLoss, new double[] {3});
            assertEquals(rig.getInts(correct)[0] + 100, rig.getInts(moreCorrect)[0]);
            assertArrayEquals(rig.get(dq), rig.get(dqAgain));
        }
    }

    @Test
    void batchNormBackward() {
        BatchNormGeometry g = new BatchNormGeometry(6, 3, 2, 5, 2, 1e-5, 0.1);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.uniform("x", g.x());
            Buffer y = rig.uniform("y", g.x());
            Buffer gamma = rig.uniform("gamma", g.perChannel());
            Buffer mean = rig.uniform("mean", g.saved());
            Buffer invStd = rig.uniform("invStd", g.saved());
            Buffer dy = rig.uniform("dy", g.x());
            Buffer dyInPlace = rig.result("dy in place", g.x());
            Buffer dx = rig.result("dx", g.x());
            Buffer dz = rig.result("dResidual", g.x());
            Buffer dgamma = rig.result("dgamma", g.perChannel());
            Buffer dbeta = rig.result("dbeta", g.perChannel());
            Buffer dxAgain = rig.result("dx again", g.x());
            Buffer moreGamma = rig.real("dgamma accumulated", g.perChannel(), counting(g.perChannel()));
            Buffer moreBeta = rig.real("dbeta accumulated", g.perChannel(), counting(g.perChannel()));
            rig.run(rec -> {
                rec.copy("dy", dyInPlace, dy);
                rec.batchNormBackward("bn", g, dx, dz, dgamma, dbeta, dy, x, y, gamma, mean, invStd, true, false);
                rec.batchNormBackward("bn", g, dxAgain, dyInPlace, moreGamma, moreBeta, dyInPlace, x, y, gamma, mean, invStd,
                        true, true);
            });
            assertArrayEquals(rig.get(dx), rig.get(dxAgain));
            assertArrayEquals(rig.get(dz), rig.get(dyInPlace));
            assertAdded(rig, dgamma, moreGamma, counting(g.perChannel()));
            assertAdded(rig, dbeta, moreBeta, counting(g.perChannel()));
        }
    }

    @Test
    void relu() {
        Shape shape = Shape.of(7, 13);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.uniform("x", shape);
            Buffer y = rig.result("y", shape);
            Buffer dy = rig.uniform("dy", shape);
            Buffer dx = rig.result("dx", shape);
            Buffer both = rig.result("x then y", shape);
            Buffer gradient = rig.result("dy then dx", shape);
            rig.run(rec -> {
                rec.copy("x", both, x);
                rec.copy("dy", gradient, dy);
                rec.reluForward("relu", y, x);
                rec.reluForward("relu", both, both);
                rec.reluBackward("relu", dx, dy, y);
                rec.reluBackward("relu", gradient, gradient, y);
            });
            assertArrayEquals(rig.get(y), rig.get(both));
            assertArrayEquals(rig.get(dx), rig.get(gradient));
        }
    }
}
