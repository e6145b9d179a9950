package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.stream.IntStream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.optim.Adam;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.SupervisedStep;

/**
 * Some fine-tuning steps from the golden fill on a backend, recorded in the form of the golden files; sizes as {@link MocoSteps}
 * takes them.
 */
final class FineTuneSteps {
    private final Backend backend;
    private final CaseConfig config;
    private final int batch;
    private final int size;
    private final int dim;
    private final SupervisedStep step;
    private final Buffer evalImages;
    private final Buffer evalLogits;
    private final Buffer evalProbabilities;
    private final Program eval;

    FineTuneSteps(Backend backend, CaseConfig config) {
        this.backend = backend;
        this.config = config;
        batch = config.count("batch");
        size = config.count("size");
        dim = config.count("dim");
        Adam.Coefficients usual = Adam.Coefficients.USUAL;
        double[] betas = config.has("betas") ? config.numbers("betas", 2) : new double[] {usual.beta1(), usual.beta2()};
        step = new SupervisedStep(backend, GoldenModel.config(config), batch, size,
                new SupervisedStep.Training(false, FinetuneConfig.OptimizerKind.ADAM, config.number("weight_decay", 0),
                        new Adam.Coefficients(betas[0], betas[1], config.number("eps", usual.eps()))));
        evalImages = backend.declare(Region.INPUT, "eval.images", Shape.of(GoldenModel.EVAL_IMAGES, size, size, 3));
        evalLogits = backend.declare(Region.OUTPUT, "eval.logits", Shape.of(GoldenModel.EVAL_IMAGES, dim));
        evalProbabilities = backend.declare(Region.OUTPUT, "eval.probabilities", Shape.of(GoldenModel.EVAL_IMAGES, dim));
        Recorder rec = backend.record("eval");
        Buffer y = step.network().infer(rec, evalImages);
        rec.copy("eval.logits", evalLogits, y);
        rec.softmax("eval.softmax", evalProbabilities, y);
        eval = rec.finish();
        backend.allocate();
    }

    /** Adam's moments and step count must be those of a fresh backend. */
    ObjectNode run() {
        ResNet18 network = step.network();
        network.weights().upload(backend, GoldenModel.weights(network.config(), config.seed(GoldenStream.PARAM)));
        network.statistics().upload(backend, GoldenModel.statistics(network.statistics().specs()));
        step.optimizer().setLearningRate(backend, config.number("lr"));
        backend.upload(step.labels(), HostTensor.of(Shape.of(batch), labels()));
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        ArrayNode steps = out.putArray("steps");
        for (int s = 0; s < config.count("steps"); s++) {
            long start = (long) s * batch * 3 * size * size;
            backend.upload(step.images(), GoldenStream.images(config.seed(GoldenStream.FINE_TUNE), start, batch, 3, size));
            step.program().run();
            ObjectNode of = steps.addObject();
            of.put("loss", backend.get(step.loss().loss()));
            of.set("logits_row0_first8", TensorRecords.first8(backend.download(step.logits()), 0));
            out.set("grad_step" + (s + 1), TensorRecords.of(network.gradients().download(backend)));
        }
        out.set("param_after", TensorRecords.of(network.weights().download(backend)));
        out.set("buffers_after", TensorRecords.of(network.statistics().download(backend)));

        backend.upload(evalImages, GoldenStream.images(config.seed(GoldenStream.FINE_TUNE), 0, GoldenModel.EVAL_IMAGES, 3, size));
        eval.run();
        HostTensor logits = backend.download(evalLogits);
        HostTensor probabilities = backend.download(evalProbabilities);
        ArrayNode rows = out.putArray("eval_logits_first8");
        ArrayNode class1 = out.putArray("eval_prob_class1");
        for (int i = 0; i < GoldenModel.EVAL_IMAGES; i++) {
            rows.add(TensorRecords.first8(logits, i));
            class1.add(dim > 1 ? probabilities.get(i * dim + 1) : Double.NaN);
        }
        return out;
    }

    /** Those of the config, else 0, 1, 0, 1, ... */
    private int[] labels() {
        return config.has("labels") ? config.integers("labels", batch, dim) : IntStream.range(0, batch).map(i -> i % 2).toArray();
    }
}
