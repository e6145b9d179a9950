package org.jmoco.backend.conformance;

import java.util.Map;
import org.jmoco.tensor.HostTensor;

/** How far an element may be from the reference backend's: a formula over the case's data, with its reason. */
@FunctionalInterface
interface Tolerance {
    /** Largest allowed difference of element {@code i} of operand {@code name}; at least 0. */
    double allowed(String name, int i, Evidence e);

    /** No difference: moved values, or sums of small integers. */
    Tolerance EXACT = (name, i, e) -> 0;

    /** The bound of Ops for a sum of {@code terms} products: 2 L eps times the sum of the absolute products. */
    static Tolerance products(long terms) {
        return (name, i, e) -> 2 * terms * e.eps() * e.magnitude(name, i);
    }

    /** Relative to the value itself: for chains of products, quotients and roots, {@code roundings} half units of error. */
    static Tolerance relative(double roundings) {
        return (name, i, e) -> roundings * e.eps() * Math.abs(e.expected(name, i));
    }

    /** Data and results of a case, for formulas. */
    final class Evidence {
        private final OpCase c;
        private final double eps;
        private final Map<String, HostTensor> expected;
        private Map<String, HostTensor> magnitudes;

        Evidence(OpCase c, double eps, Map<String, HostTensor> expected) {
            this.c = c;
            this.eps = eps;
            this.expected = expected;
        }

        /** Half a unit in the last place of 1. */
        double eps() {
            return eps;
        }

        double before(String name, int i) {
            return c.before(name)[i];
        }

        double[] before(String name) {
            return c.before(name);
        }

        double expected(String name, int i) {
            return expected.get(name).get(i);
        }

        double magnitude(String name, int i) {
            if (magnitudes == null) {
                magnitudes = c.magnitudes();
            }
            return magnitudes.get(name).get(i);
        }
    }
}
