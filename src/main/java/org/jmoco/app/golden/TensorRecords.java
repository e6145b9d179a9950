package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;

/** Records of tensors, {@code {name: {norm, first4}}}: ours, and how they are compared with others'. */
final class TensorRecords {
    private static final int FIRST_OF_TENSOR = 4;
    private static final int FIRST_OF_ROW = 8;
    private static final String COUNTER = "num_batches_tracked";

    private TensorRecords() {}

    /**
     * Norm, first elements and number of elements of each tensor, by its golden name.
     *
     * @param tensors by torchvision's names, in checkpoint layout
     */
    static ObjectNode of(Map<String, HostTensor> tensors) {
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        tensors.forEach((name, t) -> {
            ObjectNode record = out.putObject(GoldenModel.goldenName(name));
            record.put("norm", norm(t));
            record.put("size", t.size());
            ArrayNode first = record.putArray("first4");
            for (int i = 0; i < Math.min(FIRST_OF_TENSOR, t.size()); i++) {
                first.add(t.get(i));
            }
        });
        return out;
    }

    /**
     * A case's record by somebody else as {@link #of} would have made it: with the number of elements of each tensor, without
     * counters, which are compared apart.
     */
    static JsonNode sized(JsonNode record, ResNet18.Config network) {
        Map<String, Long> sizes = new HashMap<>();
        Stream.of(ResNet18.specs(network), ResNet18.statisticsSpecs(network)).flatMap(List::stream)
                .forEach(s -> sizes.put(GoldenModel.goldenName(s.name()), s.shape().size()));
        ObjectNode out = record.deepCopy();
        for (JsonNode tensors : out) {
            if (tensors instanceof ObjectNode byName) {
                byName.properties().removeIf(e -> e.getKey().endsWith(COUNTER));
                byName.properties().forEach(e -> {
                    if (e.getValue() instanceof ObjectNode tensor && sizes.containsKey(e.getKey())) {
                        tensor.put("size", sizes.get(e.getKey()));
                    }
                });
            }
        }
        return out;
    }

    /** Whether a record of this name holds the gradients of one of the first {@code steps} steps. */
    static boolean isGradientOf(String name, int steps) {
        return IntStream.rangeClosed(1, steps).anyMatch(s -> name.equals("grad_step" + s));
    }

    /** Elements of all tensors. @param records of {@link #of} */
    static long count(JsonNode records) {
        long count = 0;
        for (JsonNode r : records) {
            count += r.path("size").asLong();
        }
        return count;
    }

    static double norm(HostTensor t) {
        double squares = 0;
        for (int i = 0; i < t.size(); i++) {
            squares += t.get(i) * t.get(i);
        }
        return Math.sqrt(squares);
    }

    /** The first numbers of a row of a matrix. */
    static ArrayNode first8(HostTensor matrix, int row) {
        int columns = Math.toIntExact(matrix.shape().dim(1));
        double[] r = new double[Math.min(FIRST_OF_ROW, columns)];
        for (int i = 0; i < r.length; i++) {
            r[i] = matrix.get(row * columns + i);
        }
        return first8(r);
    }

    static ArrayNode first8(double[] row) {
        ArrayNode out = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i < Math.min(FIRST_OF_ROW, row.length); i++) {
            out.add(row[i]);
        }
        return out;
    }

    /** @param got as {@link #of} makes them */
    static void compare(GoldenReport report, String kind, JsonNode got, JsonNode expected, JsonNode peer) {
        expected.fieldNames().forEachRemaining(name -> {
            if (!got.has(name) && !name.endsWith(COUNTER)) {
                report.equal(kind + " names", name + " is known", 0, 1);
            }
        });
        got.properties().forEach(x -> {
            JsonNode e = expected.path(x.getKey());
            if (e.isMissingNode()) {
                report.equal(kind + " names", x.getKey() + " is recorded", 0, 1);
                return;
            }
            JsonNode g = x.getValue();
            JsonNode p = peer.path(x.getKey());
            double norm = e.path("norm").asDouble();
            report.number(kind + " norm", x.getKey(), g.path("norm").asDouble(), norm, p.path("norm"));
            report.numbers(kind + " elements", x.getKey(), g.path("first4"), e.path("first4"), p.path("first4"),
                    norm / Math.sqrt(g.path("size").asDouble()));
        });
    }

    /** num_batches_tracked of every batch norm. */
    static void compareCounters(GoldenReport report, String kind, long expectedByUs, JsonNode recorded) {
        recorded.properties().forEach(e -> {
            if (e.getKey().endsWith(COUNTER)) {
                report.equal(kind + " counters", e.getKey(), expectedByUs, e.getValue().asLong());
            }
        });
    }
}
