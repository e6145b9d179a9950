package org.jmoco.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * Bounds for ratios of speeds: what must hold on any machine, however loaded, because numerator and denominator were measured in
 * the same run.
 */
public final class Gate {
    /** @param lowest the ratio may not be below it */
    public record Bound(String name, double lowest) {
    }

    private Gate() {
    }

    /** One {@code name number} a line; {@code #} starts a comment. @throws UserError if a line is something else */
    public static List<Bound> parse(String text) {
        List<Bound> bounds = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String bare = line.replaceFirst("#.*", "").strip();
            if (bare.isEmpty()) {
                continue;
            }
            String[] words = bare.split("\\s+");
            try {
                bounds.add(new Bound(words[0], Double.parseDouble(words[1])));
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw UserError.failed("gate: '" + line + "' must be a name and a number");
            }
        }
        return bounds;
    }

    /** @throws UserError if a bound names no measured ratio, or a ratio has no bound */
    public static ResultTable judge(Map<String, Object> head, List<Bound> bounds, Map<String, Double> ratios) {
        ResultTable table = new ResultTable(head);
        Map<String, Double> open = new LinkedHashMap<>(ratios);
        for (Bound b : bounds) {
            Double ratio = open.remove(b.name());
            if (ratio == null) {
                throw UserError.failed("gate: " + b.name() + " has a bound but was not measured");
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("ratio", b.name());
            row.put("measured", ratio);
            row.put("lowest", b.lowest());
            row.put("verdict", ratio >= b.lowest() ? "PASS" : "FAIL");
            table.add(row);
        }
        if (!open.isEmpty()) {
            throw UserError.failed("gate: no bound for " + open.keySet());
        }
        return table;
    }

    public static boolean passes(ResultTable judged) {
        return judged.rows().stream().allMatch(r -> r.get("verdict").equals("PASS"));
    }
}
