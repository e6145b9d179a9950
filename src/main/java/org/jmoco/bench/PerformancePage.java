package org.jmoco.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * A page whose words are written by hand and whose tables come from result files. A table stands between two comments:
 *
 * <pre>{@code
 * <!-- table results/FILE.tsv columns=problem,ms_median filter=conv2d -->
 * ...
 * <!-- end -->
 * }</pre>
 *
 * <p>{@code columns} chooses and orders, {@code filter} keeps the rows in whose text the regular expression is found; both may be
 * left out. Paths are relative to benchmarks/. Head lines named after {@code head=} stand above the table.
 */
public final class PerformancePage {
    private static final Pattern TABLE = Pattern.compile("(<!-- table (\\S+)([^>]*)-->\\n)(.*?)(<!-- end -->)", Pattern.DOTALL);

    private PerformancePage() {
    }

    /** A result file: head and rows as text. */
    record Results(Map<String, String> head, List<String> columns, List<List<String>> rows) {
        static Results read(Path file) {
            List<String> lines;
            try {
                lines = Files.readAllLines(RegularFile.require(file));
            } catch (IOException e) {
                throw UserError.failed(file + ": cannot be read (" + e.getMessage() + ")");
            }
            Map<String, String> head = new LinkedHashMap<>();
            List<List<String>> rows = new ArrayList<>();
            for (String line : lines) {
                if (line.startsWith("# ")) {
                    String[] pair = line.substring(2).split(": ", 2);
                    head.put(pair[0], pair.length > 1 ? pair[1] : "");
                } else if (!line.isBlank()) {
                    rows.add(List.of(line.split("\t", -1)));
                }
            }
            if (rows.isEmpty()) {
                throw UserError.failed(file + ": holds no rows");
            }
            return new Results(head, rows.removeFirst(), rows);
        }
    }

    /**
     * The pages below a folder that have a table of result files, in the order of their names.
     *
     * @throws UserError if the folder cannot be read or has no such page
     */
    public static List<Path> pages(Path docs) {
        try (Stream<Path> files = Files.walk(docs)) {
            List<Path> pages = files.filter(f -> f.toString().endsWith(".md") && hasTable(f)).sorted().toList();
            if (pages.isEmpty()) {
                throw UserError.usage(docs + " has no page with a table of result files; name one by --page");
            }
            return pages;
        } catch (IOException | UncheckedIOException e) {
            throw UserError.usage(docs + ": cannot be read (" + e.getMessage() + "); run this in the project's folder");
        }
    }

    private static boolean hasTable(Path page) {
        try {
            return TABLE.matcher(Files.readString(page)).find();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * @param page text of the page
     * @param benchmarks the folder that paths in the page start from
     * @return the page with every table made anew
     * @throws UserError if a result file or a column is missing
     */
    public static String update(String page, Path benchmarks) {
        Matcher m = TABLE.matcher(page);
        StringBuilder out = new StringBuilder();
        while (m.find()) {
            String table = table(m.group(2), Results.read(benchmarks.resolve(m.group(2))), options(m.group(3)));
            m.appendReplacement(out, Matcher.quoteReplacement(m.group(1) + table + m.group(5)));
        }
        return m.appendTail(out).toString();
    }

    private static Map<String, String> options(String text) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String word : text.strip().split("\\s+")) {
            if (!word.isEmpty()) {
                String[] pair = word.split("=", 2);
                if (pair.length < 2) {
                    throw UserError.failed("table option '" + word + "' must be name=value");
                }
                options.put(pair[0], pair[1]);
            }
        }
        return options;
    }

    private static String table(String file, Results results, Map<String, String> options) {
        List<String> columns = options.containsKey("columns") ? List.of(options.get("columns").split(",")) : results.columns();
        int[] at = columns.stream().mapToInt(c -> {
            int i = results.columns().indexOf(c);
            if (i < 0) {
                throw UserError.failed("table of " + file + ": there is no column " + c + " in " + results.columns());
            }
            return i;
        }).toArray();
        Pattern filter = Pattern.compile(options.getOrDefault("filter", ""));
        StringBuilder s = new StringBuilder();
        s.append('\n').append(results.head().getOrDefault("date", "").replaceFirst("T.*", "")).append(", commit ")
                .append(abbreviated(results.head().getOrDefault("commit", "unknown"))).append(", ")
                .append(results.head().getOrDefault("device", "")).append(": `")
                .append(results.head().getOrDefault("command", "")).append("`\n\n");
        s.append("| ").append(String.join(" | ", columns)).append(" |\n|");
        columns.forEach(c -> s.append("---|"));
        s.append('\n');
        for (List<String> row : results.rows()) {
            if (filter.matcher(String.join(" ", row)).find()) {
                s.append("| ").append(java.util.Arrays.stream(at).mapToObj(row::get).collect(Collectors.joining(" | ")))
                        .append(" |\n");
            }
        }
        return s.append('\n').toString();
    }

    private static String abbreviated(String commit) {
        return commit.length() > 8 ? commit.substring(0, 8) + (commit.endsWith("-dirty") ? "-dirty" : "") : commit;
    }
}
