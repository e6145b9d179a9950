package org.jmoco.encoder;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.layer.BatchNorm2d;
import org.jmoco.layer.Conv2d;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.layer.Parameters;

/**
 * torchvision's BasicBlock: y = relu(bn2(conv2(relu(bn1(conv1 x)))) + shortcut(x)), the shortcut being x itself, or
 * bn(conv 1x1) where stride or width change. (He et al. 2016, figure 2.)
 */
final class BasicBlock {
    private final String name;
    private final Conv2d conv1;
    private final BatchNorm2d bn1;
    private final Conv2d conv2;
    private final BatchNorm2d bn2;
    private final Conv2d downConv; // null for the identity shortcut
    private final BatchNorm2d downNorm;

    /** What backward needs. */
    record Saved(
            Buffer x, // N x H x W x C
            BatchNorm2d.Saved bn1,
            BatchNorm2d.Saved bn2,
            BatchNorm2d.Saved down) { // null for the identity shortcut
        Buffer y() {
            return bn2.y();
        }
    }

    BasicBlock(String path, Parameters w, Parameters dw, Parameters statistics, int in, int out, int stride, int splits) {
        name = w.flat().name() + "." + path;
        conv1 = new Conv2d(path + ".conv1", w, dw, stride, 1);
        bn1 = new BatchNorm2d(path + ".bn1", w, dw, statistics, splits);
        conv2 = new Conv2d(path + ".conv2", w, dw, 1, 1);
        bn2 = new BatchNorm2d(path + ".bn2", w, dw, statistics, splits);
        boolean identity = isIdentity(in, out, stride);
        downConv = identity ? null : new Conv2d(path + ".downsample.0", w, dw, stride, 0);
        downNorm = identity ? null : new BatchNorm2d(path + ".downsample.1", w, dw, statistics, splits);
    }

    private static boolean isIdentity(int in, int out, int stride) {
        return in == out && stride == 1;
    }

    static List<ParameterSpec> specs(String path, int in, int out, int stride) {
        List<ParameterSpec> s = new ArrayList<>();
        s.addAll(Conv2d.specs(path + ".conv1", in, out, 3));
        s.addAll(BatchNorm2d.specs(path + ".bn1", out));
        s.addAll(Conv2d.specs(path + ".conv2", out, out, 3));
        s.addAll(BatchNorm2d.specs(path + ".bn2", out));
        if (!isIdentity(in, out, stride)) {
            s.addAll(Conv2d.specs(path + ".downsample.0", in, out, 1));
            s.addAll(BatchNorm2d.specs(path + ".downsample.1", out));
        }
        return s;
    }

    static List<ParameterSpec> statisticsSpecs(String path, int in, int out, int stride) {
        List<ParameterSpec> s = new ArrayList<>();
        s.addAll(BatchNorm2d.statisticsSpecs(path + ".bn1", out));
        s.addAll(BatchNorm2d.statisticsSpecs(path + ".bn2", out));
        if (!isIdentity(in, out, stride)) {
            s.addAll(BatchNorm2d.statisticsSpecs(path + ".downsample.1", out));
        }
        return s;
    }

    Saved forward(Recorder rec, Buffer x) {
        BatchNorm2d.Saved s1 = bn1.forwardRelu(rec, conv1.forward(rec, x));
        BatchNorm2d.Saved down = downConv == null ? null : downNorm.forward(rec, downConv.forward(rec, x));
        BatchNorm2d.Saved s2 = bn2.forwardAddRelu(rec, conv2.forward(rec, s1.y()), down == null ? x : down.y());
        return new Saved(x, s1, s2, down);
    }

    Buffer infer(Recorder rec, Buffer x) {
        Buffer y1 = bn1.inferRelu(rec, conv1.forward(rec, x));
        Buffer shortcut = downConv == null ? x : downNorm.infer(rec, downConv.forward(rec, x));
        return bn2.inferAddRelu(rec, conv2.forward(rec, y1), shortcut);
    }

    /**
     * The gradient of x is the sum of two paths: whatever the shortcut gives is written to dx first, and conv1 adds its own.
     *
     * @param dy overwritten
     * @return dx
     */
    Buffer backward(Recorder rec, Saved s, Buffer dy, boolean accumulate) {
        Buffer dx = rec.activation(name + ".dx", s.x.shape());
        // With an identity shortcut the residual's gradient is dx's first term; else it goes back through the 1x1 convolution.
        Buffer dShortcut = downConv == null ? dx : dy;
        Buffer d2 = bn2.backwardAdd(rec, s.bn2, dy, dShortcut, accumulate);
        if (downConv != null) {
            Buffer dDown = downNorm.backward(rec, s.down, dShortcut, accumulate);
            downConv.backwardWeights(rec, s.x, dDown, accumulate);
            downConv.backwardData(rec, dx, dDown, false);
        }
        conv2.backwardWeights(rec, s.bn1.y(), d2, accumulate);
        Buffer dy1 = rec.activation(name + ".dy1", s.bn1.y().shape());
        conv2.backwardData(rec, dy1, d2, false);
        Buffer d1 = bn1.backward(rec, s.bn1, dy1, accumulate);
        conv1.backwardWeights(rec, s.x, d1, accumulate);
        conv1.backwardData(rec, dx, d1, true);
        return dx;
    }
}
