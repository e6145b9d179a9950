package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
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

/** A MoCo case: some training steps from the golden fill, compared step by step. */
final class MocoGolden {
    private static final int EVAL_IMAGES = 4;

    private final Backend backend;
    private final GoldenReport report;
    private final JsonNode f64;
    private final JsonNode f32;
    private final JsonNode config;
    private final int batch;
    private final int size;
    private final int dim;
    private final int queueLength;
    private final double temperature;
    private final boolean symmetric;
    private final int splits;
    private final MocoStep step;
    private final Buffer evalImages;
    private final Buffer evalFeatures;
    private final Program eval;

    MocoGolden(Backend backend, JsonNode root, GoldenReport report) {
        this.backend = backend;
        this.report = report;
        f64 = root.path("float64");
        f32 = root.path("float32");
        config = f64.path("config");
        batch = config.path("batch").asInt();
        size = config.path("size").asInt();
        dim = config.path("dim").asInt();
        queueLength = config.path("K").asInt();
        temperature = config.path("T").asDouble();
        symmetric = config.path("symmetric").asBoolean();
        splits = config.path("bn_splits").asInt();
        ResNet18.Config encoder = new ResNet18.Config(ResNet18.Stem.CIFAR, 64, dim, splits);
        step = new MocoStep(backend, new MocoConfig(encoder, batch, size, queueLength, config.path("m").asDouble(), temperature,
                symmetric, config.path("momentum").asDouble(), config.path("weight_decay").asDouble()));
        evalImages = backend.declare(Region.INPUT, "eval.images", Shape.of(EVAL_IMAGES, size, size, 3));
        evalFeatures = backend.declare(Region.OUTPUT, "eval.features", Shape.of(EVAL_IMAGES, dim));
        Recorder rec = backend.record("eval");
        Buffer norm = rec.activation("eval.norm", Shape.of(EVAL_IMAGES));
        rec.l2NormalizeForward("eval.normalize", evalFeatures, norm, step.pair().query().infer(rec, evalImages));
        eval = rec.finish();
        backend.allocate();
    }

    void run() {
        ResNet18 q = step.pair().query();
        step.pair().load(backend, GoldenModel.weights(q.config()), GoldenModel.statistics(q.statistics().specs()));
        backend.upload(step.queue().keys(), initialQueue());
        backend.set(step.queue().head(), 0);
        step.sgd().setLearningRate(backend, config.path("lr").asDouble());
        step.setShuffle(backend, shuffle());
        int steps = config.path("steps").asInt();
        for (int s = 0; s < steps; s++) {
            runStep(s);
        }
        compareEnd(steps);
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

    private void runStep(int s) {
        long start = (long) s * batch * 3 * size * size;
        backend.upload(step.view1(), GoldenStream.images(GoldenStream.IM_Q, start, batch, 3, size));
        backend.upload(step.view2(), GoldenStream.images(GoldenStream.IM_K, start, batch, 3, size));
        HostTensor queueBefore = backend.download(step.queue().keys());
        step.program().run();

        JsonNode e = f64.path("steps").path(s);
        JsonNode p = f32.path("steps").path(s);
        String at = " step " + (s + 1);
        report.number("loss" + at, "loss", backend.get(step.loss().loss()), e.path("loss").asDouble(), p.path("loss"));
        for (int half = 0; half < step.queries().size(); half++) {
            double[][] logits = logits(half, queueBefore);
            String key = half == 0 ? "logits_row0_first8" : "logits_21_row0_first8";
            report.numbers("logits" + at, key, logits[0], e.path(key), p.path(key), 0);
            String lossKey = half == 0 ? "loss_12" : "loss_21";
            if (e.has(lossKey)) {
                report.number("loss" + at, lossKey, crossEntropy(logits), e.path(lossKey).asDouble(), p.path(lossKey));
            }
        }
        HostTensor queue = backend.download(step.queue().keys());
        report.equal("queue pointer", "step " + (s + 1), (long) backend.get(step.queue().head()), e.path("queue_ptr").asLong());
        report.number("queue norm", "step " + (s + 1), norm(queue), e.path("queue_fro_norm").asDouble(), p.path("queue_fro_norm"));
        String gradients = "grad_step" + (s + 1);
        if (f64.has(gradients)) {
            TensorRecords.compare(report, "gradient" + at, step.pair().query().gradients().download(backend), f64.path(gradients),
                    f32.path(gradients));
        }
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

    private static double norm(HostTensor t) {
        double squares = 0;
        for (int i = 0; i < t.size(); i++) {
            squares += t.get(i) * t.get(i);
        }
        return Math.sqrt(squares);
    }

    private void compareEnd(int steps) {
        ResNet18 q = step.pair().query();
        ResNet18 k = step.pair().key();
        TensorRecords.compare(report, "query weights", q.weights().download(backend), f64.path("param_q_after"), f32.path("param_q_after"));
        TensorRecords.compare(report, "key weights", k.weights().download(backend), f64.path("param_k_after"), f32.path("param_k_after"));
        TensorRecords.compare(report, "query statistics", q.statistics().download(backend), f64.path("buffers_q_after"),
                f32.path("buffers_q_after"));
        TensorRecords.compare(report, "key statistics", k.statistics().download(backend), f64.path("buffers_k_after"),
                f32.path("buffers_k_after"));
        long passes = splits > 1 ? 0 : (long) steps * (symmetric ? 2 : 1);
        TensorRecords.compareCounters(report, "statistics", passes, f64.path("buffers_q_after"));
        compareQueue();

        backend.upload(evalImages, GoldenStream.images(GoldenStream.IM_EVAL, 0, EVAL_IMAGES, 3, size));
        eval.run();
        HostTensor features = backend.download(evalFeatures);
        for (int i = 0; i < EVAL_IMAGES; i++) {
            report.numbers("eval features", "image " + i, row(features, i), f64.path("eval_features_first8").path(i),
                    f32.path("eval_features_first8").path(i), 1 / Math.sqrt(dim));
        }
    }

    private void compareQueue() {
        HostTensor queue = backend.download(step.queue().keys());
        JsonNode e = f64.path("queue_after");
        JsonNode p = f32.path("queue_after");
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
        }
        report.equal("queue pointer", "end", (long) backend.get(step.queue().head()), e.path("ptr").asLong());
        report.number("queue column norms", "min", min, e.path("column_norm_min").asDouble(), p.path("column_norm_min"));
        report.number("queue column norms", "max", max, e.path("column_norm_max").asDouble(), p.path("column_norm_max"));
        e.properties().forEach(x -> {
            if (x.getKey().matches("column\\d+_first8")) {
                int m = Integer.parseInt(x.getKey().replaceAll("\\D*(\\d+)_first8", "$1"));
                report.numbers("queue elements", x.getKey(), row(queue, m), x.getValue(), p.path(x.getKey()), 1 / Math.sqrt(dim));
            }
        });
        // A sum of M unit columns against uniform numbers has a deviation of sqrt(M / 3): its scale, on which its error is as large as
        // those of the elements on theirs. PyTorch's own error of it, 2.3e-6, 3.1e-6 and 3.8e-6 in three of the files, is 4.1e-8 in the
        // fourth, where those of its elements are as everywhere: hence sumOf.
        report.element("queue checksum", "checksum", checksum, e.path("checksum").asDouble(), p.path("checksum"), Math.sqrt(queueLength / 3.0));
        report.sumOf("queue elements", "queue checksum");
    }

    private double[] row(HostTensor t, int i) {
        double[] r = new double[dim];
        for (int d = 0; d < dim; d++) {
            r[d] = t.get(i * dim + d);
        }
        return r;
    }
}
