package org.jmoco.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * Bounds that hold on any machine, however loaded: for ratios of speeds, whose numerator and denominator were measured in turns
 * in the same process, and for counts, which are the same everywhere.
 */
public final class Gate {
    private enum Relation {
        AT_LEAST(">="), AT_MOST("<="), EQUAL("=");

        private final String sign;

        Relation(String sign) {
            this.sign = sign;
        }

        boolean holds(double measured, double bound) {
            return switch (this) {
                case AT_LEAST -> measured >= bound;
                case AT_MOST -> measured <= bound;
                case EQUAL -> measured == bound;
            };
        }

        static Relation of(String sign) {
            for (Relation r : values()) {
                if (r.sign.equals(sign)) {
                    return r;
                }
            }
            throw new IllegalArgumentException(sign);
        }
    }

    /** {@code step >= 0.6} */
    public record Bound(String name, String relation, double value) {
        boolean holds(double measured) {
            return Relation.of(relation).holds(measured, value);
        }
    }

    private Gate() {
    }

    /**
     * One bound a line, {@code name >= number}, {@code <=} or {@code =}; {@code #} starts a comment.
     *
     * @throws UserError if a line is something else
     */
    public static List<Bound> parse(String text) {
        List<Bound> bounds = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String bare = line.replaceFirst("#.*", "").strip();
            if (bare.isEmpty()) {
                continue;
            }
            String[] words = bare.split("\\s+");
            try {
                Bound b = new Bound(words[0], words[1], Double.parseDouble(words[2]));
                b.holds(0);
                bounds.add(b);
            } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                throw UserError.failed("gate: '" + line + "' must be a name, one of >= <= = and a number");
            }
        }
        return bounds;
    }

    /** @throws UserError if a bound names nothing that was measured, or something that was has no bound */
    public static ResultTable judge(ResultTable table, List<Bound> bounds, Map<String, Double> measured) {
        Map<String, Double> open = new LinkedHashMap<>(measured);
        for (Bound b : bounds) {
            Double value = open.remove(b.name());
            if (value == null) {
                throw UserError.failed("gate: " + b.name() + " has a bound but was not measured");
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("what", b.name());
            row.put("measured", value);
            row.put("must_be", b.relation());
            row.put("bound", b.value());
            row.put("verdict", b.holds(value) ? "PASS" : "FAIL");
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
