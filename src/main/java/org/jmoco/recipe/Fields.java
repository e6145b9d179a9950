package org.jmoco.recipe;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.jmoco.tensor.UserError;

/**
 * The keys of one group of a recipe, read by name and type. Whoever reads a group asks for every key it knows, then calls
 * {@link #finish}, which refuses the rest. All errors have the place, the key, what was found, what is expected.
 */
final class Fields {
    private final String path; // for messages: "pretrain.luna"
    private final Node.Mapping group;
    private final Set<String> known = new LinkedHashSet<>();

    Fields(String path, Node node) {
        this.path = path;
        if (!(node instanceof Node.Mapping m)) {
            throw node.where().error((path.isEmpty() ? "the recipe" : path) + ": expected a group of keys, found "
                    + node.described());
        }
        this.group = m;
    }

    Where where() {
        return group.where();
    }

    /** Where a key's value stands; where the group begins if it is not given. */
    Where where(String key) {
        Node n = group.get(key);
        return n == null ? group.where() : n.where();
    }

    boolean has(String key) {
        known.add(key);
        return group.entries().containsKey(key);
    }

    /** Null if the key is not given. */
    Node node(String key) {
        known.add(key);
        return group.get(key);
    }

    Node required(String key, String example) {
        Node n = node(key);
        if (n == null) {
            throw group.where().error(name(key) + " is missing; write for example " + key + ": " + example);
        }
        return n;
    }

    /** The members of a group in order. */
    List<String> keys() {
        return List.copyOf(group.entries().keySet());
    }

    Where keyWhere(String key) {
        return group.entries().get(key).key();
    }

    String name(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    String text(String key, String otherwise) {
        Node n = node(key);
        return n == null ? otherwise : textOf(name(key), n);
    }

    static String textOf(String name, Node n) {
        if (!(n instanceof Node.Scalar s) || s.text().isBlank()) {
            throw n.where().error(name + ": expected a text, found " + n.described());
        }
        return s.text();
    }

    int integer(String key, int otherwise, int least) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        int value = integerOf(name(key), n);
        if (value < least) {
            throw n.where().error(name(key) + ": " + value + " is too small; it must be at least " + least);
        }
        return value;
    }

    static int integerOf(String name, Node n) {
        if (n instanceof Node.Scalar s) {
            try {
                return Integer.parseInt(s.text().replace("_", "").strip());
            } catch (NumberFormatException e) {
                // the message below says what was found
            }
        }
        throw n.where().error(name + ": expected a whole number, found " + n.described());
    }

    double number(String key, double otherwise) {
        Node n = node(key);
        return n == null ? otherwise : numberOf(name(key), n);
    }

    static double numberOf(String name, Node n) {
        if (n instanceof Node.Scalar s) {
            try {
                double v = Double.parseDouble(s.text().strip());
                if (Double.isFinite(v)) {
                    return v;
                }
            } catch (NumberFormatException e) {
                // the message below says what was found
            }
        }
        throw n.where().error(name + ": expected a number, found " + n.described());
    }

    boolean flag(String key, boolean otherwise) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        String text = n instanceof Node.Scalar s ? s.text().toLowerCase(Locale.ROOT) : "";
        if (!text.equals("true") && !text.equals("false")) {
            throw n.where().error(name(key) + ": expected true or false, found " + n.described());
        }
        return text.equals("true");
    }

    /** One of an enum's constants, written in lower case with hyphens. */
    <T extends Enum<T>> T choice(String key, T otherwise, Class<T> type) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        List<String> names = new ArrayList<>();
        for (T constant : type.getEnumConstants()) {
            String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
            if (n instanceof Node.Scalar s && s.text().equalsIgnoreCase(name)) {
                return constant;
            }
            names.add(name);
        }
        throw n.where().error(name(key) + ": expected one of " + String.join(", ", names) + ", found " + n.described());
    }

    /** A list of texts; a single text counts as a list of one. */
    List<String> texts(String key, List<String> otherwise) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        List<Node> items = n instanceof Node.Sequence s ? s.items() : List.of(n);
        return items.stream().map(i -> textOf(name(key), i)).toList();
    }

    List<Integer> integers(String key, List<Integer> otherwise) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        List<Node> items = n instanceof Node.Sequence s ? s.items() : List.of(n);
        return items.stream().map(i -> integerOf(name(key), i)).toList();
    }

    /** A list of exactly so many numbers. */
    double[] numbers(String key, double[] otherwise) {
        Node n = node(key);
        if (n == null) {
            return otherwise;
        }
        if (!(n instanceof Node.Sequence s) || s.items().size() != otherwise.length) {
            throw n.where().error(name(key) + ": expected a list of " + otherwise.length + " numbers, found "
                    + (n instanceof Node.Sequence s ? s.items().size() + " items" : n.described()));
        }
        return s.items().stream().mapToDouble(i -> numberOf(name(key), i)).toArray();
    }

    /** What a configuration says against values that are each right and together impossible, placed at this group. */
    <T> T checked(Supplier<T> configuration) {
        try {
            return configuration.get();
        } catch (UserError e) {
            throw group.where().error(path + ": " + e.getMessage());
        }
    }

    /** @throws UserError if the group has a key that nobody asked for */
    void finish() {
        group.entries().forEach((key, entry) -> {
            if (!known.contains(key)) {
                String nearest = nearest(key);
                throw entry.key().error("unknown key \"" + name(key) + "\""
                        + (nearest == null ? "." : "; did you mean " + nearest + "?")
                        + " Known here: " + String.join(", ", known));
            }
        });
    }

    /** The known key within two edits that leave more than half of it, or null. */
    private String nearest(String key) {
        return known.stream().filter(k -> edits(k, key) <= 2 && 2 * edits(k, key) < key.length())
                .min((a, b) -> Integer.compare(edits(a, key), edits(b, key))).orElse(null);
    }

    /** Levenshtein's distance. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
