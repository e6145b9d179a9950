package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final List<Gate.Bound> BOUNDS =
            Gate.parse("# ratios\nstep >= 1.5 # of the product\n\nlaunches = 4\nbytes <= 10\n");

    private static boolean passes(double step, double launches, double bytes) {
        return Gate.passes(Gate.judge(new ResultTable(Map.of()), BOUNDS,
                Map.of("step", step, "launches", launches, "bytes", bytes)));
    }

    @Test
    void whatIsBeyondItsBoundFails() {
        assertTrue(passes(1.5, 4, 10));
        assertFalse(passes(1.49, 4, 10));
        assertFalse(passes(Double.NaN, 4, 10));
        assertFalse(passes(1.5, 5, 10));
        assertFalse(passes(1.5, 3, 10));
        assertFalse(passes(1.5, 4, 10.5));
    }

    @Test
    void boundsAndMeasurementsBelongTogether() {
        ResultTable table = new ResultTable(Map.of());
        assertThrows(UserError.class, () -> Gate.judge(table, BOUNDS, Map.of("step", 2.0)));
        assertThrows(UserError.class,
                () -> Gate.judge(table, BOUNDS, Map.of("step", 2.0, "launches", 4.0, "bytes", 1.0, "views", 1.0)));
        for (String wrong : List.of("step fast", "step >= fast", "step > 1", "step")) {
            assertThrows(UserError.class, () -> Gate.parse(wrong), wrong);
        }
    }

    /** The counted part of the gate, against the bounds that ship: it needs no clock, so the tests hold it too. */
    @Test
    void countsOfAStepAreThoseThatShip() throws Exception {
        List<Gate.Bound> bounds = Gate.parse(Files.readString(Path.of("benchmarks/gate.txt")));
        Map<String, Double> counts = GateCounts.ofStep();
        counts.forEach((name, value) -> {
            Gate.Bound b = bounds.stream().filter(x -> x.name().equals(name)).findFirst()
                    .orElseThrow(() -> new AssertionError("no bound for " + name));
            assertTrue(b.holds(value), name + " is " + value + ", must be " + b.relation() + " " + b.value());
        });
        assertEquals(counts.size() + 8, bounds.size(), "ratios and counts that have bounds");
    }
}
