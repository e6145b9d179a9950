package org.jmoco.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The projection of two layers. */
class HeadTest {
    private static final ResNet18.Config MLP = new ResNet18.Config(ResNet18.Stem.CIFAR, 1, 3, 2, true);
    private static final int N = 4;
    private static final int SIDE = 8;

    @Test
    void namesAreThoseOfMocoV2() {
        List<String> names = ResNet18.specs(MLP).stream().map(s -> s.name() + " " + s.checkpointShape())
                .filter(s -> s.startsWith("fc")).toList();
        assertEquals(List.of("fc.0.weight 8x8", "fc.0.bias 8", "fc.2.weight 3x8", "fc.2.bias 3"), names);
        assertTrue(ResNet18.specs(MLP.withMlp(false)).stream().anyMatch(s -> s.name().equals("fc.weight")));
    }

    private static HostTensor random(Shape shape, int item, double scale) {
        Philox p = new Philox(3, Philox.Purpose.TEST, 0, item);
        double[] v = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < v.length; i++) {
            v[i] = scale * p.nextGaussian();
        }
        return HostTensor.of(shape, v);
    }

    /** Gradients of sum(dy . y) against central differences in f64, for every tensor of the head and one below it. */
    @Test
    void gradientsAreThoseOfFiniteDifferences() {
        try (Backend backend = ReferenceBackend.open(DType.F64, 2)) {
            ResNet18 net = new ResNet18(backend, "q", MLP, true);
            Buffer x = backend.declare(Region.INPUT, "x", Shape.of(N, SIDE, SIDE, 3));
            Buffer dy = backend.declare(Region.INPUT, "dy", Shape.of(N, 3));
            Buffer y = backend.declare(Region.OUTPUT, "y", Shape.of(N, 3));
            Recorder rec = backend.record("both");
            ResNet18.Saved saved = net.forward(rec, x);
            rec.copy("y", y, saved.y());
            net.backward(rec, saved, dy, false);
            Program both = rec.finish();
            backend.allocate();
            Map<String, HostTensor> weights = new LinkedHashMap<>();
            Initializer.weights(net.weights().specs(), 5).forEach((name, t) -> weights.put(name, t.toF64()));
            net.weights().upload(backend, weights);
            net.statistics().upload(backend, Initializer.weights(net.statistics().specs(), 5));
            backend.upload(x, random(x.shape(), 1, 1));
            HostTensor direction = random(dy.shape(), 2, 1);
            backend.upload(dy, direction);
            both.run();
            Map<String, HostTensor> gradients = net.gradients().download(backend);
            for (String name : List.of("fc.0.weight", "fc.0.bias", "fc.2.weight", "fc.2.bias", "layer4.1.bn2.weight")) {
                HostTensor w = weights.get(name);
                for (int i = 0; i < w.size(); i++) {
                    double h = 1e-5;
                    double before = w.doubles()[i];
                    double slope = 0;
                    for (int sign = -1; sign <= 1; sign += 2) {
                        w.doubles()[i] = before + sign * h;
                        net.weights().upload(backend, weights);
                        both.run();
                        HostTensor out = backend.download(y);
                        for (int j = 0; j < out.size(); j++) {
                            slope += sign * out.get(j) * direction.get(j) / (2 * h);
                        }
                    }
                    w.doubles()[i] = before;
                    // Central differences: h^2 times the third derivative, and 2^-53 |y| / h = 1e-11 of rounding.
                    assertEquals(slope, gradients.get(name).get(i), 1e-7 * Math.max(1, Math.abs(slope)), name + " " + i);
                }
            }
            assertTrue(gradients.get("fc.0.weight").doubles()[0] != 0 || gradients.get("fc.0.weight").doubles()[9] != 0,
                    "nothing was tested");
        }
    }

    @Test
    void weightsOfTheHeadAreOfItsOwnSizes() {
        for (ParameterSpec s : ResNet18.specs(MLP)) {
            if (s.name().startsWith("fc")) {
                assertTrue(s.kind() == ParameterSpec.Kind.LINEAR_WEIGHT || s.kind() == ParameterSpec.Kind.LINEAR_BIAS, s.name());
            }
        }
    }
}
