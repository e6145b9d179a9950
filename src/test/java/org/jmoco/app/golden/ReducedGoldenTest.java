package org.jmoco.app.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
 * The cases of the golden files at a reduced size on the emulated device, by the same code: the same generator, fill, steps and
 * records, with a narrower encoder, smaller images and a shorter queue. What PyTorch's float64 run is to a file, the reference
 * backend in f64 is here; it agrees with the files to 1e-9 ({@link GoldenTest}). And what PyTorch's float32 run is, the reference
 * in f32 and the CPU backend are: bounds follow from their errors by the rule of the files ({@link GoldenReport}).
 *
 * <p>Sizes are such that in f64 no input of a ReLU is nearer to 0 than 4e-7. An input within f32's rounding of 0 has its gradient
 * passed or not by chance, and with maps this small one gradient more or less moves the others by a hundredth: images of 16 x 16
 * have such an input, at -9.6e-8. The large maps of the files have many, in PyTorch's own float32 record too.
 */
class ReducedGoldenTest {
    private static final int WIDTH = 8;
    private static final int MOCO_SIZE = 12;
    private static final int FINE_TUNE_SIZE = 20;

    private static ObjectNode config(int batch, int size, int dim, int splits, double lr, double weightDecay) {
        return JsonNodeFactory.instance.objectNode().put("width", WIDTH).put("batch", batch).put("size", size).put("dim", dim)
                .put("bn_splits", splits).put("lr", lr).put("weight_decay", weightDecay).put("steps", 3);
    }

    /** Queues that are no multiple of a step's keys and wrap around in its middle, which those of the files do not. */
    private static ObjectNode moco(int splits, boolean symmetric) {
        return config(16, MOCO_SIZE, 32, splits, 0.03, 5e-4).put("K", symmetric ? 40 : 24).put("m", 0.99).put("T", 0.1)
                .put("momentum", 0.9)
                .put("symmetric", symmetric);
    }

    private static ObjectNode fineTune() {
        ObjectNode c = config(8, FINE_TUNE_SIZE, 2, 8, 1e-4, 0);
        for (int i = 0; i < 8; i++) {
            c.withArray("labels").add(i % 2);
        }
        return c;
    }

    private static ObjectNode record(Backend backend, ObjectNode config) {
        try (backend) {
            ObjectNode out = config.has("symmetric") ? new MocoSteps(backend, new CaseConfig(config)).run()
                    : new FineTuneSteps(backend, new CaseConfig(config)).run();
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
        for (ObjectNode peer : peers) {
            if (truth.at("/config").has("symmetric")) {
                MocoGolden.compare(report, got, truth, peer);
            } else {
                FineTuneGolden.compare(report, got, truth, peer);
            }
        }
        return report.print(new PrintWriter(out), truth.at("/config").toString());
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
            assertTrue(out.toString().contains("gradient step 3"), out.toString());
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
        assertEquals(64, GoldenModel.config(new CaseConfig(JsonNodeFactory.instance.objectNode().put("dim", 128)
                .put("bn_splits", 8))).width());
    }
}
