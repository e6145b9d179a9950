package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jmoco.tensor.HostTensor;

/** Compares maps of tensors with records {@code {name: {norm, first4}}}. */
final class TensorRecords {
    private TensorRecords() {}

    /** @param tensors by torchvision's names, in checkpoint layout */
    static void compare(GoldenReport report, String kind, Map<String, HostTensor> tensors, JsonNode expected, JsonNode peer) {
        tensors.forEach((name, t) -> {
            String golden = GoldenModel.goldenName(name);
            JsonNode e = expected.path(golden);
            if (e.isMissingNode()) {
                report.equal(kind + " names", golden + " is recorded", 0, 1);
                return;
            }
            JsonNode p = peer.path(golden);
            double squares = 0;
            for (int i = 0; i < t.size(); i++) {
                squares += t.get(i) * t.get(i);
            }
            double norm = e.path("norm").asDouble();
            report.number(kind + " norm", golden, Math.sqrt(squares), norm, p.path("norm"));
            double[] first = new double[Math.min(e.path("first4").size(), t.size())];
            for (int i = 0; i < first.length; i++) {
                first[i] = t.get(i);
            }
            report.numbers(kind + " elements", golden, first, e.path("first4"), p.path("first4"), norm / Math.sqrt(t.size()));
        });
    }

    /** num_batches_tracked of every batch norm. */
    static void compareCounters(GoldenReport report, String kind, long expectedByUs, JsonNode recorded) {
        recorded.properties().forEach(e -> {
            if (e.getKey().endsWith("num_batches_tracked")) {
                report.equal(kind + " counters", e.getKey(), expectedByUs, e.getValue().asLong());
            }
        });
    }
}
