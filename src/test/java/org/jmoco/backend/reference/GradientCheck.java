package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.DType;

/**
 * Central differences in f64 against a backward operation. With L = sum of dy y, the analytic gradient dx must be
 * (L(x + h) - L(x - h)) / 2 h for each element of x.
 *
 * <p>h = 2^-17, near the cube root of 2^-53 where the two errors balance. Allowed is their sum: h^2 times a bound T on a sixth
 * of the third derivative of each y, and the rounding of y, {@code terms} 2^-53 of its magnitude, divided by h; both weighted
 * by |dy|.
 */
final class GradientCheck {
    private static final double H = 0x1p-17;

    private final Rig rig;
    private final Program forward;
    private final Program backward;

    /** Records both programs and starts the rig. */
    GradientCheck(Rig rig, Consumer<Recorder> forward, Consumer<Recorder> backward) {
        this.rig = rig;
        this.forward = rig.record(forward);
        this.backward = rig.record(backward);
        rig.start();
        this.forward.run();
    }

    static Rig rig() {
        return new Rig(DType.F64);
    }

    /**
     * @param dy weights of y in L, the operand of backward; null if y is the loss itself
     * @param third T: largest sixth of a third derivative of y by one x; 0 where y is linear in it
     * @param terms length of the sums behind one y
     */
    void check(Buffer x, Buffer dx, Buffer y, Buffer dy, double third, int terms) {
        forward.run();
        backward.run();
        double[] analytic = rig.get(dx);
        double[] weights = dy == null ? new double[] {1} : rig.get(dy);
        double[] at = rig.get(x);
        double sumOfWeights = 0;
        double magnitude = 1;
        for (double w : weights) {
            sumOfWeights += Math.abs(w);
        }
        for (double v : rig.get(y)) {
            magnitude = Math.max(magnitude, Math.abs(v));
        }
        double allowed = sumOfWeights * (H * H * third + 2 * terms * 0x1p-53 * magnitude / H);
        for (int i = 0; i < at.length; i++) {
            double numeric = (lossAt(x, at, i, H, y, weights) - lossAt(x, at, i, -H, y, weights)) / (2 * H);
            int element = i;
            assertTrue(Math.abs(numeric - analytic[i]) <= allowed,
                    () -> dx + " by " + x + ", element " + element + ": backward gives " + analytic[element] + ", differences "
                    + numeric + ", allowed " + allowed);
        }
        rig.set(x, at);
    }

    private double lossAt(Buffer x, double[] at, int i, double step, Buffer y, double[] weights) {
        double[] moved = at.clone();
        moved[i] += step;
        rig.set(x, moved);
        forward.run();
        double[] values = rig.get(y);
        double sum = 0;
        for (int j = 0; j < values.length; j++) {
            sum += weights[j] * values[j];
        }
        return sum;
    }
}
