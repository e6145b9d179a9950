package org.jmoco.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jmoco.report.RunEnvironment;

/** Rows of named values, written as aligned text, as tab-separated lines or as JSON. All rows have the same columns. */
public final class ResultTable {
    private final Map<String, Object> head;
    private final List<Map<String, Object>> rows = new ArrayList<>();

    /** @param head what the rows were measured on and with: one line each, in order */
    public ResultTable(Map<String, Object> head) {
        this.head = new LinkedHashMap<>(head);
    }

    /**
     * A table whose head says what was measured, when and on what.
     *
     * @param command what was typed, a word each
     */
    public static ResultTable of(String benchmark, List<String> command, RunEnvironment e) {
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("benchmark", benchmark);
        head.put("command", command.stream().map(w -> w.contains(" ") ? '"' + w + '"' : w).collect(Collectors.joining(" ")));
        head.put("date", e.started());
        head.put("commit", e.commit());
        head.put("device", e.backend());
        head.put("cpu", e.cpu());
        head.put("processors", e.processors());
        head.put("threads", e.threads());
        head.put("os", e.os());
        head.put("java", e.java());
        head.put("jvm_flags", RunEnvironment.jvmFlags());
        return new ResultTable(head);
    }

    /** Adds a line to the head. */
    public void head(String key, Object value) {
        head.put(key, value);
    }

    public void add(Map<String, Object> row) {
        if (!rows.isEmpty() && !rows.getFirst().keySet().equals(row.keySet())) {
            throw new IllegalArgumentException("row has columns " + row.keySet() + ", the table " + rows.getFirst().keySet());
        }
        rows.add(row);
    }

    public List<Map<String, Object>> rows() {
        return rows;
    }

    /** {@code # key: value} lines, then names, then one line for each row, tabs between. */
    public String toTsv() {
        StringBuilder s = new StringBuilder();
        head.forEach((k, v) -> s.append("# ").append(k).append(": ").append(text(v)).append('\n'));
        if (!rows.isEmpty()) {
            s.append(String.join("\t", rows.getFirst().keySet())).append('\n');
            rows.forEach(r -> s.append(String.join("\t", r.values().stream().map(ResultTable::text).toList())).append('\n'));
        }
        return s.toString();
    }

    public String toJson() {
        Map<String, Object> all = new LinkedHashMap<>(head);
        all.put("rows", rows);
        try {
            return new ObjectMapper().writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Columns side by side, numbers to the right. */
    public String toText() {
        if (rows.isEmpty()) {
            return "";
        }
        List<String> names = List.copyOf(rows.getFirst().keySet());
        int[] width = names.stream().mapToInt(String::length).toArray();
        rows.forEach(r -> {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], text(r.get(names.get(i))).length());
            }
        });
        StringBuilder s = new StringBuilder();
        line(s, width, names, false);
        rows.forEach(r -> line(s, width, names.stream().map(n -> text(r.get(n))).toList(), true));
        return s.toString();
    }

    private void line(StringBuilder s, int[] width, List<String> cells, boolean values) {
        Map<String, Object> first = rows.getFirst();
        List<String> names = List.copyOf(first.keySet());
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < width.length; i++) {
            boolean number = first.get(names.get(i)) instanceof Number || first.get(names.get(i)) == null;
            line.append(String.format(Locale.ROOT, number ? "%" + width[i] + "s  " : "%-" + width[i] + "s  ", cells.get(i)));
        }
        s.append(line.toString().stripTrailing()).append('\n');
    }

    /** Four significant digits: more than these measurements carry. A dash where there is no value. */
    static String text(Object value) {
        if (value == null) {
            return "-";
        }
        if (value instanceof Double d) {
            if (d == 0 || !Double.isFinite(d)) {
                return d == 0 ? "0" : d.toString();
            }
            int decimals = (int) Math.clamp(3 - (long) Math.floor(Math.log10(Math.abs(d))), 0, 9);
            return String.format(Locale.ROOT, "%." + decimals + "f", d);
        }
        return value.toString();
    }
}
