package org.jmoco.backend.conformance;

import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Half;
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

    /** {@link #products} where the operands may be rounded before they are multiplied, by matrix hardware. */
    static Tolerance matrixProducts(long terms) {
        return (name, i, e) -> (2 * terms * e.eps() + Roundoffs.ofProduct(e.roundoffs().products())) * e.magnitude(name, i);
    }

    /** Relative to the value itself: for chains of products, quotients and roots, {@code roundings} half units of error. */
    static Tolerance relative(double roundings) {
        return (name, i, e) -> roundings * e.eps() * Math.abs(e.expected(name, i));
    }

    /**
     * How a backend rounds: half units in the last place of 1.
     *
     * @param real of its real type
     * @param maps the type of its feature maps, null if they are real
     * @param products of operands before they are multiplied, 0 if they are multiplied as they are
     * @param contrasts likewise in InfoNCE
     */
    record Roundoffs(double real, DType maps, double products, double contrasts) {
        static Roundoffs of(Backend b) {
            return new Roundoffs(b.real() == DType.F64 ? 0x1p-53 : 0x1p-24, b.featureMaps() == b.real() ? null : b.featureMaps(),
                    b.productRoundoff(), b.contrastRoundoff());
        }

        /** Largest error of storing a feature map's value of at most {@code magnitude}. */
        double ofMap(double magnitude) {
            return maps == null ? 0 : maps.roundoff() * magnitude + (maps == DType.F16 ? Half.UNDERFLOW : 0);
        }

        /** Relative error of a product of two rounded numbers: (1 + u)^2 - 1. */
        static double ofProduct(double u) {
            return 2 * u + u * u;
        }
    }

    /** Data and results of a case, for formulas. */
    final class Evidence {
        private final OpCase c;
        private final Roundoffs roundoffs;
        private final Map<String, HostTensor> expected;
        private Map<String, HostTensor> magnitudes;

        Evidence(OpCase c, Roundoffs roundoffs, Map<String, HostTensor> expected) {
            this.c = c;
            this.roundoffs = roundoffs;
            this.expected = expected;
        }

        /** Half a unit in the last place of 1. */
        double eps() {
            return roundoffs.real();
        }

        Roundoffs roundoffs() {
            return roundoffs;
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
