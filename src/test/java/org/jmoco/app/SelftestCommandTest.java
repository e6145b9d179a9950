package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Supplier;
import org.jmoco.app.selftest.SelftestReport;
import org.jmoco.app.selftest.StepSelftest;
import org.jmoco.backend.Backend;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.backend.cpu.CpuBackend;
import org.junit.jupiter.api.Test;

class SelftestCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void theQuickOneTriesEveryOperationAndTheStep() {
        assertEquals(0, run("selftest", "--backend", "cpu", "--quick"), out.toString() + err);
        try (Backend cpu = CpuBackend.open(1)) {
            assertQuickOnePassed(out.toString(), cpu);
        }
    }

    /** A case of each operation that the backend has, and the five parts of the step. */
    static void assertQuickOnePassed(String text, Backend backend) {
        long parts = 5 + OpCases.all().stream().filter(c -> c.runsOn(backend)).map(c -> c.problem().split(" ")[0]).distinct()
                .count();
        assertTrue(text.startsWith("selftest on " + backend.name() + ": "), text);
        assertEquals(parts, text.lines().filter(l -> l.startsWith("PASS ") && !l.contains(" parts passed")).count(), text);
        assertTrue(text.contains("PASS step: interrupted and resumed, the same bits"), text);
        assertTrue(text.endsWith("PASS " + parts + " of " + parts + " parts passed" + System.lineSeparator()), text);
    }

    @Test
    void casesByText() {
        assertEquals(0, run("selftest", "--backend", "cpu", "--case", "relu_fwd"));
        assertTrue(out.toString().lines().filter(l -> l.startsWith("PASS relu_fwd")).count() > 1, out.toString());
        assertFalse(out.toString().contains("step:"), out.toString());
        assertEquals(0, run("selftest", "--backend", "cpu", "--case", "sgd,softmax", "--quick"));
        assertTrue(out.toString().endsWith("2 of 2 parts passed" + System.lineSeparator()), out.toString());
        assertEquals(2, run("selftest", "--backend", "cpu", "--case", "no such thing"));
        assertTrue(err.toString().contains("no case contains that"), err.toString());
    }

    @Test
    void aFailureIsTheReasonAndTheRestFollows() {
        SelftestReport report = new SelftestReport(new PrintWriter(out), true);
        report.part("a", () -> {
            throw new AssertionError("wrong by 1");
        });
        report.part("b", () -> { });
        assertFalse(report.end());
        assertEquals("FAIL a: wrong by 1\nPASS b\nFAIL 1 of 2 parts passed; the first that failed: a\n",
                out.toString().replace("\r", ""));
    }

    /** What cannot even be opened fails its parts and no others. */
    @Test
    void aBackendThatCannotBeOpenedFailsEveryPart() {
        SelftestReport report = new SelftestReport(new PrintWriter(out), false);
        Supplier<Backend> works = () -> CpuBackend.open(1);
        Supplier<Backend> broken = () -> {
            throw new IllegalStateException("no device");
        };
        new StepSelftest(true).run(report, works, broken, "otherwise");
        assertEquals(1, report.failed().size(), out.toString());
        assertTrue(out.toString().contains("FAIL step: otherwise, the same bits: no device"), out.toString());
        SelftestReport all = new SelftestReport(new PrintWriter(out), false);
        new StepSelftest(true).run(all, broken, broken, "otherwise");
        assertEquals(5, all.failed().size(), out.toString());
    }
}
