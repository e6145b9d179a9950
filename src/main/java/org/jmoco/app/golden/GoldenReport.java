package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jmoco.tensor.DType;

/**
 * Errors of one file, gathered by kind of value ({@code loss step 2}, {@code gradient step 1 norm}).
 *
 * <p>The error of a number x against the float64 record e is |x - e| / scale. The scale is |e|, but for an element of a tensor
 * at least the tensor's root mean square: an element that is small by cancellation has the rounding errors of its neighbours.
 *
 * <p>Bounds. In f64: 1e-9 for losses, 1e-8 for the rest. In f32: three times the largest error that PyTorch's own float32
 * record shows for that kind, measured in the same way, plus {@value #FLOOR_EPSILONS} float32 epsilons.
 */
final class GoldenReport {
    private static final int FLOOR_EPSILONS = 8;
    private static final double PEER_FACTOR = 3;

    private static final class Kind {
        double worst;
        String where = "";
        double peer;
        long values;
    }

    private final boolean exact;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();
    private boolean failed;

    GoldenReport(DType dtype) {
        exact = dtype == DType.F64;
    }

    /** One number against its two records. @param peer the float32 record, or null if the file has none */
    void number(String kind, String where, double got, double expected, JsonNode peer) {
        element(kind, where, got, expected, peer, 0);
    }

    /** One element of a tensor. @param rms the tensor's root mean square */
    void element(String kind, String where, double got, double expected, JsonNode peer, double rms) {
        double scale = Math.max(Math.max(Math.abs(expected), rms), Double.MIN_NORMAL);
        Kind k = kinds.computeIfAbsent(kind, x -> new Kind());
        double error = Math.abs(got - expected) / scale;
        // Written so that NaN is the worst error of all.
        if (!(error <= k.worst)) {
            k.worst = error;
            k.where = where;
        }
        if (peer != null && !peer.isMissingNode()) {
            k.peer = Math.max(k.peer, Math.abs(peer.asDouble() - expected) / scale);
        }
        k.values++;
    }

    /** A list of numbers, each for itself. */
    void numbers(String kind, String where, double[] got, JsonNode expected, JsonNode peer, double rms) {
        for (int i = 0; i < expected.size(); i++) {
            element(kind, where + "[" + i + "]", i < got.length ? got[i] : Double.NaN, expected.get(i).asDouble(), peer.path(i), rms);
        }
    }

    /** Integers, flags: any difference fails. */
    void equal(String kind, String where, long got, long expected) {
        Kind k = kinds.computeIfAbsent(kind, x -> new Kind());
        if (got != expected) {
            k.worst = Double.POSITIVE_INFINITY;
            k.where = where + " is " + got + ", expected " + expected;
        }
        k.values++;
    }

    /** One line per kind. @return true if all passed */
    boolean print(PrintStream out, String file) {
        out.println(file);
        kinds.forEach((name, k) -> {
            double bound = bound(name, k);
            boolean pass = k.worst <= bound;
            failed |= !pass;
            out.printf(Locale.ROOT, "  %-4s %-26s worst %9.2e  bound %9.2e%s  (%d values)%s%n", pass ? "PASS" : "FAIL", name, k.worst,
                    bound, exact ? "" : String.format(Locale.ROOT, "  torch f32 %9.2e", k.peer), k.values,
                    k.worst > 0 ? "  at " + k.where : "");
        });
        return !failed;
    }

    private double bound(String name, Kind k) {
        if (exact) {
            return name.startsWith("loss") ? 1e-9 : 1e-8;
        }
        return PEER_FACTOR * k.peer + FLOOR_EPSILONS * Math.ulp(1f);
    }
}
