package org.jmoco.backend;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.backend.conformance.OpCase;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.tensor.HostTensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every operation of a backend against the reference backend, and against itself with another number of threads. A backend's
 * test extends this and says how to open it. {@code -Dcase=TEXT} keeps only the cases whose problem string contains TEXT.
 */
public abstract class BackendConformanceTest {
    /** Number of threads that divides few of the sizes. */
    private static final int SEVERAL = 3;

    /** A new backend of {@code threads} threads; the suite closes it. */
    protected abstract Backend open(int threads);

    /** Whether a case is of interest to this backend: all are, unless this is overridden. */
    protected boolean covers(String problem) {
        return true;
    }

    @TestFactory
    Stream<DynamicTest> operations() {
        String only = System.getProperty("case", "");
        List<OpCase> cases;
        try (Backend backend = open(1)) {
            cases = OpCases.all().stream().filter(c -> c.problem().contains(only) && covers(c.problem()) && c.runsOn(backend))
                    .toList();
        }
        return cases.stream().map(c -> DynamicTest.dynamicTest(c.problem(), () -> {
            Map<String, HostTensor> alone = c.compareWithReference(open(1));
            c.run(open(SEVERAL)).forEach((name, t) -> {
                if (!t.bitEquals(alone.get(name))) {
                    throw new AssertionError(c.problem() + ": " + name + " with " + SEVERAL
                            + " threads is not what 1 thread gives");
                }
            });
        }));
    }
}
