package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jmoco.tensor.DType;

/**
 * Errors of one file, gathered by kind of value ({@code loss step 2}, {@code gradient step 1 norm}).
 *
 * <p>The error of a number x against the float64 record e is |x - e| / scale. The scale is |e|, but for an element of a tensor
 * at least the tensor's root mean square: an element that is small by cancellation has the rounding errors of its neighbours.
 * The error of an integer is |x - e| itself. What is not a number, or not recorded, is off by infinity.
 *
 * <p>Bounds. Integers: 0. In f64: 1e-9 for losses, 1e-8 for the rest. In f32: three times the largest error that PyTorch's own
 * float32 record shows for that kind, measured in the same way, plus {@value #FLOOR_EPSILONS} float32 epsilons. With products in
 * a narrower type of unit roundoff u (tf32: 2^-11, bf16: 2^-8) the f32 bound times u / 2^-24, as errors grow with the roundoff,
 * but at most 1: what is off by its own size is wrong in every type. Where the f32 bound is above 1e-4 in bf16, that is all it
 * can tell.
 */
final class GoldenReport {
    private static final int FLOOR_EPSILONS = 8;
    private static final double PEER_FACTOR = 3;
    private static final double F32_ROUNDOFF = 0x1p-24;

    private static final class Kind {
        final boolean integers;
        double worst;
        String where = "";
        double peer = Double.NaN; // none recorded
        String peerOf = ""; // the kind that lent its own, larger one
        long values;

        Kind(boolean integers) {
            this.integers = integers;
        }

        /** @return true if this is the worst so far */
        boolean add(double error, String where) {
            values++;
            double e = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
            if (e > worst) {
                worst = e;
                this.where = where;
                return true;
            }
            return false;
        }
    }

    private final boolean exact;
    private final double widening;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();
    private final Set<String> notes = new LinkedHashSet<>();

    GoldenReport(DType dtype) {
        this(dtype, 0);
    }

    /** @param roundoff of the narrowest type in use, 0 if that is {@code dtype} */
    GoldenReport(DType dtype, double roundoff) {
        exact = dtype == DType.F64;
        widening = roundoff == 0 ? 1 : roundoff / F32_ROUNDOFF;
    }

    /** A line that is neither PASS nor FAIL, said once. */
    void note(String text) {
        notes.add(text);
    }

    /** Tells of entries of a record that nothing of ours is compared with. */
    void noteOthers(JsonNode record, Predicate<String> compared) {
        record.fieldNames().forEachRemaining(name -> {
            if (!compared.test(name)) {
                note("\"" + name + "\" is recorded but not compared: nothing here computes it");
            }
        });
    }

    /** One number against its two records. @param peer the float32 record, or null if the file has none */
    void number(String kind, String where, double got, double expected, JsonNode peer) {
        element(kind, where, got, expected, peer, 0);
    }

    /** One element of a tensor. @param rms the tensor's root mean square */
    void element(String kind, String where, double got, double expected, JsonNode peer, double rms) {
        double scale = Math.max(Math.max(Math.abs(expected), rms), Double.MIN_NORMAL);
        Kind k = kind(kind, false);
        k.add(Math.abs(got - expected) / scale, where);
        if (peer != null && !peer.isMissingNode()) {
            double error = Math.abs(peer.asDouble() - expected) / scale;
            k.peer = Double.isNaN(k.peer) ? error : Math.max(k.peer, error);
        }
    }

    /**
     * A single number that is a sum over the values of another kind, on their scale: its float32 record alone is one draw, and
     * may be near 0 by luck, so the float32 errors of the values themselves count as well. Call this when both are complete.
     */
    void sumOf(String values, String sum) {
        Kind from = kinds.get(values);
        Kind to = kinds.get(sum);
        if (from != null && from.peer > to.peer) {
            to.peer = from.peer;
            to.peerOf = " (" + values + ")";
        }
    }

    /** A list of numbers, each for itself; an empty record fails. */
    void numbers(String kind, String where, double[] got, JsonNode expected, JsonNode peer, double rms) {
        if (expected.isEmpty()) {
            element(kind, where + ", which is not recorded", Double.NaN, 0, null, rms);
        }
        for (int i = 0; i < expected.size(); i++) {
            element(kind, where + "[" + i + "]", i < got.length ? got[i] : Double.NaN, expected.get(i).asDouble(),
                    peer == null ? null : peer.path(i), rms);
        }
    }

    /** The same for numbers that were recorded. */
    void numbers(String kind, String where, JsonNode got, JsonNode expected, JsonNode peer, double rms) {
        double[] values = new double[got.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = got.get(i).asDouble();
        }
        numbers(kind, where, values, expected, peer, rms);
    }

    /** Integers, flags: any difference fails. */
    void equal(String kind, String where, double got, double expected) {
        if (kind(kind, true).add(Math.abs(got - expected), where)) {
            kind(kind, true).where += " is " + plain(got) + ", expected " + plain(expected);
        }
    }

    /** As many integers as there are, all equal; an empty record fails. */
    void equal(String kind, String where, int[] got, JsonNode expected) {
        if (expected.size() != got.length || got.length == 0) {
            kind(kind, true).add(Double.NaN, where + ": " + got.length + " values, recorded " + expected.size());
            return;
        }
        for (int i = 0; i < got.length; i++) {
            equal(kind, where + " " + i, got[i], expected.get(i).asDouble(Double.NaN));
        }
    }

    /** 63 and not 63.0. */
    private static String plain(double x) {
        return x == Math.rint(x) ? String.format(Locale.ROOT, "%.0f", x) : Double.toString(x);
    }

    private Kind kind(String name, boolean integers) {
        return kinds.computeIfAbsent(name, x -> new Kind(integers));
    }

    /** One line per kind. @return true if all passed, and if there was anything to compare at all */
    boolean print(PrintWriter out, String file) {
        out.println(file);
        notes.forEach(n -> out.println("  note " + n));
        boolean passed = true;
        if (kinds.isEmpty()) {
            out.println("  FAIL nothing is recorded that could be compared");
            passed = false;
        }
        for (Map.Entry<String, Kind> e : kinds.entrySet()) {
            Kind k = e.getValue();
            double bound = bound(e.getKey(), k);
            boolean pass = k.worst <= bound;
            passed &= pass;
            out.printf(Locale.ROOT, "  %-4s %-26s worst %9.2e  bound %9.2e%s  (%d values)%s%n", pass ? "PASS" : "FAIL",
                    e.getKey(),
                    k.worst, bound, exact || Double.isNaN(k.peer) ? ""
                            : String.format(Locale.ROOT, "  torch f32 %9.2e%s", k.peer, k.peerOf), k.values,
                    k.worst > 0 ? "  at " + k.where : "");
        }
        out.flush();
        return passed;
    }

    private double bound(String name, Kind k) {
        if (k.integers) {
            return 0;
        }
        if (exact) {
            return name.startsWith("loss") ? 1e-9 : 1e-8;
        }
        double f32 = (Double.isNaN(k.peer) ? 0 : PEER_FACTOR * k.peer) + FLOOR_EPSILONS * Math.ulp(1f);
        return widening == 1 ? f32 : Math.min(1, f32 * widening);
    }
}
