package org.jmoco.app.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The cases of the golden files at a reduced size on the emulated device, by the same code: the same generator, fill, steps and records, with
 * a narrower encoder, smaller images and a shorter queue. What PyTorch's float64 run is to a file, the reference backend in f64 is here; it
 * agrees with the files to 1e-9 ({@link GoldenTest}). And what PyTorch's float32 run is, the reference in f32 and the CPU backend are: bounds
 * follow from their errors by the rule of the files ({@link GoldenReport}).
 */
class ReducedGoldenTest {
    private static final int WIDTH = 8;
    private static final int SIZE = 16;
    private static final List<String> STATISTICS = List.of("buffers_q_after", "buffers_k_after", "buffers_after");
    private static final String MEAN = "running_mean";

    private static ObjectNode config(int batch, int size, int dim, int splits, double lr, double weightDecay) {
        return JsonNodeFactory.instance.objectNode().put("width", WIDTH).put("batch", batch).put("size", size).put("dim", dim)
                .put("bn_splits", splits).put("lr", lr).put("weight_decay", weightDecay).put("steps", 3);
    }

    /** Queues that are no multiple of a step's keys and wrap around in its middle, which those of the files do not. */
    private static ObjectNode moco(int splits, boolean symmetric) {
        return config(16, SIZE, 32, splits, 0.03, 5e-4).put("K", symmetric ? 40 : 24).put("m", 0.99).put("T", 0.1).put("momentum", 0.9)
                .put("symmetric", symmetric);
    }

    private static ObjectNode fineTune() {
        ObjectNode c = config(8, 2 * SIZE, 2, 8, 1e-4, 0);
        for (int i = 0; i < 8; i++) {
            c.withArray("labels").add(i % 2);
        }
        return c;
    }

    private static ObjectNode record(Backend backend, ObjectNode config) {
        try (backend) {
            ObjectNode out = config.has("symmetric") ? new MocoSteps(backend, new CaseConfig(config)).run() : new FineTuneSteps(backend, new CaseConfig(config)).run();
            out.set("config", config);
            return out;
        }
    }

    private static Backend cuda(Precision precision) {
        EmulatedGpu gpu = new EmulatedGpu(80);
        gpu.countTraffic(false);
        return CudaBackend.open(gpu, CudaOptions.of(precision));
    }

    /** @return whether {@code got} is within the bounds that {@code peers} set */
    private static boolean compare(ObjectNode got, ObjectNode truth, List<ObjectNode> peers, StringWriter out) {
        GoldenReport report = new GoldenReport(DType.F32);
        ObjectNode others = withoutMeans(got);
        ObjectNode trueOthers = withoutMeans(truth);
        for (ObjectNode peer : peers) {
            if (truth.at("/config").has("symmetric")) {
                MocoGolden.compare(report, others, trueOthers, peer);
            } else {
                FineTuneGolden.compare(report, others, trueOthers, peer);
            }
            for (String buffers : STATISTICS) {
                compareMeans(report, got.path(buffers), truth.path(buffers), peer.path(buffers), truth.path("config"));
            }
        }
        return report.print(new PrintWriter(out), truth.at("/config").toString());
    }

    private static ObjectNode withoutMeans(ObjectNode record) {
        ObjectNode copy = record.deepCopy();
        for (String buffers : STATISTICS) {
            if (copy.has(buffers)) {
                ObjectNode all = (ObjectNode) copy.path(buffers);
                all.properties().removeIf(e -> e.getKey().endsWith(MEAN));
            }
        }
        return copy;
    }

    /**
     * Running means by the same rule, on another scale. The rounding error of a mean is relative to the values that it is of
     * (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), and batch norm divides by their deviation. On the scale of
     * the means themselves, which are a hundredth of that before the first batch norm, the kernel of statistics, which counts from the
     * first value of a channel, errs by up to 1e-5; other f32 backends add in f64 and err by 1e-6.
     *
     * <p>With v the mean of a channel's variances, p passes move its running variance from 1 to 0.9^p + (1 - 0.9^p) v and
     * its running mean to (1 - 0.9^p) of a mean.
     */
    private static void compareMeans(GoldenReport report, JsonNode got, JsonNode truth, JsonNode peer, JsonNode config) {
        double left = Math.pow(0.9, config.path("steps").asInt() * (config.path("symmetric").asBoolean() ? 2 : 1));
        got.properties().stream().filter(e -> e.getKey().endsWith(MEAN)).forEach(e -> {
            String name = e.getKey();
            JsonNode variances = truth.path(name.replace(MEAN, "running_var")).path("first4");
            for (int i = 0; i < variances.size(); i++) {
                double deviation = Math.sqrt((variances.get(i).asDouble() - left) / (1 - left));
                report.element("running means", name + "[" + i + "]", e.getValue().path("first4").path(i).asDouble(Double.NaN),
                        truth.path(name).path("first4").path(i).asDouble(), peer.path(name).path("first4").path(i),
                        (1 - left) * deviation);
            }
        });
    }

    private static List<ObjectNode> peers(ObjectNode config) {
        return List.of(record(ReferenceBackend.open(DType.F32, 2), config), record(CpuBackend.open(2), config));
    }

    @TestFactory
    Stream<DynamicTest> withinTheBoundsOfF32() {
        Stream<ObjectNode> moco = Stream.of(1, 8).flatMap(splits -> Stream.of(moco(splits, false), moco(splits, true)));
        return Stream.concat(moco, Stream.of(fineTune())).map(config -> DynamicTest.dynamicTest(config.toString(), () -> {
            StringWriter out = new StringWriter();
            ObjectNode truth = record(ReferenceBackend.open(DType.F64, 2), config);
            assertTrue(compare(record(cuda(Precision.F32), config), truth, peers(config), out), out::toString);
            assertTrue(out.toString().contains("gradient step 3") && out.toString().contains("running means"), out.toString());
        }));
    }

    /** The comparison sees a step that is not quite the same: products of tf32 are rounded to 11 bits instead of 24. */
    @Test
    void aStepInTf32IsNotWithinThem() {
        StringWriter out = new StringWriter();
        ObjectNode truth = record(ReferenceBackend.open(DType.F64, 2), fineTune());
        assertFalse(compare(record(cuda(Precision.TF32), fineTune()), truth, peers(fineTune()), out), out::toString);
    }

    @Test
    void widthOfTheFilesIs64() {
        assertEquals(64, GoldenModel.config(new CaseConfig(JsonNodeFactory.instance.objectNode().put("dim", 128).put("bn_splits", 8))).width());
    }
}
