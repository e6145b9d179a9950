package org.jmoco.layer;

import java.util.List;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.Shape;

/**
 * Batch norm in G splits, with residual add and ReLU in the same pass. x N x H x W x C. One device imitates G: sample n is
 * normalised with the samples of group n mod G only. See docs/maths/batch-norm-with-splits.md.
 */
public final class BatchNorm2d {
    /** torch.nn.BatchNorm2d's defaults. */
    private static final double EPS = 1e-5;

    private static final double MOMENTUM = 0.1;

    private final String name;
    private final Buffer gamma; // C
    private final Buffer beta; // C
    private final Buffer dgamma; // C, null in an encoder that is not trained
    private final Buffer dbeta; // C, likewise
    private final Buffer runningMean; // C
    private final Buffer runningVar; // C
    private final int splits;

    /** What backward needs. */
    public record Saved(
            Buffer x, // N x H x W x C
            Buffer y, // N x H x W x C
            Buffer mean, // G x C
            Buffer invStd, // G x C
            boolean relu) {}

    public BatchNorm2d(String path, Parameters weights, Parameters gradients, Parameters statistics, int splits) {
        this.name = weights.flat().name() + "." + path;
        this.gamma = weights.get(path + ".weight");
        this.beta = weights.get(path + ".bias");
        this.dgamma = gradients == null ? null : gradients.get(path + ".weight");
        this.dbeta = gradients == null ? null : gradients.get(path + ".bias");
        this.runningMean = statistics.get(path + ".running_mean");
        this.runningVar = statistics.get(path + ".running_var");
        this.splits = splits;
    }

    public static List<ParameterSpec> specs(String path, int channels) {
        return List.of(new ParameterSpec(path + ".weight", ParameterSpec.Kind.NORM_WEIGHT, Shape.of(channels)),
                new ParameterSpec(path + ".bias", ParameterSpec.Kind.NORM_BIAS, Shape.of(channels)));
    }

    /** Running mean and variance, which are state, not parameters: no optimiser and no momentum update touches them. */
    public static List<ParameterSpec> statisticsSpecs(String path, int channels) {
        return List.of(new ParameterSpec(path + ".running_mean", ParameterSpec.Kind.RUNNING_MEAN, Shape.of(channels)),
                new ParameterSpec(path + ".running_var", ParameterSpec.Kind.RUNNING_VAR, Shape.of(channels)));
    }

    /** Training forward: y = norm(x). */
    public Saved forward(Recorder rec, Buffer x) {
        return forward(rec, x, null, false);
    }

    /** y = relu(norm(x)). */
    public Saved forwardRelu(Recorder rec, Buffer x) {
        return forward(rec, x, null, true);
    }

    /** y = relu(norm(x) + residual): the end of a block. */
    public Saved forwardAddRelu(Recorder rec, Buffer x, Buffer residual) {
        return forward(rec, x, residual, true);
    }

    private Saved forward(Recorder rec, Buffer x, Buffer residual, boolean relu) {
        BatchNormGeometry g = geometry(x.shape(), splits);
        Saved s = new Saved(x, rec.activation(name + ".y", g.x()), rec.activation(name + ".mean", g.saved()),
                rec.activation(name + ".invStd", g.saved()), relu);
        rec.batchNormForward(name, g, s.y, x, residual, gamma, beta, runningMean, runningVar, s.mean, s.invStd, relu);
        return s;
    }

    /** Evaluation forward, by the running statistics. @return y = norm(x) */
    public Buffer infer(Recorder rec, Buffer x) {
        return infer(rec, x, null, false);
    }

    /** @return relu(norm(x)) */
    public Buffer inferRelu(Recorder rec, Buffer x) {
        return infer(rec, x, null, true);
    }

    /** @return relu(norm(x) + residual) */
    public Buffer inferAddRelu(Recorder rec, Buffer x, Buffer residual) {
        return infer(rec, x, residual, true);
    }

    private Buffer infer(Recorder rec, Buffer x, Buffer residual, boolean relu) {
        BatchNormGeometry g = geometry(x.shape(), 1);
        Buffer y = rec.activation(name + ".y", g.x());
        rec.batchNormInference(name, g, y, x, residual, gamma, beta, runningMean, runningVar, relu);
        return y;
    }

    /** Gradients of x, gamma and beta, where nothing was added. @return dx */
    public Buffer backward(Recorder rec, Saved s, Buffer dy, boolean accumulate) {
        return backwardAdd(rec, s, dy, null, accumulate);
    }

    /**
     * The same where a residual was added.
     *
     * @param dResidual gets the gradient of the residual, may be dy itself
     * @return dx
     */
    public Buffer backwardAdd(Recorder rec, Saved s, Buffer dy, Buffer dResidual, boolean accumulate) {
        Buffer dx = rec.activation(name + ".dx", s.x.shape());
        rec.batchNormBackward(name, geometry(s.x.shape(), splits), dx, dResidual, dgamma, dbeta, dy, s.x, s.relu ? s.y : null,
                gamma, s.mean, s.invStd, s.relu, accumulate);
        return dx;
    }

    private static BatchNormGeometry geometry(Shape x, int splits) {
        return new BatchNormGeometry(x.dim(0), x.dim(1), x.dim(2), x.dim(3), splits, EPS, MOMENTUM);
    }
}
