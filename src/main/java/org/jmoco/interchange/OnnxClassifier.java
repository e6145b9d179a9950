package org.jmoco.interchange;

import java.util.List;
import java.util.Map;
import org.jmoco.encoder.ResNet18;
import org.jmoco.interchange.OnnxFile.Attribute;
import org.jmoco.tensor.HostTensor;

/**
 * A trained ResNet-18 as an ONNX model for evaluation: input {@code images} N x 3 x H x W, normalised f32 (any N, H, W that the
 * network takes); outputs {@code logits} N x K and {@code probabilities}, their softmax. Without head the output is
 * {@code features} N x 8 width, those of the average pool.
 */
public final class OnnxClassifier {
    /** jmoco's and torchvision's epsilon of batch norm. */
    private static final float EPS = 1e-5f;

    private final OnnxFile onnx = new OnnxFile();
    private final Map<String, HostTensor> tensors;

    private OnnxClassifier(Map<String, HostTensor> tensors) {
        this.tensors = tensors;
    }

    /**
     * @param tensors weights and running statistics under torchvision's names, filters K x C x R x S
     * @param documentation what the model was trained on and how its input is normalised
     * @return the bytes of an .onnx file
     */
    public static byte[] export(ResNet18.Config network, Map<String, HostTensor> tensors, String producerVersion,
            String documentation) {
        return new OnnxClassifier(tensors).build(network, true, producerVersion, documentation);
    }

    /** The backbone alone: what stands behind the average pool is left out. */
    public static byte[] features(ResNet18.Config network, Map<String, HostTensor> tensors, String producerVersion,
            String documentation) {
        return new OnnxClassifier(tensors).build(network, false, producerVersion, documentation);
    }

    private byte[] build(ResNet18.Config network, boolean head, String version, String documentation) {
        onnx.input("images", "n", 3, "h", "w");
        boolean large = network.stem() == ResNet18.Stem.IMAGENET;
        String x = relu(norm(conv("images", "conv1", large ? 2 : 1, large ? 3 : 1), "bn1"));
        if (large) {
            x = onnx.node("MaxPool", "maxpool", List.of(x), new Attribute("kernel_shape", new int[] {3, 3}),
                    new Attribute("strides", new int[] {2, 2}), new Attribute("pads", new int[] {1, 1, 1, 1}));
        }
        for (int stage = 1; stage <= 4; stage++) {
            for (int block = 0; block < 2; block++) {
                x = basicBlock(x, "layer" + stage + "." + block, stage > 1 && block == 0 ? 2 : 1);
            }
        }
        x = onnx.node("Flatten", head ? "flatten" : "features", List.of(onnx.node("GlobalAveragePool", "avgpool", List.of(x))));
        if (!head) {
            onnx.output("features", "n", 8 * network.width());
            return onnx.model("resnet18", version, documentation);
        }
        if (network.mlp()) {
            x = relu(linear(x, "fc.0", "fc.0.y"));
            linear(x, "fc.2", "logits");
        } else {
            linear(x, "fc", "logits");
        }
        onnx.node("Softmax", "probabilities", List.of("logits"), new Attribute("axis", 1));
        onnx.output("logits", "n", network.dim());
        onnx.output("probabilities", "n", network.dim());
        return onnx.model("resnet18", version, documentation);
    }

    private String basicBlock(String x, String path, int stride) {
        String y = relu(norm(conv(x, path + ".conv1", stride, 1), path + ".bn1"));
        y = norm(conv(y, path + ".conv2", 1, 1), path + ".bn2");
        String shortcut = tensors.containsKey(path + ".downsample.0.weight")
                ? norm(conv(x, path + ".downsample.0", stride, 0), path + ".downsample.1")
                : x;
        return relu(onnx.node("Add", path + ".add", List.of(y, shortcut)));
    }

    private String conv(String x, String layer, int stride, int pad) {
        HostTensor w = tensors.get(layer + ".weight");
        return onnx.node("Conv", layer + ".y", List.of(x, onnx.tensor(layer + ".weight", w)),
                new Attribute("kernel_shape", new int[] {w.shape().dim(2), w.shape().dim(3)}),
                new Attribute("strides", new int[] {stride, stride}), new Attribute("pads", new int[] {pad, pad, pad, pad}));
    }

    private String norm(String x, String layer) {
        List<String> operands = new java.util.ArrayList<>(List.of(x));
        for (String part : List.of(".weight", ".bias", ".running_mean", ".running_var")) {
            operands.add(onnx.tensor(layer + part, tensors.get(layer + part)));
        }
        return onnx.node("BatchNormalization", layer + ".y", operands, new Attribute("epsilon", EPS));
    }

    private String linear(String x, String layer, String output) {
        return onnx.node("Gemm", output,
                List.of(x, onnx.tensor(layer + ".weight", tensors.get(layer + ".weight")),
                        onnx.tensor(layer + ".bias", tensors.get(layer + ".bias"))),
                new Attribute("transB", 1));
    }

    private String relu(String x) {
        return onnx.node("Relu", x + ".relu", List.of(x));
    }
}
