package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jmoco.backend.cuda.InfoNceTiles.Cut;
import org.junit.jupiter.api.Test;

/** Which kernel a problem and a device get, and how the queue is cut. */
class InfoNceTilesTest {
    private static final GpuInfo H200 = device(90, 132, 232448);
    private static final GpuInfo ADA = device(89, 128, 101376);
    private static final GpuInfo TURING = device(75, 40, 65536);

    private static GpuInfo device(int capability, int multiprocessors, int sharedBytes) {
        return new GpuInfo("device", capability, multiprocessors, 1L << 34, sharedBytes, "13.0", "12.6", "9.5");
    }

    private static String entry(Precision precision, int d, GpuInfo device) {
        InfoNceTiles t = InfoNceTiles.choose(precision, d, device);
        return t == null ? null : t.entry();
    }

    @Test
    void theNarrowestThatHoldsTheFeatures() {
        assertEquals("info_nce_bf16_d64", entry(Precision.BF16, 1, H200));
        assertEquals("info_nce_bf16_d64", entry(Precision.BF16, 64, H200));
        assertEquals("info_nce_bf16_d128", entry(Precision.BF16, 65, H200));
        assertEquals("info_nce_tf32_d256", entry(Precision.TF32, 256, H200));
        assertEquals("info_nce_f32_d128", entry(Precision.F32, 128, H200));
        assertEquals("info_nce_f32_d512", entry(Precision.BF16, 257, H200), "no tensor kernel is as wide");
        assertNull(entry(Precision.F32, 513, H200));
    }

    @Test
    void whatTheDeviceLacksIsNotChosen() {
        assertEquals("info_nce_bf16_d128", entry(Precision.BF16, 128, ADA), "96 KiB of 99");
        assertEquals("info_nce_tf32_d256", entry(Precision.TF32, 256, ADA));
        assertEquals("info_nce_f32_d128_small", entry(Precision.TF32, 128, TURING), "no such tensor cores, 64 KiB");
        assertNull(entry(Precision.F32, 129, TURING), "71 KB of 64 KiB");
    }

    /** The parts cover the queue, none is empty, each starts at a tile, and the merge has room for them. */
    @Test
    void partsCoverTheQueue() {
        for (GpuInfo device : List.of(H200, ADA, TURING)) {
            for (Precision precision : Precision.values()) {
                for (int d : new int[] {1, 64, 128, 256}) {
                    InfoNceTiles t = InfoNceTiles.choose(precision, d, device);
                    if (t == null) {
                        continue;
                    }
                    for (int n : new int[] {1, 7, 128, 512, 5000}) {
                        for (int m : new int[] {1, 13, 4096, 65536, 65537, 1 << 20}) {
                            Cut cut = t.cut(n, m, device);
                            String problem = t.entry() + " n" + n + " m" + m + ": " + cut;
                            assertEquals(0, cut.keysPerPart() % t.keys(), problem);
                            assertTrue((long) cut.keysPerPart() * cut.parts() >= m, problem);
                            assertTrue((long) cut.keysPerPart() * (cut.parts() - 1) < m, problem);
                            assertTrue(cut.parts() <= InfoNceTiles.MAX_PARTS, problem);
                        }
                    }
                }
            }
        }
    }

    /** The standard problem of the figures in docs/maths/infonce.md. */
    @Test
    void oneRoundOfBlocksFillsTheDevice() {
        InfoNceTiles bf16 = InfoNceTiles.choose(Precision.BF16, 128, H200);
        assertEquals(new Cut(16 * 64, 64), bf16.cut(512, 65536, H200), "2 tiles of queries x 64 parts = 128 blocks on 132");
        InfoNceTiles f32 = InfoNceTiles.choose(Precision.F32, 128, H200);
        assertEquals(new Cut(32 * 64, 32), f32.cut(512, 65536, H200), "8 tiles of queries x 32 parts = 256 blocks on 2 x 132");
    }

    @Test
    void aQueueShorterThanATileIsOnePart() {
        for (Precision precision : Precision.values()) {
            assertEquals(1, InfoNceTiles.choose(precision, 128, H200).cut(1, 1, H200).parts());
        }
    }
}
