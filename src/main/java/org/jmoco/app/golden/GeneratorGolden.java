package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.optim.Schedule;
import org.jmoco.tensor.HostTensor;

/** Checks the stream, the fill of every parameter and the cosine schedule against generator.json. */
final class GeneratorGolden {
    private static final Set<String> COMPARED = Set.of("torch", "seeds", "u_examples", "state_dict_keys", "parameters",
            "parameter_count", "cosine_lr");

    private GeneratorGolden() {}

    static void run(JsonNode root, GoldenReport report) {
        root.path("u_examples").properties().forEach(e -> {
            long seed = root.path("seeds").path(e.getKey()).asLong();
            for (int i = 0; i < e.getValue().size(); i++) {
                report.number("stream", e.getKey() + "[" + i + "]", GoldenStream.u(seed, i), e.getValue().get(i).asDouble(),
                        null);
            }
        });
        ObjectNode records = JsonNodeFactory.instance.objectNode();
        for (JsonNode p : root.path("parameters")) {
            records.set(p.path("name").asText(), p);
        }
        int dim = records.path("net.9.weight").path("shape").path(0).asInt(128);
        ResNet18.Config config = new ResNet18.Config(ResNet18.Stem.CIFAR, GoldenModel.WIDTH, dim, 1);
        Map<String, HostTensor> weights = GoldenModel.weights(config,
                root.path("seeds").path(GoldenStream.PARAM.key()).asLong(GoldenStream.PARAM.usualSeed()));
        long count = 0;
        for (Map.Entry<String, HostTensor> w : weights.entrySet()) {
            JsonNode record = records.path(GoldenModel.goldenName(w.getKey()));
            if (record.has("start")) {
                report.equal("start index", w.getKey(), count, record.path("start").asLong());
            }
            count += w.getValue().size();
        }
        if (root.has("state_dict_keys")) {
            compareNames(root.path("state_dict_keys"), config, report);
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
        report.noteOthers(root, COMPARED::contains);
    }

    /** All weights and statistics under PyTorch's names, whatever their order. */
    private static void compareNames(JsonNode recorded, ResNet18.Config config, GoldenReport report) {
        Set<String> ours = new TreeSet<>();
        ResNet18.specs(config).forEach(s -> ours.add(GoldenModel.goldenName(s.name())));
        ResNet18.statisticsSpecs(config).forEach(s -> {
            String name = GoldenModel.goldenName(s.name());
            ours.add(name);
            ours.add(name.replaceFirst("running_(mean|var)$", "num_batches_tracked"));
        });
        Set<String> theirs = new TreeSet<>();
        recorded.forEach(name -> theirs.add(name.asText()));
        theirs.forEach(name -> report.equal("state_dict names", name + " here", ours.contains(name) ? 1 : 0, 1));
        ours.forEach(name -> report.equal("state_dict names", name + " there", theirs.contains(name) ? 1 : 0, 1));
    }
}
