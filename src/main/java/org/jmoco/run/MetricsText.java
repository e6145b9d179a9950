package org.jmoco.run;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.data.DataSet;
import org.jmoco.train.Metrics;

/** Metrics as they are printed and kept. */
public final class MetricsText {
    private MetricsText() {}

    /** {@code phantom test, vote of 10 epochs, positive class "lesion"}. */
    public static String heading(String split, String which, DataSet set) {
        return set.title() + " " + split + ", " + which
                + (set.positive() >= 0 ? ", positive class \"" + set.classNames().get(set.positive()) + "\"" : "");
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
