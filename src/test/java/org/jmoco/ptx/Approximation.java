package org.jmoco.ptx;

/**
 * How the approximate functions (PTX ISA 9.7.3: {@code .approx}, {@code .full}) err. The ISA gives bounds, not values, so no
 * emulation can return a device's bits. By default the exact result rounded to nearest is returned; {@link #perturb} moves each
 * result, by a fraction of its bound that depends on nothing but the value, so that a test can show that a kernel's result
 * stays within its tolerance whatever a device does inside the bounds.
 */
public final class Approximation {
    private static volatile int seed;

    private Approximation() {
    }

    /** Results of approximate functions err from now on, differently for each seed; 0: they do not. */
    public static void perturb(int newSeed) {
        seed = newSeed;
    }

    /** A number in [-1, 1] that the exact value and the seed decide. */
    private static double fraction(double exact) {
        long h = (Double.doubleToRawLongBits(exact) ^ seed * 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
        h = (h ^ h >>> 31) * 0x94d049bb133111ebL;
        return (h >> 11) * 0x1p-52;
    }

    private static boolean untouched(double exact) {
        return seed == 0 || exact == 0 || Double.isNaN(exact) || Double.isInfinite(exact);
    }

    static float ulps(double exact, int bound) {
        if (untouched(exact)) {
            return Bits.canonical((float) exact);
        }
        // Rounding adds half a unit of its own.
        return Bits.canonical((float) (exact + fraction(exact) * (bound - 0.5) * Math.ulp((float) exact)));
    }

    static float relative(double exact, double bound) {
        return absolute(exact, Math.abs(exact) * bound);
    }

    static float absolute(double exact, double bound) {
        if (untouched(exact)) {
            return Bits.canonical((float) exact);
        }
        double room = Math.max(0, bound - 0.5 * Math.ulp((float) exact));
        return Bits.canonical((float) (exact + fraction(exact) * room));
    }
}
