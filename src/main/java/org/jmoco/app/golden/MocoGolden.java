package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/** Compares a run of {@link MocoSteps} with the records of a MoCo case, step by step. */
final class MocoGolden {
    private MocoGolden() {}

    /**
     * @param got what a backend recorded
     * @param f64 the true record, with the {@code config} of the case
     * @param f32 another record in f32, for the bounds
     */
    static void compare(GoldenReport report, JsonNode got, JsonNode f64, JsonNode f32) {
        JsonNode config = f64.path("config");
        int steps = config.path("steps").asInt();
        report.noteOthers(f64, name -> COMPARED.contains(name) || TensorRecords.isGradientOf(name, steps));
        report.noteOthers(f64.path("steps").path(0), COMPARED_PER_STEP::contains);
        report.equal("steps recorded", "all", f64.path("steps").size(), steps);
        if (config.has("parameters")) {
            long count = TensorRecords.count(got.path("param_q_after"));
            report.equal("parameter count", "all", count, config.path("parameters").asLong());
        }
        for (int s = 0; s < steps; s++) {
            compareStep(report, s, got.path("steps").path(s), f64.path("steps").path(s), f32.path("steps").path(s));
            String gradients = "grad_step" + (s + 1);
            if (f64.has(gradients)) {
                TensorRecords.compare(report, "gradient step " + (s + 1), got.path(gradients), f64.path(gradients),
                        f32.path(gradients));
            }
        }
        TensorRecords.compare(report, "query weights", got.path("param_q_after"), f64.path("param_q_after"),
                f32.path("param_q_after"));
        TensorRecords.compare(report, "key weights", got.path("param_k_after"), f64.path("param_k_after"),
                f32.path("param_k_after"));
        TensorRecords.compare(report, "query statistics", got.path("buffers_q_after"), f64.path("buffers_q_after"),
                f32.path("buffers_q_after"));
        TensorRecords.compare(report, "key statistics", got.path("buffers_k_after"), f64.path("buffers_k_after"),
                f32.path("buffers_k_after"));
        long passes = config.path("bn_splits").asInt() > 1 ? 0 : (long) steps * (config.path("symmetric").asBoolean() ? 2 : 1);
        TensorRecords.compareCounters(report, "statistics", passes, f64.path("buffers_q_after"));
        TensorRecords.compareCounters(report, "statistics", passes, f64.path("buffers_k_after"));
        compareQueue(report, config, got.path("queue_after"), f64.path("queue_after"), f32.path("queue_after"));
        double rms = 1 / Math.sqrt(config.path("dim").asInt()); // of a row of length 1
        for (int i = 0; i < Math.max(GoldenModel.EVAL_IMAGES, f64.path("eval_features_first8").size()); i++) {
            report.numbers("eval features", "image " + i, got.path("eval_features_first8").path(i),
                    f64.path("eval_features_first8").path(i), f32.path("eval_features_first8").path(i), rms);
        }
    }

    /** What a case records besides its steps' gradients. */
    private static final Set<String> COMPARED = Set.of("steps", "param_q_after", "param_k_after", "buffers_q_after",
            "buffers_k_after", "queue_after", "eval_features_first8", "config");

    private static final Set<String> COMPARED_PER_STEP = Set.of("loss", "loss_12", "loss_21", "logits_row0_first8",
            "logits_21_row0_first8", "queue_ptr", "queue_fro_norm");

    private static void compareStep(GoldenReport report, int s, JsonNode got, JsonNode e, JsonNode p) {
        String at = " step " + (s + 1);
        for (String loss : new String[] {"loss", "loss_12", "loss_21"}) {
            if (e.has(loss)) {
                report.number("loss" + at, loss, got.path(loss).asDouble(Double.NaN), e.path(loss).asDouble(), p.path(loss));
            }
        }
        for (String logits : new String[] {"logits_row0_first8", "logits_21_row0_first8"}) {
            if (e.has(logits) || got.has(logits)) {
                report.numbers("logits" + at, logits, got.path(logits), e.path(logits), p.path(logits), 0);
            }
        }
        report.equal("queue pointer", "step " + (s + 1), got.path("queue_ptr").asLong(), e.path("queue_ptr").asLong());
        report.number("queue norm", "step " + (s + 1), got.path("queue_fro_norm").asDouble(), e.path("queue_fro_norm").asDouble(),
                p.path("queue_fro_norm"));
    }

    private static void compareQueue(GoldenReport report, JsonNode config, JsonNode got, JsonNode e, JsonNode p) {
        report.equal("queue pointer", "end", got.path("ptr").asLong(), e.path("ptr").asLong());
        report.number("queue column norms", "min", got.path("column_norm_min").asDouble(), e.path("column_norm_min").asDouble(),
                p.path("column_norm_min"));
        report.number("queue column norms", "max", got.path("column_norm_max").asDouble(), e.path("column_norm_max").asDouble(),
                p.path("column_norm_max"));
        e.properties().forEach(x -> {
            if (x.getKey().matches("column\\d+_first8")) {
                report.numbers("queue elements", x.getKey(), got.path(x.getKey()), x.getValue(), p.path(x.getKey()),
                        1 / Math.sqrt(config.path("dim").asInt()));
            }
        });
        // A sum of M unit columns against uniform numbers has a deviation of sqrt(M / 3): its scale, on which its error is as
        // large as those of the elements on theirs. PyTorch's own error of it, 2.3e-6, 3.1e-6 and 3.8e-6 in three of the files,
        // is 4.1e-8 in the fourth, where those of its elements are as everywhere: hence sumOf.
        report.element("queue checksum", "checksum", got.path("checksum").asDouble(), e.path("checksum").asDouble(),
                p.path("checksum"), Math.sqrt(config.path("K").asInt() / 3.0));
        report.sumOf("queue elements", "queue checksum");
    }
}
