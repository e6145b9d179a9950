package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/** Compares a run of {@link FineTuneSteps} with the records of a fine-tune case, step by step. */
final class FineTuneGolden {
    /** What a case records besides its steps' gradients. */
    private static final Set<String> COMPARED = Set.of("steps", "param_after", "buffers_after", "eval_logits_first8",
            "eval_prob_class1", "config");

    private static final Set<String> COMPARED_PER_STEP = Set.of("loss", "logits_row0_first8");

    private FineTuneGolden() {}

    /** Operands as {@link MocoGolden#compare} has them. */
    static void compare(GoldenReport report, JsonNode got, JsonNode f64, JsonNode f32) {
        JsonNode config = f64.path("config");
        int steps = config.path("steps").asInt();
        report.noteOthers(f64, name -> COMPARED.contains(name) || TensorRecords.isGradientOf(name, steps));
        report.noteOthers(f64.path("steps").path(0), COMPARED_PER_STEP::contains);
        report.equal("steps recorded", "all", f64.path("steps").size(), steps);
        for (int s = 0; s < steps; s++) {
            JsonNode g = got.path("steps").path(s);
            JsonNode e = f64.path("steps").path(s);
            JsonNode p = f32.path("steps").path(s);
            String at = " step " + (s + 1);
            report.number("loss" + at, "loss", g.path("loss").asDouble(Double.NaN), e.path("loss").asDouble(), p.path("loss"));
            report.numbers("logits" + at, "row 0", g.path("logits_row0_first8"), e.path("logits_row0_first8"),
                    p.path("logits_row0_first8"), 0);
            String gradients = "grad_step" + (s + 1);
            if (f64.has(gradients)) {
                TensorRecords.compare(report, "gradient" + at, got.path(gradients), f64.path(gradients), f32.path(gradients));
            }
        }
        TensorRecords.compare(report, "weights", got.path("param_after"), f64.path("param_after"), f32.path("param_after"));
        TensorRecords.compare(report, "statistics", got.path("buffers_after"), f64.path("buffers_after"),
                f32.path("buffers_after"));
        int counted = config.path("bn_splits").asInt() > 1 ? 0 : steps;
        TensorRecords.compareCounters(report, "statistics", counted, f64.path("buffers_after"));
        for (int i = 0; i < Math.max(GoldenModel.EVAL_IMAGES, f64.path("eval_logits_first8").size()); i++) {
            report.numbers("eval logits", "image " + i, got.path("eval_logits_first8").path(i),
                    f64.path("eval_logits_first8").path(i), f32.path("eval_logits_first8").path(i), 0);
            report.number("eval probability", "image " + i, got.path("eval_prob_class1").path(i).asDouble(Double.NaN),
                    f64.path("eval_prob_class1").path(i).asDouble(), f32.path("eval_prob_class1").path(i));
        }
    }
}
