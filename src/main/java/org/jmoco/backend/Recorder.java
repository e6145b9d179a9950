package org.jmoco.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * Records a {@link Program}: the methods are those of {@link Ops}, with the step's name in front. Here, and only here,
 * operands are checked: shape, type, overlap; a backend may rely on it.
 *
 * <p>Transient buffers ({@link #activation}) hold values between steps of one run. They share memory by lifetime, so one
 * must be written before it is read in every run, and its value is gone when the run ends.
 */
public final class Recorder {
    private static final int NONE = -1;

    private final Backend backend;
    private final Ops ops;
    private final String programName;
    private final List<Step> steps = new ArrayList<>();
    private final Set<Buffer> transients = new LinkedHashSet<>();
    private final List<Branch> branches = new ArrayList<>();
    private int branchFirst = NONE;
    private int branchEnd = NONE; // NONE while its steps are recorded
    private boolean finished;

    Recorder(Backend backend, String programName) {
        this.backend = backend;
        this.ops = backend.ops();
        this.programName = programName;
    }

    public DType real() {
        return backend.real();
    }

    /** A transient buffer of the type that {@link Backend#typeOf} gives to the shape. */
    public Buffer activation(String name, Shape shape) {
        return activation(name, backend.typeOf(shape), shape);
    }

    public Buffer activation(String name, DType dtype, Shape shape) {
        Buffer b = new Buffer(name, Region.ACTIVATIONS, dtype, shape);
        if (b.bytes() > backend.memoryBytes()) {
            throw UserError.failed(String.format(Locale.ROOT,
                    "not enough memory: %s (%s %s) alone needs %,d MB, and there are %,d MB in all.%nLower --batch, --width or"
                    + " --image.", name, shape, dtype, b.bytes() / 1_000_000,
                    backend.memoryBytes() / 1_000_000));
        }
        transients.add(b);
        return b;
    }

    /**
     * Records steps that may be carried out beside those which follow, up to {@link #join()}. In the list they stand in front, so
     * a backend that knows no branches takes them first.
     *
     * @return what {@code recording} returns
     */
    public <T> T branch(Supplier<T> recording) {
        requireOpen();
        if (branchFirst != NONE) {
            throw new IllegalStateException("program " + programName + ": a branch is open; call join() before the next one");
        }
        branchFirst = steps.size();
        T result = recording.get();
        branchEnd = steps.size();
        return result;
    }

    /** What is recorded from here on waits for the branch. It must precede the first step that touches what the branch writes. */
    public void join() {
        requireOpen();
        if (branchFirst == NONE || branchEnd == NONE) {
            throw new IllegalStateException("program " + programName + ": there is no branch to join");
        }
        Branch b = new Branch(branchFirst, branchEnd, steps.size());
        checkApart(b);
        branches.add(b);
        branchFirst = NONE;
        branchEnd = NONE;
    }

    private void checkApart(Branch b) {
        for (Step inside : steps.subList(b.first(), b.end())) {
            for (Step beside : steps.subList(b.end(), b.join())) {
                checkApart(inside, beside, beside.reads());
                checkApart(inside, beside, beside.writes());
                checkApart(beside, inside, inside.reads());
            }
        }
    }

    private void checkApart(Step writer, Step other, List<Buffer> operands) {
        for (Buffer w : writer.writes()) {
            for (Buffer b : operands) {
                if (w.overlaps(b)) {
                    throw new IllegalStateException("program " + programName + ": step " + writer.name() + " " + writer.op()
                            + " writes " + w + ", which step " + other.name() + " " + other.op()
                            + " touches; one is in a branch and the other beside it: call join() between the two");
                }
            }
        }
    }

    /** Ends the recording. The program runs after {@link Backend#allocate()}. */
    public Program finish() {
        requireOpen();
        if (branchFirst != NONE) {
            throw new IllegalStateException("program " + programName + ": a branch is open; call join() before finish()");
        }
        finished = true;
        checkTransients();
        Program p = new Program(programName, steps, List.copyOf(transients), branches);
        backend.add(p);
        return p;
    }

    private void checkTransients() {
        List<Buffer> written = new ArrayList<>();
        for (Step s : steps) {
            for (Buffer b : s.reads()) {
                if (b.region() == Region.ACTIVATIONS && written.stream().noneMatch(b::overlaps)) {
                    throw new IllegalStateException("program " + programName + ": step " + s.name() + " " + s.op() + " reads " + b
                            + ", which no earlier step writes");
                }
            }
            for (Buffer b : s.writes()) {
                if (b.region() == Region.ACTIVATIONS && !transients.contains(b.root())) {
                    throw new IllegalStateException("program " + programName + ": step " + s.name() + " " + s.op() + " writes "
                            + b + ", a transient of another program; declare it with this program's recorder");
                }
            }
            written.addAll(s.writes());
        }
    }

    private void requireOpen() {
        if (finished) {
            throw new IllegalStateException("program " + programName + ": recording has ended");
        }
    }

    // ---- convolution and pooling -------------------------------------------------------------------------------

    public void conv2dForward(String name, ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        OperandCheck c = check(name, "conv2d_fwd").map("y", y, g.y()).map("x", x, g.x()).real("w", w, g.filter());
        add(c, g.toString(), reads(x, w), writes(y), g.flops(), ops.conv2dForward(g, y, x, w));
    }

    public void conv2dBackwardData(String name, ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        OperandCheck c = check(name, "conv2d_bwd_data").map("dx", dx, g.x()).map("dy", dy, g.y()).real("w", w, g.filter());
        add(c, g + (accumulate ? " acc" : ""), readsIf(accumulate, dx, dy, w), writes(dx), g.flops(),
                ops.conv2dBackwardData(g, dx, dy, w, accumulate));
    }

    public void conv2dBackwardWeights(String name, ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        OperandCheck c = check(name, "conv2d_bwd_w").real("dw", dw, g.filter()).map("x", x, g.x()).map("dy", dy, g.y());
        add(c, g + (accumulate ? " acc" : ""), readsIf(accumulate, dw, x, dy), writes(dw), g.flops(),
                ops.conv2dBackwardWeights(g, dw, x, dy, accumulate));
    }

    public void maxPoolForward(String name, ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        OperandCheck c = check(name, "max_pool_fwd").require(g.c() == g.k(), "pooling needs K = C, is " + g)
                .map("y", y, g.y()).ints("argmax", argmax, g.y()).map("x", x, g.x());
        add(c, g.toString(), reads(x), writes(y, argmax), g.y().size() * g.r() * g.s(), ops.maxPoolForward(g, y, argmax, x));
    }

    public void maxPoolBackward(String name, ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        OperandCheck c = check(name, "max_pool_bwd").require(g.c() == g.k(), "pooling needs K = C, is " + g)
                .map("dx", dx, g.x()).map("dy", dy, g.y()).ints("argmax", argmax, g.y());
        add(c, g.toString(), reads(dy, argmax), writes(dx), g.y().size(), ops.maxPoolBackward(g, dx, dy, argmax));
    }

    public void globalAvgPoolForward(String name, Buffer y, Buffer x) {
        OperandCheck c = check(name, "avg_pool_fwd").rank("x", x, 4).real("y", y, Shape.of(x.shape().dim(0), x.shape().dim(3)));
        add(c, "x" + x.shape(), reads(x), writes(y), x.size(), ops.globalAvgPoolForward(y, x));
    }

    public void globalAvgPoolBackward(String name, Buffer dx, Buffer dy) {
        OperandCheck c = check(name, "avg_pool_bwd").rank("dx", dx, 4)
                .real("dy", dy, Shape.of(dx.shape().dim(0), dx.shape().dim(3)));
        add(c, "x" + dx.shape(), reads(dy), writes(dx), dx.size(), ops.globalAvgPoolBackward(dx, dy));
    }

    // ---- batch norm with splits --------------------------------------------------------------------------------

    public void batchNormForward(String name, BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        OperandCheck c = check(name, "batch_norm_fwd").map("y", y, g.x()).map("x", x, g.x())
                .optionalMap("residual", residual, g.x())
                .real("gamma", gamma, g.perChannel()).real("beta", beta, g.perChannel())
                .real("runningMean", runningMean, g.perChannel()).real("runningVar", runningVar, g.perChannel())
                .real("savedMean", savedMean, g.saved()).real("savedInvStd", savedInvStd, g.saved());
        add(c, problem(g, residual != null, relu), reads(x, residual, gamma, beta, runningMean, runningVar),
                writes(y, runningMean, runningVar, savedMean, savedInvStd), 8 * x.size(),
                ops.batchNormForward(g, y, x, residual, gamma, beta, runningMean, runningVar, savedMean, savedInvStd, relu));
    }

    public void batchNormInference(String name, BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma,
            Buffer beta, Buffer runningMean, Buffer runningVar, boolean relu) {
        OperandCheck c = check(name, "batch_norm_inf").map("y", y, g.x()).map("x", x, g.x())
                .optionalMap("residual", residual, g.x())
                .real("gamma", gamma, g.perChannel()).real("beta", beta, g.perChannel())
                .real("runningMean", runningMean, g.perChannel()).real("runningVar", runningVar, g.perChannel());
        add(c, problem(g, residual != null, relu), reads(x, residual, gamma, beta, runningMean, runningVar), writes(y),
                4 * x.size(), ops.batchNormInference(g, y, x, residual, gamma, beta, runningMean, runningVar, relu));
    }

    public void batchNormBackward(String name, BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta,
            Buffer dy, Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        OperandCheck c = check(name, "batch_norm_bwd").map("dx", dx, g.x());
        if (dResidual != dy) {
            c.optionalMap("dResidual", dResidual, g.x());
        }
        c.real("dgamma", dgamma, g.perChannel()).real("dbeta", dbeta, g.perChannel()).map("dy", dy, g.x()).map("x", x, g.x());
        c.require(relu == (y != null), "y is given exactly when relu is set");
        c.optionalMap("y", y, g.x()).real("gamma", gamma, g.perChannel()).real("savedMean", savedMean, g.saved())
                .real("savedInvStd", savedInvStd, g.saved());
        List<Buffer> read = new ArrayList<>(reads(dy, x, y, gamma, savedMean, savedInvStd));
        if (accumulate) {
            read.add(dgamma);
            read.add(dbeta);
        }
        add(c, problem(g, dResidual != null, relu), read, writes(dx, dResidual, dgamma, dbeta), 11 * x.size(),
                ops.batchNormBackward(g, dx, dResidual, dgamma, dbeta, dy, x, y, gamma, savedMean, savedInvStd, relu,
                        accumulate));
    }

    private static String problem(BatchNormGeometry g, boolean residual, boolean relu) {
        return g + (residual ? " add" : "") + (relu ? " relu" : "");
    }

    // ---- linear, normalisation ---------------------------------------------------------------------------------

    public void linearForward(String name, Buffer y, Buffer x, Buffer w, Buffer b) {
        OperandCheck c = check(name, "linear_fwd").rank("x", x, 2).rank("w", w, 2);
        int n = x.shape().dim(0);
        int k = w.shape().dim(0);
        c.real("w", w, Shape.of(k, x.shape().dim(1))).real("y", y, Shape.of(n, k)).real("b", b, Shape.of(k));
        add(c, linear(x, w), reads(x, w, b), writes(y), 2 * n * w.size(), ops.linearForward(y, x, w, b));
    }

    public void linearBackwardData(String name, Buffer dx, Buffer dy, Buffer w) {
        OperandCheck c = check(name, "linear_bwd_data").rank("dx", dx, 2).rank("w", w, 2);
        int n = dx.shape().dim(0);
        c.real("w", w, Shape.of(w.shape().dim(0), dx.shape().dim(1))).real("dy", dy, Shape.of(n, w.shape().dim(0)));
        add(c, linear(dx, w), reads(dy, w), writes(dx), 2 * n * w.size(), ops.linearBackwardData(dx, dy, w));
    }

    public void linearBackwardWeights(String name, Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        OperandCheck c = check(name, "linear_bwd_w").rank("x", x, 2).rank("dw", dw, 2);
        int n = x.shape().dim(0);
        int k = dw.shape().dim(0);
        c.real("dw", dw, Shape.of(k, x.shape().dim(1))).real("db", db, Shape.of(k)).real("dy", dy, Shape.of(n, k));
        List<Buffer> read = accumulate ? reads(dw, db, x, dy) : reads(x, dy);
        add(c, linear(x, dw), read, writes(dw, db), 2 * n * dw.size(), ops.linearBackwardWeights(dw, db, x, dy, accumulate));
    }

    private static String linear(Buffer x, Buffer w) {
        return "n" + x.shape().dim(0) + " c" + w.shape().dim(1) + " k" + w.shape().dim(0);
    }

    public void reluForward(String name, Buffer y, Buffer x) {
        OperandCheck c = check(name, "relu_fwd").values("x", x);
        c.sameOrApart("y", y, x);
        add(c, "x" + x.shape(), reads(x), writes(y), x.size(), ops.reluForward(y, x));
    }

    public void reluBackward(String name, Buffer dx, Buffer dy, Buffer y) {
        OperandCheck c = check(name, "relu_bwd").values("y", y).operand("dy", dy, y.dtype(), y.shape());
        c.sameOrApart("dx", dx, dy);
        add(c, "x" + y.shape(), reads(dy, y), writes(dx), y.size(), ops.reluBackward(dx, dy, y));
    }

    public void l2NormalizeForward(String name, Buffer y, Buffer norm, Buffer x) {
        OperandCheck c = check(name, "l2_norm_fwd").rank("x", x, 2).real("y", y, x.shape())
                .real("norm", norm, Shape.of(x.shape().dim(0)));
        add(c, "x" + x.shape(), reads(x), writes(y, norm), 3 * x.size(), ops.l2NormalizeForward(y, norm, x));
    }

    public void l2NormalizeBackward(String name, Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        OperandCheck c = check(name, "l2_norm_bwd").rank("y", y, 2).real("dx", dx, y.shape()).real("dy", dy, y.shape())
                .real("norm", norm, Shape.of(y.shape().dim(0)));
        add(c, "x" + y.shape(), reads(dy, y, norm), writes(dx), 5 * y.size(), ops.l2NormalizeBackward(dx, dy, y, norm));
    }

    // ---- losses ------------------------------------------------------------------------------------------------

    public void infoNce(String name, Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        OperandCheck c = check(name, "info_nce").require(temperature > 0, "temperature must be positive, is " + temperature)
                .rank("q", q, 2).rank("queue", queue, 2);
        int n = q.shape().dim(0);
        int d = q.shape().dim(1);
        int m = queue.shape().dim(0);
        c.real("queue", queue, Shape.of(m, d)).real("k", k, q.shape()).real("dq", dq, q.shape()).real("loss", loss, Shape.SCALAR)
                .ints("correct", correct, Shape.SCALAR);
        add(c, "n" + n + " m" + m + " d" + d, accumulate ? reads(q, k, queue, loss, correct) : reads(q, k, queue),
                writes(loss, correct, dq), 4L * n * (m + 1) * d,
                ops.infoNce(loss, correct, dq, q, k, queue, temperature, accumulate));
    }

    public void softmaxCrossEntropy(String name, Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        OperandCheck c = check(name, "cross_entropy").rank("logits", logits, 2).real("dlogits", dlogits, logits.shape())
                .ints("labels", labels, Shape.of(logits.shape().dim(0))).real("loss", loss, Shape.SCALAR)
                .ints("correct", correct, Shape.SCALAR);
        add(c, "x" + logits.shape(), reads(logits, labels), writes(loss, correct, dlogits), 5 * logits.size(),
                ops.softmaxCrossEntropy(loss, correct, dlogits, logits, labels));
    }

    public void softmax(String name, Buffer p, Buffer logits) {
        OperandCheck c = check(name, "softmax").rank("logits", logits, 2).real("p", p, logits.shape());
        add(c, "x" + logits.shape(), reads(logits), writes(p), 4 * logits.size(), ops.softmax(p, logits));
    }

    // ---- rows and queue ----------------------------------------------------------------------------------------

    public void gatherRows(String name, Buffer dst, Buffer src, Buffer index) {
        OperandCheck c = check(name, "gather_rows").values("src", src).present("dst", dst);
        c.require(src.shape().rank() > 0 && dst.shape().rank() > 0, "src and dst must have rows, are " + src + " and " + dst);
        int n = dst.shape().dim(0);
        int[] expected = src.shape().toArray();
        expected[0] = n;
        c.operand("dst", dst, src.dtype(), Shape.of(expected)).ints("index", index, Shape.of(n));
        // Bytes: a gather reads as many rows as it writes, whatever the size of src.
        add(c, "x" + dst.shape(), reads(src, index), writes(dst), 0, 2 * dst.bytes() + index.bytes(),
                ops.gatherRows(dst, src, index));
    }

    public void enqueue(String name, Buffer queue, Buffer head, Buffer keys) {
        OperandCheck c = check(name, "enqueue").rank("queue", queue, 2).rank("keys", keys, 2);
        int n = keys.shape().dim(0);
        int m = queue.shape().dim(0);
        c.real("keys", keys, Shape.of(n, queue.shape().dim(1))).ints("head", head, Shape.SCALAR)
                .require(m >= n, "the queue holds " + m + " keys but one step brings " + n + "; raise --queue to at least that");
        add(c, "n" + n + " m" + m + " d" + queue.shape().dim(1), reads(head, keys), writes(queue, head), 0, 2 * keys.bytes(),
                ops.enqueue(queue, head, keys));
    }

    public void topK(String name, Buffer index, Buffer similarity, Buffer queries, Buffer bank) {
        OperandCheck c = check(name, "top_k").rank("queries", queries, 2).rank("bank", bank, 2).rank("similarity", similarity, 2);
        int n = queries.shape().dim(0);
        int d = queries.shape().dim(1);
        int m = bank.shape().dim(0);
        int k = similarity.shape().dim(1);
        c.real("queries", queries, queries.shape()).real("bank", bank, Shape.of(m, d))
                .real("similarity", similarity, Shape.of(n, k))
                .ints("index", index, Shape.of(n, k))
                .require(k <= m, k + " neighbours are wanted of a bank of " + m + " rows; choose at most as many");
        add(c, "n" + n + " m" + m + " d" + d + " top" + k, reads(queries, bank), writes(index, similarity), 2L * n * m * d,
                ops.topK(index, similarity, queries, bank));
    }

    // ---- optimisers --------------------------------------------------------------------------------------------

    public void momentumUpdate(String name, Buffer key, Buffer query, double m) {
        OperandCheck c = check(name, "momentum").require(m >= 0 && m <= 1, "m must lie in 0 .. 1, is " + m)
                .any("key", key).real("query", query, key.shape());
        add(c, "x" + key.shape(), reads(key, query), writes(key), 3 * key.size(), 3 * key.bytes(),
                ops.momentumUpdate(key, query, m));
    }

    public void sgd(String name, Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay) {
        sgd(name, w, dw, velocity, learningRate, momentum, weightDecay, null, null);
    }

    /** As above, of scaled gradients. */
    public void sgd(String name, Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay,
            Buffer exponent, Buffer nonFinite) {
        OperandCheck c = check(name, "sgd").any("w", w).real("dw", dw, w.shape()).real("velocity", velocity, w.shape())
                .real("learningRate", learningRate, Shape.SCALAR);
        guard(c, exponent, nonFinite);
        add(c, "x" + w.shape(), reads(w, dw, velocity, learningRate, exponent, nonFinite), writes(w, velocity), 6 * w.size(),
                5 * w.bytes(), ops.sgd(w, dw, velocity, learningRate, momentum, weightDecay, exponent, nonFinite));
    }

    public void adam(String name, Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1,
            double beta2, double eps, double weightDecay) {
        adam(name, w, dw, m, v, learningRate, step, beta1, beta2, eps, weightDecay, null, null);
    }

    /** As above, of scaled gradients. */
    public void adam(String name, Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1,
            double beta2, double eps, double weightDecay, Buffer exponent, Buffer nonFinite) {
        OperandCheck c = check(name, "adam").any("w", w).real("dw", dw, w.shape()).real("m", m, w.shape()).real("v", v, w.shape())
                .real("learningRate", learningRate, Shape.SCALAR).ints("step", step, Shape.SCALAR);
        guard(c, exponent, nonFinite);
        add(c, "x" + w.shape(), reads(w, dw, m, v, learningRate, step, exponent, nonFinite), writes(w, m, v, step), 13 * w.size(),
                7 * w.bytes(), ops.adam(w, dw, m, v, learningRate, step, beta1, beta2, eps, weightDecay, exponent, nonFinite));
    }

    private static void guard(OperandCheck c, Buffer exponent, Buffer nonFinite) {
        c.require((exponent == null) == (nonFinite == null), "exponent and nonFinite are given together");
        if (exponent != null) {
            c.ints("exponent", exponent, Shape.SCALAR).ints("nonFinite", nonFinite, Shape.SCALAR);
        }
    }

    public void scaleLoss(String name, Buffer x, Buffer exponent) {
        OperandCheck c = check(name, "scale_loss").any("x", x).real("x", x, x.shape()).ints("exponent", exponent, Shape.SCALAR);
        add(c, "x" + x.shape(), reads(x, exponent), writes(x), x.size(), 2 * x.bytes(), ops.scaleLoss(x, exponent));
    }

    public void adaptLossScale(String name, Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        OperandCheck c = check(name, "adapt_loss_scale").require(interval > 0, "the interval must be positive, is " + interval)
                .ints("exponent", exponent, Shape.SCALAR).ints("finiteSteps", finiteSteps, Shape.SCALAR)
                .ints("nonFinite", nonFinite, Shape.SCALAR);
        add(c, "interval" + interval, reads(exponent, finiteSteps, nonFinite), writes(exponent, finiteSteps, nonFinite), 0, 0,
                ops.adaptLossScale(exponent, finiteSteps, nonFinite, interval));
    }

    public void flagNonFinite(String name, Buffer flag, Buffer x) {
        OperandCheck c = check(name, "flag_non_finite").any("x", x).ints("flag", flag, Shape.SCALAR);
        add(c, "x" + x.shape(), reads(x, flag), writes(flag), x.size(), x.bytes(), ops.flagNonFinite(flag, x));
    }

    // ---- what advances from step to step -----------------------------------------------------------------------

    public void selectRow(String name, Buffer dst, Buffer table, Buffer index) {
        OperandCheck c = check(name, "select_row").realOrInts("table", table)
                .require(table.shape().rank() > 0 && table.size() > 0, "table must have rows, is " + table);
        int[] extents = table.shape().toArray();
        c.operand("dst", dst, table.dtype(), Shape.of(Arrays.copyOfRange(extents, 1, extents.length)))
                .ints("index", index, Shape.SCALAR);
        add(c, "x" + dst.shape() + " of " + extents[0], reads(table, index), writes(dst), 0, 2 * dst.bytes() + index.bytes(),
                ops.selectRow(dst, table, index));
    }

    public void store(String name, Buffer log, Buffer index, Buffer value) {
        OperandCheck c = check(name, "store").realOrInts("log", log).require(log.shape().rank() == 1 && log.size() > 0,
                "log must be a vector, is " + log);
        c.ints("index", index, Shape.SCALAR).operand("value", value, log.dtype(), Shape.SCALAR);
        add(c, "x" + log.shape(), reads(index, value), writes(log), 0, index.bytes() + 2 * value.bytes(),
                ops.store(log, index, value));
    }

    public void increment(String name, Buffer counter) {
        OperandCheck c = check(name, "increment").ints("counter", counter, Shape.SCALAR);
        add(c, "x" + counter.shape(), reads(counter), writes(counter), 0, 2 * counter.bytes(), ops.increment(counter));
    }

    // ---- images ------------------------------------------------------------------------------------------------

    public void randomViews(String name, ViewGeometry g, long seed, List<Philox.Purpose> purposes, List<Buffer> views,
            Buffer pixels, Buffer images, Buffer chosen, Buffer epoch) {
        OperandCheck c = check(name, "random_views").require(views.size() == purposes.size()
                && (views.size() == 1 || views.size() == 2),
                views.size() + " views and " + purposes.size() + " purposes; there must be one or two, and as many of both");
        c.present("chosen", chosen).require(chosen.shape().rank() == 1, "chosen must be a vector, is " + chosen);
        int n = chosen.shape().dim(0);
        for (int v = 0; v < views.size(); v++) {
            c.map("view" + (v + 1), views.get(v), g.views(n));
        }
        c.present("pixels", pixels).operand("pixels", pixels, DType.U8, pixels.shape()).present("images", images)
                .require(images.shape().rank() > 0 && images.size() > 0, "images must have a row for each image, is " + images)
                .ints("images", images, Shape.of(images.shape().dim(0), 4)).ints("chosen", chosen, Shape.of(n))
                .ints("epoch", epoch, Shape.SCALAR);
        List<Buffer> read = reads(pixels, images, chosen, epoch);
        // Bytes: each view is written, and at most one image read for it; the box is a part of that.
        long bytes = views.size() * (views.getFirst().bytes() + n * (pixels.bytes() / images.shape().dim(0)));
        add(c, "n" + n + " " + g, read, List.copyOf(views), 0, bytes,
                ops.randomViews(g, seed, purposes, views, pixels, images, chosen, epoch));
    }

    // ---- plain memory ------------------------------------------------------------------------------------------

    public void fill(String name, Buffer dst, double value) {
        OperandCheck c = check(name, "fill").present("dst", dst);
        if (dst.dtype() != DType.I32) {
            c.values("dst", dst);
        }
        add(c, "x" + dst.shape(), reads(), writes(dst), 0, ops.fill(dst, value));
    }

    public void copy(String name, Buffer dst, Buffer src) {
        OperandCheck c = check(name, "copy").present("src", src);
        c.operand("src", src, src.dtype(), src.shape()).operand("dst", dst, src.dtype(), src.shape());
        add(c, "x" + dst.shape(), reads(src), writes(dst), 0, ops.copy(dst, src));
    }

    // ---- recording ---------------------------------------------------------------------------------------------

    private void add(OperandCheck c, String problem, List<Buffer> reads, List<Buffer> writes, long flops, Work work) {
        List<Buffer> all = new ArrayList<>(reads);
        all.addAll(writes);
        add(c, problem, reads, writes, flops, all.stream().mapToLong(Buffer::bytes).sum(), work);
    }

    private void add(OperandCheck c, String problem, List<Buffer> reads, List<Buffer> writes, long flops, long bytes, Work work) {
        requireOpen();
        steps.add(new Step(c.name(), c.op(), problem, reads, writes, flops, bytes, work));
    }

    private OperandCheck check(String name, String op) {
        return new OperandCheck(backend, name, op);
    }

    private static List<Buffer> reads(Buffer... b) {
        return Arrays.stream(b).filter(Objects::nonNull).toList();
    }

    private static List<Buffer> readsIf(boolean accumulate, Buffer target, Buffer a, Buffer b) {
        return accumulate ? List.of(target, a, b) : List.of(a, b);
    }

    private static List<Buffer> writes(Buffer... b) {
        return reads(b);
    }
}
