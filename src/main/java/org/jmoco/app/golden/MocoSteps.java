package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * Some MoCo training steps from the golden fill on a backend, recorded in the form of the golden files. The sizes are those of a
 * file's {@code config}, to which {@code width} may be added (64 in the files).
 */
final class MocoSteps {
    private final Backend backend;
    private final CaseConfig config;
    private final int batch;
    private final int size;
    private final int dim;
    private final int queueLength;
    private final double temperature;
    private final boolean symmetric;
    private final MocoStep step;
    private final Buffer evalImages;
    private final Buffer evalFeatures;
    private final Program eval;

    MocoSteps(Backend backend, CaseConfig config) {
        this.backend = backend;
        this.config = config;
        batch = config.count("batch");
        size = config.count("size");
        dim = config.count("dim");
        queueLength = config.count("K");
        temperature = config.number("T");
        symmetric = config.flag("symmetric");
        ResNet18.Config encoder = GoldenModel.config(config);
        step = new MocoStep(backend, new MocoConfig(encoder, batch, size, queueLength, config.number("m"), temperature,
                symmetric, config.number("momentum"), config.number("weight_decay")));
        evalImages = backend.declare(Region.INPUT, "eval.images", Shape.of(GoldenModel.EVAL_IMAGES, size, size, 3));
        evalFeatures = backend.declare(Region.OUTPUT, "eval.features", Shape.of(GoldenModel.EVAL_IMAGES, dim));
        Recorder rec = backend.record("eval");
        Buffer norm = rec.activation("eval.norm", Shape.of(GoldenModel.EVAL_IMAGES));
        rec.l2NormalizeForward("eval.normalize", evalFeatures, norm, step.pair().query().infer(rec, evalImages));
        eval = rec.finish();
        backend.allocate();
    }

    /** Starts from the golden fill, so it may be called again. */
    ObjectNode run() {
        ResNet18 q = step.pair().query();
        ResNet18 k = step.pair().key();
        step.pair().load(backend, GoldenModel.weights(q.config(), config.seed(GoldenStream.PARAM)),
                GoldenModel.statistics(q.statistics().specs()));
        backend.upload(step.queue().keys(), initialQueue());
        backend.set(step.queue().head(), 0);
        step.sgd().setLearningRate(backend, config.number("lr"));
        step.setShuffle(backend, shuffle());
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        ArrayNode steps = out.putArray("steps");
        for (int s = 0; s < config.count("steps"); s++) {
            steps.add(runStep(s));
            out.set("grad_step" + (s + 1), TensorRecords.of(q.gradients().download(backend)));
        }
        out.set("param_q_after", TensorRecords.of(q.weights().download(backend)));
        out.set("param_k_after", TensorRecords.of(k.weights().download(backend)));
        out.set("buffers_q_after", TensorRecords.of(q.statistics().download(backend)));
        out.set("buffers_k_after", TensorRecords.of(k.statistics().download(backend)));
        out.set("queue_after", queueAfter());

        backend.upload(evalImages, GoldenStream.images(config.seed(GoldenStream.IM_EVAL), 0, GoldenModel.EVAL_IMAGES, 3, size));
        eval.run();
        HostTensor features = backend.download(evalFeatures);
        ArrayNode rows = out.putArray("eval_features_first8");
        for (int i = 0; i < GoldenModel.EVAL_IMAGES; i++) {
            rows.add(TensorRecords.first8(features, i));
        }
        return out;
    }

    private int[] shuffle() {
        if (!config.has("shuffle")) {
            return IntStream.range(0, batch).toArray();
        }
        int[] p = config.integers("shuffle", batch, batch);
        if (IntStream.of(p).distinct().count() < batch) {
            throw new IllegalArgumentException("config has a \"shuffle\" that is no permutation: " + Arrays.toString(p));
        }
        return p;
    }

    /** The stream fills D x M in row-major order; each column is scaled to unit length. Ours is M x D. */
    private HostTensor initialQueue() {
        long seed = config.seed(GoldenStream.QUEUE);
        double[] v = new double[queueLength * dim];
        for (int m = 0; m < queueLength; m++) {
            double squares = 0;
            for (int d = 0; d < dim; d++) {
                double u = GoldenStream.u(seed, (long) d * queueLength + m);
                v[m * dim + d] = u;
                squares += u * u;
            }
            for (int d = 0; d < dim; d++) {
                v[m * dim + d] /= Math.sqrt(squares);
            }
        }
        return HostTensor.of(Shape.of(queueLength, dim), v);
    }

    private ObjectNode runStep(int s) {
        long start = (long) s * batch * 3 * size * size;
        backend.upload(step.view1(), GoldenStream.images(config.seed(GoldenStream.IM_Q), start, batch, 3, size));
        backend.upload(step.view2(), GoldenStream.images(config.seed(GoldenStream.IM_K), start, batch, 3, size));
        HostTensor queueBefore = backend.download(step.queue().keys());
        step.program().run();

        ObjectNode out = JsonNodeFactory.instance.objectNode();
        out.put("loss", backend.get(step.loss().loss()));
        for (int half = 0; half < step.queries().size(); half++) {
            double[][] logits = logits(half, queueBefore);
            out.set(half == 0 ? "logits_row0_first8" : "logits_21_row0_first8", TensorRecords.first8(logits[0]));
            if (symmetric) {
                out.put(half == 0 ? "loss_12" : "loss_21", crossEntropy(logits));
            }
        }
        out.put("queue_ptr", (long) backend.get(step.queue().head()));
        out.put("queue_fro_norm", TensorRecords.norm(backend.download(step.queue().keys())));
        return out;
    }

    /** N x (M + 1) logits from the features that the program left behind, in f64. */
    private double[][] logits(int half, HostTensor queue) {
        HostTensor q = backend.download(step.queries().get(half));
        HostTensor k = backend.download(step.keys().get(half));
        double[][] l = new double[batch][queueLength + 1];
        for (int n = 0; n < batch; n++) {
            l[n][0] = dot(q, n, k, n) / temperature;
            for (int m = 0; m < queueLength; m++) {
                l[n][m + 1] = dot(q, n, queue, m) / temperature;
            }
        }
        return l;
    }

    private double dot(HostTensor a, int i, HostTensor b, int j) {
        double sum = 0;
        for (int d = 0; d < dim; d++) {
            sum += a.get(i * dim + d) * b.get(j * dim + d);
        }
        return sum;
    }

    private static double crossEntropy(double[][] logits) {
        double total = 0;
        for (double[] row : logits) {
            double max = Arrays.stream(row).max().orElseThrow();
            double sum = 0;
            for (double v : row) {
                sum += Math.exp(v - max);
            }
            total += max + Math.log(sum) - row[0];
        }
        return total / logits.length;
    }

    private ObjectNode queueAfter() {
        HostTensor queue = backend.download(step.queue().keys());
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        long seed = config.seed(GoldenStream.CHECK);
        double checksum = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = 0;
        for (int m = 0; m < queueLength; m++) {
            double norm = Math.sqrt(dot(queue, m, queue, m));
            min = Math.min(min, norm);
            max = Math.max(max, norm);
            for (int d = 0; d < dim; d++) {
                checksum += queue.get(m * dim + d) * GoldenStream.u(seed, (long) d * queueLength + m);
            }
            out.set("column" + m + "_first8", TensorRecords.first8(queue, m));
        }
        out.put("ptr", (long) backend.get(step.queue().head()));
        out.put("column_norm_min", min);
        out.put("column_norm_max", max);
        out.put("checksum", checksum);
        return out;
    }
}
