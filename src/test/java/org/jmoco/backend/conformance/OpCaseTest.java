package org.jmoco.backend.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.conformance.OpCase.Launch;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The suite finds faults: y = max(x, 0) over 7 x 3, with something wrong on the backend under test. */
class OpCaseTest {
    private static final Shape SHAPE = Shape.of(7, 3);
    private static final Launch RELU = (rec, b) -> rec.reluForward("case", b.get("y"), b.get("x"));

    /** Runs {@code faulty} on the backend under test, which records first, and ReLU on the reference backend. */
    private static String messageOf(Tolerance tolerance, Launch faulty) {
        boolean[] first = {true};
        OpCase c = new OpCase("relu_fwd x7x3").out("y", SHAPE, tolerance).in("x", SHAPE, OpCase.UNIFORM).records((rec, b) -> {
            (first[0] ? faulty : RELU).record(rec, b);
            first[0] = false;
        });
        return assertThrows(AssertionError.class, () -> c.compareWithReference(ReferenceBackend.open(DType.F32, 1))).getMessage();
    }

    private static Buffer element(Buffer root, int i) {
        return root.view("element", i, Shape.SCALAR);
    }

    @Test
    void aWrongElementIsNamedWithIndexAndValues() {
        String message = messageOf(Tolerance.EXACT, (rec, b) -> {
            RELU.record(rec, b);
            rec.fill("fault", element(b.get("y"), 3 * 5 + 2), 17);
        });
        assertTrue(message.contains("y[5,2] (element 17 of 21) is 17.0, expected 0."), message);
        assertTrue(message.contains("--case 'relu_fwd x7x3'"), message);
    }

    @Test
    void theWorstElementCounts() {
        String message = messageOf((name, i, e) -> i == 4 ? 100 : 1, (rec, b) -> {
            RELU.record(rec, b);
            rec.fill("far off, but allowed more", element(b.get("y"), 4), 90);
            rec.fill("fault", element(b.get("y"), 5), 3);
            rec.fill("worse fault", element(b.get("y"), 6), -5);
        });
        assertTrue(message.contains("y[2,0] (element 6 of 21) is -5.0"), message);
        assertTrue(message.contains("allowed 1.0"), message);
    }

    @Test
    void anElementThatIsNotWrittenShows() {
        String message = messageOf((name, i, e) -> 1e9, (rec, b) ->
                rec.reluForward("case", b.get("y").view("most of y", 0, Shape.of(20)),
                        b.get("x").view("most of x", 0, Shape.of(20))));
        assertTrue(message.contains("y[6,2] (element 20 of 21) is NaN"), message);
    }

    @Test
    void writingOutsideShows() {
        for (int outside : new int[] {15, 16 + 21}) { // just before and just behind the operand in its guarded root
            String message = messageOf(Tolerance.EXACT, (rec, b) -> {
                RELU.record(rec, b);
                rec.fill("fault", element(b.get("y").root(), outside), 0);
            });
            assertTrue(message.contains("wrote outside of y, at element " + (outside - 16)), message);
        }
    }

    @Test
    void readingOutsideShows() {
        String message = messageOf((name, i, e) -> 1e9, (rec, b) ->
                rec.reluForward("case", b.get("y"), b.get("x").root().view("x, one too far", 17, SHAPE)));
        assertTrue(message.contains("is NaN"), message);
    }

    @Test
    void aChangedInputShows() {
        String message = messageOf(Tolerance.EXACT, (rec, b) -> {
            RELU.record(rec, b);
            rec.fill("fault", element(b.get("x"), 3), 0);
        });
        assertTrue(message.contains("changed x, at element 3 of 21"), message);
    }

    @Test
    void aResultThatIsNotRepeatedShows() {
        String message = messageOf((name, i, e) -> 1e9, (rec, b) -> {
            // Half of this transient is never overwritten, so it carries something over from the run before.
            Buffer state = rec.activation("state", Shape.of(2));
            rec.fill("half of it", element(state, 1), 1);
            RELU.record(rec, b);
            rec.copy("out", b.get("y").view("two of y", 0, Shape.of(2)), state);
            rec.momentumUpdate("in", state, b.get("x").view("two of x", 0, Shape.of(2)), 0.5);
        });
        assertTrue(message.contains("y differs between two runs"), message);
    }
}
