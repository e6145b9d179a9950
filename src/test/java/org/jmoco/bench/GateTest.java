package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final List<Gate.Bound> BOUNDS = Gate.parse("# ratios\nstep 1.5 # of the product\n\nsgd 0.4\n");

    @Test
    void aRatioBelowItsBoundFails() {
        assertTrue(Gate.passes(Gate.judge(Map.of(), BOUNDS, Map.of("step", 1.5, "sgd", 0.9))));
        assertFalse(Gate.passes(Gate.judge(Map.of(), BOUNDS, Map.of("step", 1.49, "sgd", 0.9))));
        assertFalse(Gate.passes(Gate.judge(Map.of(), BOUNDS, Map.of("step", Double.NaN, "sgd", 0.9))));
    }

    @Test
    void boundsAndRatiosBelongTogether() {
        assertThrows(UserError.class, () -> Gate.judge(Map.of(), BOUNDS, Map.of("step", 2.0)));
        assertThrows(UserError.class, () -> Gate.judge(Map.of(), BOUNDS, Map.of("step", 2.0, "sgd", 1.0, "views", 1.0)));
        assertThrows(UserError.class, () -> Gate.parse("step fast"));
    }
}
