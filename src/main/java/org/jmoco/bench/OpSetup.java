package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * What a problem string stands for: operands with their values, and the call that records the operation. One place knows
 * which operations can be benchmarked.
 */
final class OpSetup {
    /** Draws the values of an operand. */
    @FunctionalInterface
    interface Values {
        void fill(double[] v, Philox random);
    }

    /** Records the operation on operands by name. */
    @FunctionalInterface
    interface Call {
        void record(Recorder rec, Map<String, Buffer> b);
    }

    /** @param values null for what is only written */
    record Operand(DType dtype, Shape shape, Values values) {
        boolean isReal() {
            return dtype == null;
        }
    }

    /** Integers in -2 .. 2: products and sums of a few hundred thousand of them are exact in f32, and each is exact in bf16. */
    private static final Values INTEGERS = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            v[i] = r.nextInt(5) - 2;
        }
    };
    private static final Values NORMAL = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) r.nextGaussian();
        }
    };
    /** Between 0.5 and 1.5: scales, variances, norms. */
    private static final Values POSITIVE = (v, r) -> {
        for (int i = 0; i < v.length; i++) {
            v[i] = 0.5f + r.nextFloat();
        }
    };
    private static final Values ZERO = (v, r) -> { };

    private final Map<String, Operand> operands = new LinkedHashMap<>();
    private Call call;

    private OpSetup() {
    }

    Map<String, Operand> operands() {
        return operands;
    }

    Call call() {
        return call;
    }

    private OpSetup real(String name, Shape shape, Values values) {
        operands.put(name, new Operand(null, shape, values));
        return this;
    }

    private OpSetup out(String name, Shape shape) {
        return real(name, shape, null);
    }

    private OpSetup ints(String name, Shape shape, Values values) {
        operands.put(name, new Operand(DType.I32, shape, values));
        return this;
    }

    private OpSetup calls(Call c) {
        call = c;
        return this;
    }

    /** @throws UserError if the operation is unknown or lacks a size */
    static OpSetup of(Problem p) {
        OpSetup s = new OpSetup();
        boolean acc = p.has("acc");
        boolean relu = p.has("relu");
        boolean add = p.has("add");
        String name = p.label().isEmpty() ? "bench" : p.label();
        switch (p.op()) {
            case "conv2d_fwd" -> {
                ConvGeometry g = convolution(p);
                s.out("y", g.y()).real("x", g.x(), INTEGERS).real("w", g.filter(), INTEGERS)
                        .calls((rec, b) -> rec.conv2dForward(name, g, b.get("y"), b.get("x"), b.get("w")));
            }
            case "conv2d_bwd_data" -> {
                ConvGeometry g = convolution(p);
                s.real("dx", g.x(), acc ? ZERO : null).real("dy", g.y(), INTEGERS).real("w", g.filter(), INTEGERS)
                        .calls((rec, b) -> rec.conv2dBackwardData(name, g, b.get("dx"), b.get("dy"), b.get("w"), acc));
            }
            case "conv2d_bwd_w" -> {
                ConvGeometry g = convolution(p);
                s.real("dw", g.filter(), acc ? ZERO : null).real("x", g.x(), INTEGERS).real("dy", g.y(), INTEGERS)
                        .calls((rec, b) -> rec.conv2dBackwardWeights(name, g, b.get("dw"), b.get("x"), b.get("dy"), acc));
            }
            case "batch_norm_fwd" -> {
                BatchNormGeometry g = batchNorm(p);
                s.out("y", g.x()).real("x", g.x(), NORMAL);
                if (add) {
                    s.real("residual", g.x(), NORMAL);
                }
                s.real("gamma", g.perChannel(), POSITIVE).real("beta", g.perChannel(), NORMAL)
                        .real("runningMean", g.perChannel(), ZERO).real("runningVar", g.perChannel(), POSITIVE)
                        .out("savedMean", g.saved()).out("savedInvStd", g.saved())
                        .calls((rec, b) -> rec.batchNormForward(name, g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                                b.get("beta"), b.get("runningMean"), b.get("runningVar"), b.get("savedMean"), b.get("savedInvStd"), relu));
            }
            case "batch_norm_inf" -> {
                BatchNormGeometry g = batchNorm(p);
                s.out("y", g.x()).real("x", g.x(), NORMAL);
                if (add) {
                    s.real("residual", g.x(), NORMAL);
                }
                s.real("gamma", g.perChannel(), POSITIVE).real("beta", g.perChannel(), NORMAL)
                        .real("runningMean", g.perChannel(), NORMAL).real("runningVar", g.perChannel(), POSITIVE)
                        .calls((rec, b) -> rec.batchNormInference(name, g, b.get("y"), b.get("x"), b.get("residual"), b.get("gamma"),
                                b.get("beta"), b.get("runningMean"), b.get("runningVar"), relu));
            }
            case "batch_norm_bwd" -> {
                BatchNormGeometry g = batchNorm(p);
                s.out("dx", g.x());
                if (add) {
                    s.out("dResidual", g.x());
                }
                s.out("dgamma", g.perChannel()).out("dbeta", g.perChannel()).real("dy", g.x(), NORMAL).real("x", g.x(), NORMAL);
                if (relu) {
                    s.real("y", g.x(), NORMAL);
                }
                s.real("gamma", g.perChannel(), POSITIVE).real("savedMean", g.saved(), ZERO).real("savedInvStd", g.saved(), POSITIVE)
                        .calls((rec, b) -> rec.batchNormBackward(name, g, b.get("dx"), b.get("dResidual"), b.get("dgamma"), b.get("dbeta"),
                                b.get("dy"), b.get("x"), b.get("y"), b.get("gamma"), b.get("savedMean"), b.get("savedInvStd"), relu, false));
            }
            case "max_pool_fwd" -> {
                ConvGeometry g = convolution(p);
                s.out("y", g.y()).ints("argmax", g.y(), null).real("x", g.x(), NORMAL)
                        .calls((rec, b) -> rec.maxPoolForward(name, g, b.get("y"), b.get("argmax"), b.get("x")));
            }
            case "avg_pool_fwd" -> s.out("y", Shape.of(p.size("n"), p.size("c"))).real("x", image(p), NORMAL)
                    .calls((rec, b) -> rec.globalAvgPoolForward(name, b.get("y"), b.get("x")));
            case "avg_pool_bwd" -> s.out("dx", image(p)).real("dy", Shape.of(p.size("n"), p.size("c")), NORMAL)
                    .calls((rec, b) -> rec.globalAvgPoolBackward(name, b.get("dx"), b.get("dy")));
            case "linear_fwd" -> s.out("y", Shape.of(p.size("n"), p.size("k"))).real("x", Shape.of(p.size("n"), p.size("c")), INTEGERS)
                    .real("w", Shape.of(p.size("k"), p.size("c")), INTEGERS).real("b", Shape.of(p.size("k")), INTEGERS)
                    .calls((rec, b) -> rec.linearForward(name, b.get("y"), b.get("x"), b.get("w"), b.get("b")));
            case "linear_bwd_data" -> s.out("dx", Shape.of(p.size("n"), p.size("c"))).real("dy", Shape.of(p.size("n"), p.size("k")), INTEGERS)
                    .real("w", Shape.of(p.size("k"), p.size("c")), INTEGERS)
                    .calls((rec, b) -> rec.linearBackwardData(name, b.get("dx"), b.get("dy"), b.get("w")));
            case "linear_bwd_w" -> s.out("dw", Shape.of(p.size("k"), p.size("c"))).out("db", Shape.of(p.size("k")))
                    .real("x", Shape.of(p.size("n"), p.size("c")), INTEGERS).real("dy", Shape.of(p.size("n"), p.size("k")), INTEGERS)
                    .calls((rec, b) -> rec.linearBackwardWeights(name, b.get("dw"), b.get("db"), b.get("x"), b.get("dy"), false));
            case "l2_norm_fwd" -> s.out("y", matrix(p)).out("norm", Shape.of(p.size("n"))).real("x", matrix(p), NORMAL)
                    .calls((rec, b) -> rec.l2NormalizeForward(name, b.get("y"), b.get("norm"), b.get("x")));
            case "l2_norm_bwd" -> s.out("dx", matrix(p)).real("dy", matrix(p), NORMAL).real("y", matrix(p), unitRows(p.size("d")))
                    .real("norm", Shape.of(p.size("n")), POSITIVE)
                    .calls((rec, b) -> rec.l2NormalizeBackward(name, b.get("dx"), b.get("dy"), b.get("y"), b.get("norm")));
            case "info_nce" -> s.out("loss", Shape.SCALAR).ints("correct", Shape.SCALAR, null).out("dq", matrix(p))
                    .real("q", matrix(p), unitRows(p.size("d"))).real("k", matrix(p), unitRows(p.size("d")))
                    .real("queue", Shape.of(p.size("m"), p.size("d")), unitRows(p.size("d")))
                    .calls((rec, b) -> rec.infoNce(name, b.get("loss"), b.get("correct"), b.get("dq"), b.get("q"), b.get("k"), b.get("queue"),
                            0.1, false));
            case "cross_entropy" -> {
                int k = p.size("k");
                s.out("loss", Shape.SCALAR).ints("correct", Shape.SCALAR, null).out("dlogits", Shape.of(p.size("n"), k))
                        .real("logits", Shape.of(p.size("n"), k), NORMAL).ints("labels", Shape.of(p.size("n")), below(k))
                        .calls((rec, b) -> rec.softmaxCrossEntropy(name, b.get("loss"), b.get("correct"), b.get("dlogits"), b.get("logits"),
                                b.get("labels")));
            }
            case "gather_rows" -> s.out("dst", matrix(p)).real("src", Shape.of(p.size("m"), p.size("d")), NORMAL)
                    .ints("index", Shape.of(p.size("n")), below(p.size("m")))
                    .calls((rec, b) -> rec.gatherRows(name, b.get("dst"), b.get("src"), b.get("index")));
            case "enqueue" -> s.real("queue", Shape.of(p.size("m"), p.size("d")), NORMAL).ints("head", Shape.SCALAR, ZERO)
                    .real("keys", matrix(p), NORMAL)
                    .calls((rec, b) -> rec.enqueue(name, b.get("queue"), b.get("head"), b.get("keys")));
            case "momentum" -> s.real("key", flat(p), NORMAL).real("query", flat(p), NORMAL)
                    .calls((rec, b) -> rec.momentumUpdate(name, b.get("key"), b.get("query"), 0.99));
            case "sgd" -> s.real("w", flat(p), NORMAL).real("dw", flat(p), NORMAL).real("velocity", flat(p), ZERO)
                    .real("learningRate", Shape.SCALAR, constant(1e-6))
                    .calls((rec, b) -> rec.sgd(name, b.get("w"), b.get("dw"), b.get("velocity"), b.get("learningRate"), 0.9, 5e-4));
            case "adam" -> s.real("w", flat(p), NORMAL).real("dw", flat(p), NORMAL).real("m", flat(p), ZERO).real("v", flat(p), ZERO)
                    .real("learningRate", Shape.SCALAR, constant(1e-6)).ints("step", Shape.SCALAR, ZERO)
                    .calls((rec, b) -> rec.adam(name, b.get("w"), b.get("dw"), b.get("m"), b.get("v"), b.get("learningRate"), b.get("step"), 0.9,
                            0.999, 1e-8, 0));
            case "copy" -> s.out("dst", flat(p)).real("src", flat(p), NORMAL)
                    .calls((rec, b) -> rec.copy(name, b.get("dst"), b.get("src")));
            default -> throw UserError.usage("problem '" + p + "': no benchmark exists for operation " + p.op());
        }
        return s;
    }

    static ConvGeometry convolution(Problem p) {
        int c = p.size("c");
        return new ConvGeometry(p.size("n"), p.size("h"), p.size("w"), c, p.sizes().getOrDefault("k", c), p.size("r"), p.size("s"),
                p.size("st"), p.size("pd"));
    }

    private static BatchNormGeometry batchNorm(Problem p) {
        return new BatchNormGeometry(p.size("n"), p.size("h"), p.size("w"), p.size("c"), p.size("g"), 1e-5, 0.1);
    }

    private static Shape image(Problem p) {
        return Shape.of(p.size("n"), p.size("h"), p.size("w"), p.size("c"));
    }

    private static Shape matrix(Problem p) {
        return Shape.of(p.size("n"), p.size("d"));
    }

    private static Shape flat(Problem p) {
        return Shape.of(p.size("l"));
    }

    private static Values constant(double value) {
        return (v, r) -> java.util.Arrays.fill(v, value);
    }

    private static Values below(int bound) {
        return (v, r) -> {
            for (int i = 0; i < v.length; i++) {
                v[i] = r.nextInt(bound);
            }
        };
    }

    /** Normal directions: rows of length 1. */
    private static Values unitRows(int d) {
        return (v, r) -> {
            NORMAL.fill(v, r);
            for (int row = 0; row < v.length; row += d) {
                double sum = 0;
                for (int i = row; i < row + d; i++) {
                    sum += v[i] * v[i];
                }
                for (int i = row; i < row + d; i++) {
                    v[i] = (float) (v[i] / Math.sqrt(sum));
                }
            }
        };
    }
}
