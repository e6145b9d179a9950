package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint of one backend goes on on the other, the CUDA backend being on the emulated device: the next step, taken on both
 * from the same checkpoint, is the same up to rounding.
 *
 * <p>One step only: rounding puts some activation near 0 on the other side of its ReLU sooner or later, and from there on two
 * right runs part (here within four steps from the start, with f64 as the judge of neither).
 */
class OtherBackendTest {
    private static final CheckpointPolicy EVERY_STEP = new CheckpointPolicy(1, 1);

    @TempDir
    Path folder;

    private static Backend cuda(Precision precision) {
        EmulatedGpu gpu = new EmulatedGpu(80);
        gpu.countTraffic(false);
        return CudaBackend.open(gpu, CudaOptions.of(precision));
    }

    /** Trains on {@code backend} until step 4 of epoch 1 is told of; the last checkpoint is that of step 3. */
    private Path begin(Backend backend, String name) {
        Path out = folder.resolve(name);
        assertThrows(Fixture.Killed.class, () -> Fixture.pretrain(backend, Fixture.pretraining(), 1,
                Fixture.into(out, EVERY_STEP, Fixture.dyingAt(1, 4)), t -> {
                    t.initialize();
                    t.train();
                }));
        return out;
    }

    /** Goes on until step 1 of epoch 2 is told of. @return the checkpoint of step 4 of epoch 1 */
    private static Map<String, HostTensor> goOn(Backend backend, Path out) {
        assertThrows(Fixture.Killed.class, () -> Fixture.pretrain(backend, Fixture.pretraining(), 1,
                Fixture.into(out, EVERY_STEP, Fixture.dyingAt(2, 1)), t -> {
                    t.resume(Fixture.latest(out));
                    t.train();
                }));
        return Fixture.latest(out).tensors();
    }

    private void checkNextStep(Supplier<Backend> first, Supplier<Backend> second) {
        Map<String, HostTensor> same = goOn(first.get(), begin(first.get(), "same"));
        Map<String, HostTensor> other = goOn(second.get(), begin(first.get(), "other"));
        assertEquals(same.keySet(), other.keySet());
        same.forEach((name, expected) -> {
            double rms = 0;
            for (int i = 0; i < expected.size(); i++) {
                rms += expected.get(i) * expected.get(i) / expected.size();
            }
            for (int i = 0; i < expected.size(); i++) {
                // Gradients pass 40 layers of sums of up to 300 products, divided by T = 0.1: 40 * 300 * 10 * 2^-24 = 0.007 of
                // their size.
                double allowed = 0.007 * (Math.sqrt(rms) + Math.abs(expected.get(i)));
                assertEquals(expected.get(i), other.get(name).get(i), allowed, name + " " + i);
            }
        });
    }

    @Test
    void fromTheCpuToTheGpu() {
        checkNextStep(() -> CpuBackend.open(1), () -> cuda(Precision.F32));
    }

    @Test
    void fromTheGpuToTheCpu() {
        checkNextStep(() -> cuda(Precision.F32), () -> CpuBackend.open(1));
    }

    @Test
    void fromF32ToBf16() {
        goOn(cuda(Precision.BF16), begin(cuda(Precision.F32), "bf16")).forEach((name, t) -> {
            for (int i = 0; i < t.size(); i++) {
                assertTrue(Double.isFinite(t.get(i)), name);
            }
        });
    }
}
