package org.jmoco.app.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.Test;

class GoldenReportTest {
    private final StringWriter out = new StringWriter();

    private boolean passes(GoldenReport report) {
        out.getBuffer().setLength(0);
        return report.print(new PrintWriter(out), "file");
    }

    @Test
    void notANumberIsNotForgottenWhenGoodValuesFollow() {
        GoldenReport report = new GoldenReport(DType.F64);
        report.number("loss", "step 1", Double.NaN, 1, null);
        report.number("loss", "step 2", 1, 1, null);
        assertEquals(false, passes(report));
        assertTrue(out.toString().contains("at step 1"), out.toString());
    }

    @Test
    void boundsInF64AreTighterForLosses() {
        for (String kind : new String[] {"loss", "gradient"}) {
            GoldenReport report = new GoldenReport(DType.F64);
            report.number(kind, "x", 1 + 5e-9, 1, null);
            assertEquals(kind.equals("gradient"), passes(report), kind);
        }
    }

    @Test
    void boundsInF32FollowTheRecordOfTheOtherFloat32Run() {
        double peer = 1e-4;
        for (double factor : new double[] {2.9, 3.1}) {
            GoldenReport report = new GoldenReport(DType.F32);
            report.number("gradient", "x", 1 + factor * peer, 1, JsonNodeFactory.instance.numberNode(1 - peer));
            assertEquals(factor < 3, passes(report), out.toString());
        }
    }

    /** A record of the sum that is near 0 by luck does not bind alone, and what is lent is the values' record and no more. */
    @Test
    void aSumIsBoundByTheRecordOfItsValuesToo() {
        for (double factor : new double[] {2.9, 3.1}) {
            GoldenReport report = new GoldenReport(DType.F32);
            report.element("elements", "x", 1, 1, JsonNodeFactory.instance.numberNode(1 + 1e-4), 1);
            report.element("checksum", "sum", 5 + 5 * factor * 1e-4, 5, JsonNodeFactory.instance.numberNode(5), 5);
            report.sumOf("elements", "checksum");
            assertEquals(factor < 3, passes(report), out.toString());
            assertTrue(out.toString().contains("torch f32  1.00e-04 (elements)"), out.toString());
        }
        GoldenReport alone = new GoldenReport(DType.F32);
        alone.element("checksum", "sum", 5.1, 5, JsonNodeFactory.instance.numberNode(5), 5);
        alone.sumOf("elements", "checksum");
        assertEquals(false, passes(alone), out.toString());
        assertEquals(2, out.toString().lines().count(), "a kind without values is not listed: " + out);
    }

    @Test
    void smallElementsAreMeasuredOnTheScaleOfTheirTensor() {
        GoldenReport report = new GoldenReport(DType.F64);
        report.element("weights", "x", 1e-12, 0, null, 1);
        assertEquals(true, passes(report));
        report.element("weights", "y", 1e-12, 0, null, 0);
        assertEquals(false, passes(report));
    }

    @Test
    void integersAreEqualOrFailWhateverTheType() {
        GoldenReport report = new GoldenReport(DType.F32);
        report.equal("pointer", "step 1", 32, 32);
        assertEquals(true, passes(report));
        report.equal("pointer", "step 2", 64, 63);
        assertEquals(false, passes(report));
        assertTrue(out.toString().contains("step 2 is 64") && out.toString().contains("expected 63"), out.toString());
    }

    @Test
    void nothingComparedIsNoPass() {
        assertEquals(false, passes(new GoldenReport(DType.F64)));
    }
}
