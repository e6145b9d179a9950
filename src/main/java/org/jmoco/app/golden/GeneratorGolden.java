package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.jmoco.encoder.ResNet18;
import org.jmoco.optim.Schedule;
import org.jmoco.tensor.HostTensor;

/** Checks the stream, the fill of every parameter and the cosine schedule against generator.json. */
final class GeneratorGolden {
    private GeneratorGolden() {}

    static void run(JsonNode root, GoldenReport report) {
        root.path("u_examples").properties().forEach(e -> {
            long seed = root.path("seeds").path(e.getKey()).asLong();
            for (int i = 0; i < e.getValue().size(); i++) {
                report.number("stream", e.getKey() + "[" + i + "]", GoldenStream.u(seed, i), e.getValue().get(i).asDouble(), null);
            }
        });
        Map<String, HostTensor> weights = GoldenModel.weights(new ResNet18.Config(ResNet18.Stem.CIFAR, 64, 128, 1));
        ObjectNode records = JsonNodeFactory.instance.objectNode();
        long count = 0;
        for (JsonNode p : root.path("parameters")) {
            records.set(p.path("name").asText(), p);
        }
        for (HostTensor t : weights.values()) {
            count += t.size();
        }
        TensorRecords.compare(report, "fill", TensorRecords.of(weights), records, MissingNode.getInstance());
        report.equal("parameter count", "all", count, root.path("parameter_count").asLong());
        JsonNode cosine = root.path("cosine_lr");
        Schedule schedule = Schedule.cosine(cosine.path("lr").asDouble(), cosine.path("epochs").asInt());
        cosine.path("at").properties().forEach(e -> {
            int epoch = Integer.parseInt(e.getKey());
            // The last epoch's rate is 0 up to rounding: compare on the scale of the base rate.
            report.element("cosine schedule", "epoch " + epoch, schedule.learningRate(epoch), e.getValue().asDouble(), null,
                    cosine.path("lr").asDouble());
        });
    }
}
