package org.jmoco.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jmoco.data.DataSet;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;

/** Metrics as they are printed and kept. */
public final class MetricsText {
    private MetricsText() {}

    /** {@code phantom test, vote of 10 epochs, positive class "lesion"}. */
    public static String heading(String split, String which, DataSet set) {
        return set.title() + " " + split + ", " + which
                + (set.positive() >= 0 ? ", positive class \"" + set.classNames().get(set.positive()) + "\"" : "");
    }

    /** A note for the user if the same class is said of every image. */
    public static Optional<String> oneClass(Outcome said, List<String> classes) {
        return said.onlyClass().isEmpty() ? Optional.empty()
                : Optional.of("note: \"" + classes.get(said.onlyClass().getAsInt()) + "\" is said of every image: accuracy and F1"
                        + " tell only how many are of it, the AUC still tells whether the classes are told apart");
    }

    /** Name to value, low and high. */
    public static Map<String, Object> figures(Metrics m) {
        Map<String, Object> out = new LinkedHashMap<>();
        for (Metrics.Metric v : m.values()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("value", v.value());
            one.put("low", v.low());
            one.put("high", v.high());
            out.put(v.name(), one);
        }
        return out;
    }
}
