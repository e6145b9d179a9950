package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.train.SupervisedStep;

/** A fine-tune case: some supervised steps from the golden fill, compared step by step. */
final class FineTuneGolden {
    private static final int EVAL_IMAGES = 4;

    private final Backend backend;
    private final GoldenReport report;
    private final JsonNode f64;
    private final JsonNode f32;
    private final JsonNode config;
    private final int batch;
    private final int size;
    private final int dim;
    private final int splits;
    private final SupervisedStep step;
    private final Buffer evalImages;
    private final Buffer evalLogits;
    private final Buffer evalProbabilities;
    private final Program eval;

    FineTuneGolden(Backend backend, JsonNode root, GoldenReport report) {
        this.backend = backend;
        this.report = report;
        f64 = root.path("float64");
        f32 = root.path("float32");
        config = f64.path("config");
        batch = config.path("batch").asInt();
        size = config.path("size").asInt();
        dim = config.path("dim").asInt();
        splits = config.path("bn_splits").asInt();
        step = new SupervisedStep(backend, new ResNet18.Config(ResNet18.Stem.CIFAR, 64, dim, splits), batch, size,
                config.path("weight_decay").asDouble());
        evalImages = backend.declare(Region.INPUT, "eval.images", Shape.of(EVAL_IMAGES, size, size, 3));
        evalLogits = backend.declare(Region.OUTPUT, "eval.logits", Shape.of(EVAL_IMAGES, dim));
        evalProbabilities = backend.declare(Region.OUTPUT, "eval.probabilities", Shape.of(EVAL_IMAGES, dim));
        Recorder rec = backend.record("eval");
        Buffer y = step.network().infer(rec, evalImages);
        rec.copy("eval.logits", evalLogits, y);
        rec.softmax("eval.softmax", evalProbabilities, y);
        eval = rec.finish();
        backend.allocate();
    }

    void run() {
        ResNet18 network = step.network();
        network.weights().upload(backend, GoldenModel.weights(network.config()));
        network.statistics().upload(backend, GoldenModel.statistics(network.statistics().specs()));
        step.optimizer().setLearningRate(backend, config.path("lr").asDouble());
        int[] labels = new int[batch];
        for (int i = 0; i < batch; i++) {
            labels[i] = config.path("labels").path(i).asInt();
        }
        backend.upload(step.labels(), HostTensor.of(Shape.of(batch), labels));
        int steps = config.path("steps").asInt();
        for (int s = 0; s < steps; s++) {
            runStep(s);
        }
        TensorRecords.compare(report, "weights", network.weights().download(backend), f64.path("param_after"), f32.path("param_after"));
        TensorRecords.compare(report, "statistics", network.statistics().download(backend), f64.path("buffers_after"),
                f32.path("buffers_after"));
        TensorRecords.compareCounters(report, "statistics", splits > 1 ? 0 : steps, f64.path("buffers_after"));
        compareEvaluation();
    }

    private void runStep(int s) {
        backend.upload(step.images(), GoldenStream.images(GoldenStream.FINE_TUNE, (long) s * batch * 3 * size * size, batch, 3, size));
        step.program().run();
        JsonNode e = f64.path("steps").path(s);
        JsonNode p = f32.path("steps").path(s);
        String at = " step " + (s + 1);
        report.number("loss" + at, "loss", backend.get(step.loss().loss()), e.path("loss").asDouble(), p.path("loss"));
        report.numbers("logits" + at, "row 0", first(backend.download(step.logits()), 0), e.path("logits_row0_first8"),
                p.path("logits_row0_first8"), 0);
        String gradients = "grad_step" + (s + 1);
        if (f64.has(gradients)) {
            TensorRecords.compare(report, "gradient" + at, step.network().gradients().download(backend), f64.path(gradients),
                    f32.path(gradients));
        }
    }

    private void compareEvaluation() {
        backend.upload(evalImages, GoldenStream.images(GoldenStream.FINE_TUNE, 0, EVAL_IMAGES, 3, size));
        eval.run();
        HostTensor logits = backend.download(evalLogits);
        HostTensor probabilities = backend.download(evalProbabilities);
        for (int i = 0; i < EVAL_IMAGES; i++) {
            report.numbers("eval logits", "image " + i, first(logits, i), f64.path("eval_logits_first8").path(i),
                    f32.path("eval_logits_first8").path(i), 0);
            report.number("eval probability", "image " + i, probabilities.get(i * dim + 1), f64.path("eval_prob_class1").path(i).asDouble(),
                    f32.path("eval_prob_class1").path(i));
        }
    }

    private double[] first(HostTensor t, int i) {
        double[] r = new double[Math.min(8, dim)];
        for (int d = 0; d < r.length; d++) {
            r[d] = t.get(i * dim + d);
        }
        return r;
    }
}
