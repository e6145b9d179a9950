package org.jmoco.interchange;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.encoder.ResNet18.Stem;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** onnxruntime computes from the exported file what the reference backend computes from the weights. */
class OnnxClassifierTest {
    private static final int N = 3;

    /** Widths that are no power of two, both stems, sides that halve unevenly, two classes to a projection's many. */
    @ParameterizedTest
    @CsvSource({"CIFAR, false, 20, 4, 5", "CIFAR, true, 16, 4, 5", "IMAGENET, false, 45, 4, 5", "CIFAR, false, 32, 16, 2",
            "CIFAR, false, 33, 24, 10",
        "CIFAR, true, 36, 24, 128", "CIFAR, false, 9, 3, 1", "IMAGENET, false, 224, 16, 2", "IMAGENET, true, 97, 24, 10"})
    void onnxruntimeAgrees(Stem stem, boolean mlp, int image, int width, int classes) throws OrtException {
        ResNet18.Config config = new ResNet18.Config(stem, width, classes, 1).withMlp(mlp);
        try (Backend backend = ReferenceBackend.open(DType.F32, 2)) {
            ResNet18 network = new ResNet18(backend, "q", config, false);
            Buffer x = backend.declare(Region.INPUT, "x", Shape.of(N, image, image, 3));
            Buffer y = backend.declare(Region.OUTPUT, "y", Shape.of(N, config.dim()));
            Buffer f = backend.declare(Region.OUTPUT, "f", Shape.of(N, 8 * width));
            Recorder pooled = backend.record("features");
            pooled.copy("f", f, network.inferFeatures(pooled, x));
            Program features = pooled.finish();
            Recorder rec = backend.record("infer");
            rec.copy("y", y, network.infer(rec, x));
            Program program = rec.finish();
            backend.allocate();
            Map<String, HostTensor> tensors = new HashMap<>(Initializer.weights(network.weights().specs(), 7));
            // Statistics as after training: means away from 0, variances away from 1.
            Philox random = new Philox(7, Philox.Purpose.TEST, 0, 0);
            Initializer.weights(network.statistics().specs(), 7).forEach((name, t) -> {
                float[] v = new float[t.size()];
                for (int i = 0; i < v.length; i++) {
                    v[i] = name.endsWith("var") ? 0.5f + random.nextFloat() : random.nextFloat() - 0.5f;
                }
                tensors.put(name, HostTensor.of(t.shape(), v));
            });
            network.weights().upload(backend, tensors);
            network.statistics().upload(backend, tensors);
            float[] nhwc = new float[N * image * image * 3];
            for (int i = 0; i < nhwc.length; i++) {
                nhwc[i] = (float) random.nextGaussian();
            }
            backend.upload(x, HostTensor.of(x.shape(), nhwc));
            program.run();
            features.run();
            float[][][] got = run(OnnxClassifier.export(config, tensors, "test", "normalised"), nhwc, image, "logits",
                    "probabilities");
            assertClose(backend.download(y), got[0]);
            for (float[] probabilities : got[1]) {
                double sum = 0;
                for (float p : probabilities) {
                    sum += p;
                }
                assertEquals(1, sum, 1e-6);
            }
            assertClose(backend.download(f), run(OnnxClassifier.features(config, tensors, "test", "normalised"), nhwc, image,
                    "features")[0]);
        }
    }

    private static void assertClose(HostTensor expected, float[][] got) {
        assertEquals(expected.shape(), Shape.of(got.length, got[0].length));
        for (int n = 0; n < got.length; n++) {
            for (int k = 0; k < got[n].length; k++) {
                // Both compute in f32 through 20 layers; values are of order 1 and errors of 20 layers times 2^-24 times 30.
                assertEquals(expected.get(n * got[n].length + k), got[n][k], 20 * 30 * 0x1p-24 * (1 + Math.abs(got[n][k])),
                        n + ", " + k);
            }
        }
    }

    private static float[][][] run(byte[] model, float[] nhwc, int image, String... outputs) throws OrtException {
        float[] nchw = new float[nhwc.length];
        for (int i = 0; i < nhwc.length; i++) {
            int c = i % 3;
            int pixel = i / 3 % (image * image);
            nchw[(i / 3 / (image * image) * 3 + c) * image * image + pixel] = nhwc[i];
        }
        OrtEnvironment env = OrtEnvironment.getEnvironment();
        try (OrtSession session = env.createSession(model);
                OnnxTensor images = OnnxTensor.createTensor(env, FloatBuffer.wrap(nchw), new long[] {N, 3, image, image});
                OrtSession.Result result = session.run(Map.of("images", images))) {
            assertEquals(outputs.length, result.size());
            float[][][] values = new float[outputs.length][][];
            for (int i = 0; i < outputs.length; i++) {
                values[i] = (float[][]) result.get(outputs[i]).orElseThrow().getValue();
            }
            return values;
        }
    }
}
