package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.tensor.UserError;

/**
 * One row of a benchmark as text: operation, sizes, flags, where it occurs and how often in one training step.
 *
 * <pre>{@code conv2d_fwd n128 h32 w32 c64 k64 r3 s3 st1 pd1 x4 layer1.0.conv1}</pre>
 *
 * <p>Sizes are those of docs/notation.md: letters of an axis (or {@code st}, {@code pd}; {@code l} for the length of a flat
 * array) and a number. Flags are {@code acc}, {@code add}, {@code relu}. The multiplicity is {@code xN}. Every other word is the
 * label; there is at most one.
 *
 * @param op operation as in a program's table
 * @param sizes by letter, in the order written
 * @param times how often the row occurs in the step that it was taken from, 1 if the text does not say
 * @param label a layer's name, or empty
 */
public record Problem(String op, Map<String, Integer> sizes, Set<String> flags, int times, String label) {
    private static final Pattern SIZE = Pattern.compile("(n|h|w|c|k|r|s|st|pd|g|d|m|l)(\\d+)");
    private static final Pattern TIMES = Pattern.compile("x(\\d+)");
    private static final Set<String> FLAGS = Set.of("acc", "add", "relu");

    public Problem {
        sizes = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(sizes));
        flags = java.util.Collections.unmodifiableSet(new TreeSet<>(flags));
    }

    /** @throws UserError if the text is no problem string */
    public static Problem parse(String text) {
        String[] words = text.strip().split("\\s+");
        Map<String, Integer> sizes = new LinkedHashMap<>();
        Set<String> flags = new LinkedHashSet<>();
        int times = 1;
        String label = "";
        for (int i = 1; i < words.length; i++) {
            Matcher size = SIZE.matcher(words[i]);
            Matcher x = TIMES.matcher(words[i]);
            if (size.matches()) {
                int n = number(text, size.group(2));
                if (n == 0 && !size.group(1).equals("pd")) {
                    throw wrong(text, size.group(1) + " must be at least 1");
                }
                if (sizes.put(size.group(1), n) != null) {
                    throw wrong(text, size.group(1) + " is given twice");
                }
            } else if (FLAGS.contains(words[i])) {
                flags.add(words[i]);
            } else if (x.matches()) {
                times = number(text, x.group(1));
            } else if (label.isEmpty()) {
                label = words[i];
            } else {
                throw wrong(text, "'" + words[i] + "' is neither a size, as n128, nor one of " + new TreeSet<>(FLAGS));
            }
        }
        if (words[0].isEmpty() || SIZE.matcher(words[0]).matches()) {
            throw wrong(text, "it must begin with an operation, as conv2d_fwd");
        }
        return new Problem(words[0], sizes, flags, times, label);
    }

    /** All problems of a text: one a line, {@code #} starts a comment. */
    public static List<Problem> parseAll(String text) {
        return lines(text).stream().map(Problem::parse).toList();
    }

    static List<String> lines(String text) {
        return text.lines().map(l -> l.replaceFirst("#.*", "").strip()).filter(l -> !l.isEmpty()).toList();
    }

    private static int number(String text, String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw wrong(text, digits + " is too large");
        }
    }

    private static UserError wrong(String text, String why) {
        return UserError.usage("problem '" + text.strip() + "': " + why);
    }

    /** @throws UserError if the size is missing */
    int size(String letter) {
        Integer n = sizes.get(letter);
        if (n == null) {
            throw wrong(toString(), op + " needs the size " + letter);
        }
        return n;
    }

    /** The same problem with one size changed. */
    Problem with(String letter, int value) {
        Map<String, Integer> changed = new LinkedHashMap<>(sizes);
        changed.put(letter, value);
        return new Problem(op, changed, flags, times, label);
    }

    /** What its step is called in errors. */
    String name() {
        return label.isEmpty() ? "bench" : label;
    }

    boolean has(String flag) {
        return flags.contains(flag);
    }

    /** Operation, sizes and flags: what is measured, without where it occurs. */
    public String shape() {
        StringBuilder s = new StringBuilder(op);
        sizes.forEach((letter, n) -> s.append(' ').append(letter).append(n));
        flags.forEach(f -> s.append(' ').append(f));
        return s.toString();
    }

    @Override
    public String toString() {
        return shape() + (times == 1 ? "" : " x" + times) + (label.isEmpty() ? "" : " " + label);
    }
}
