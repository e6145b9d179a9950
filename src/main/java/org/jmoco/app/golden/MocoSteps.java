package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
 * Some MoCo training steps from the golden fill on a backend, recorded in the form of the golden files. The sizes are those of a file's
 * {@code config}, to which {@code width} may be added (64 in the files).
 */
final class MocoSteps {
    private final Backend backend;
    private final JsonNode config;
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

    MocoSteps(Backend backend, JsonNode config) {
        this.backend = backend;
        this.config = config;
        batch = config.path("batch").asInt();
        size = config.path("size").asInt();
        dim = config.path("dim").asInt();
        queueLength = config.path("K").asInt();
        temperature = config.path("T").asDouble();
        symmetric = config.path("symmetric").asBoolean();
        ResNet18.Config encoder = GoldenModel.config(config);
        step = new MocoStep(backend, new MocoConfig(encoder, batch, size, queueLength, config.path("m").asDouble(), temperature,
                symmetric, config.path("momentum").asDouble(), config.path("weight_decay").asDouble()));
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
        step.pair().load(backend, GoldenModel.weights(q.config()), GoldenModel.statistics(q.statistics().specs()));
        backend.upload(step.queue().keys(), initialQueue());
        backend.set(step.queue().head(), 0);
        step.sgd().setLearningRate(backend, config.path("lr").asDouble());
        step.setShuffle(backend, shuffle());
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        ArrayNode steps = out.putArray("steps");
        for (int s = 0; s < config.path("steps").asInt(); s++) {
            steps.add(runStep(s));
            out.set("grad_step" + (s + 1), TensorRecords.of(q.gradients().download(backend)));
        }
        out.set("param_q_after", TensorRecords.of(q.weights().download(backend)));
        out.set("param_k_after", TensorRecords.of(k.weights().download(backend)));
        out.set("buffers_q_after", TensorRecords.of(q.statistics().download(backend)));
        out.set("buffers_k_after", TensorRecords.of(k.statistics().download(backend)));
        out.set("queue_after", queueAfter());

        backend.upload(evalImages, GoldenStream.images(GoldenStream.IM_EVAL, 0, GoldenModel.EVAL_IMAGES, 3, size));
        eval.run();
        HostTensor features = backend.download(evalFeatures);
        ArrayNode rows = out.putArray("eval_features_first8");
        for (int i = 0; i < GoldenModel.EVAL_IMAGES; i++) {
            rows.add(TensorRecords.first8(features, i));
        }
        return out;
    }

    private int[] shuffle() {
        int[] p = new int[batch];
        for (int i = 0; i < batch; i++) {
            p[i] = config.path("shuffle").path(i).asInt(i);
        }
        return p;
    }

    /** The stream fills D x M in row-major order; each column is scaled to unit length. Ours is M x D. */
    private HostTensor initialQueue() {
        double[] v = new double[queueLength * dim];
        for (int m = 0; m < queueLength; m++) {
            double squares = 0;
            for (int d = 0; d < dim; d++) {
                double u = GoldenStream.u(GoldenStream.QUEUE, (long) d * queueLength + m);
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
        backend.upload(step.view1(), GoldenStream.images(GoldenStream.IM_Q, start, batch, 3, size));
        backend.upload(step.view2(), GoldenStream.images(GoldenStream.IM_K, start, batch, 3, size));
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
            double max = java.util.Arrays.stream(row).max().orElseThrow();
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
        double checksum = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = 0;
        for (int m = 0; m < queueLength; m++) {
            double norm = Math.sqrt(dot(queue, m, queue, m));
            min = Math.min(min, norm);
            max = Math.max(max, norm);
            for (int d = 0; d < dim; d++) {
                checksum += queue.get(m * dim + d) * GoldenStream.u(GoldenStream.CHECK, (long) d * queueLength + m);
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
