package org.jmoco.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A row of the comparison: an encoder that went through a chain of stages, then transfer.
 *
 * @param name      short, for {@code --rows} and folders
 * @param chain     names of pretraining stages in order; empty for random weights
 * @param published figures by metric ("AUC"); empty where none were published
 */
record Row(String name, Where where, List<String> chain, Map<String, Double> published) {
    /** In place of a chain's titles where there is none. */
    static final String RANDOM_START = "random start";

    private static final List<String> METRICS = List.of("accuracy", "F1", "AUC");

    static Row read(String name, Fields f) {
        List<String> chain = f.has("chain") ? f.texts("chain", List.of()) : List.of();
        Map<String, Double> published = new LinkedHashMap<>();
        Node n = f.node("published");
        if (n != null) {
            Fields p = new Fields(f.name("published"), n);
            for (String m : METRICS) {
                if (p.has(m)) {
                    double v = p.number(m, 0);
                    if (v < 0 || v > 1) {
                        throw p.where(m).error(p.name(m) + ": " + v + " does not lie in 0 .. 1; write shares, not percent");
                    }
                    published.put(m, v);
                }
            }
            p.finish();
        }
        f.finish();
        return new Row(name, f.where(), List.copyOf(chain), published);
    }
}
