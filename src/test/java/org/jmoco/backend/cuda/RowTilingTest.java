package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.tensor.DType;
import org.junit.jupiter.api.Test;

class RowTilingTest {
    /** H200: 132 multiprocessors of 4 blocks. */
    private static final int RESIDENT = 528;

    private static RowTiling tiling(int groups, int groupSize, int pixels, int channels, DType type, boolean vectors) {
        return RowTiling.of(groups, groupSize, pixels, channels, type, vectors, RESIDENT, 6);
    }

    /** Every row is in one chunk, every channel in one tile, and no block is without rows. */
    @Test
    void coversTheMap() {
        for (int groups : new int[] {1, 7, 8}) {
            for (int groupSize : new int[] {1, 13, 64, 1023, 65_536}) {
                for (int channels : new int[] {1, 3, 7, 8, 13, 16, 33, 64, 96, 512, 1000}) {
                    for (DType type : new DType[] {DType.F32, DType.BF16}) {
                        for (boolean vectors : new boolean[] {true, false}) {
                            RowTiling t = tiling(groups, groupSize, 1, channels, type, vectors);
                            assertEquals(1, Integer.bitCount(t.threadsX()), t.toString());
                            assertTrue(t.threadsX() <= 32, t.toString());
                            assertEquals(RowTiling.THREADS, t.block().count(), t.toString());
                            assertEquals(0, channels % t.pack(), t.toString());
                            assertTrue((long) t.tiles() * t.threadsX() * t.pack() >= channels, t.toString());
                            assertTrue((long) (t.tiles() - 1) * t.threadsX() * t.pack() < channels, t.toString());
                            assertTrue((long) t.chunks() * t.perChunk() >= groupSize, t.toString());
                            assertTrue((long) (t.chunks() - 1) * t.perChunk() < groupSize, t.toString());
                            assertTrue(t.grid().count() <= Math.max(RESIDENT, (long) groups * t.tiles()), t.toString());
                        }
                    }
                }
            }
        }
    }

    /**
     * The layers of a ResNet-18 of width 64, batch 512, 32 x 32, 8 splits, in bf16: one wave, half of it used at least. A third
     * of the packs that the wave could have in flight saturates memory.
     */
    @Test
    void fillsTheDeviceInOneWave() {
        assertEquals("bf16x8 8 tiles of 1", describe(tiling(8, 65_536, 1024, 64, DType.BF16, true)));
        for (int stage = 0; stage < 4; stage++) {
            RowTiling t = tiling(8, 65_536 >> 2 * stage, 1024 >> 2 * stage, 64 << stage, DType.BF16, true);
            assertTrue(t.grid().count() >= RESIDENT / 2, t.toString());
        }
    }

    private static String describe(RowTiling t) {
        return t.suffix() + " " + t.threadsX() + " tiles of " + t.tiles();
    }

    /** No thread is left over where packs divide into one of the widths. */
    @Test
    void choosesTheWidthThatLeavesNoThreadOver() {
        assertEquals(8, tiling(1, 64, 64, 96 * 2, DType.BF16, true).threadsX()); // 24 packs
        assertEquals(16, tiling(1, 64, 64, 384, DType.BF16, true).threadsX()); // 48 packs
        assertEquals(32, tiling(1, 64, 64, 512, DType.BF16, true).threadsX()); // 64 packs
        assertEquals(2, tiling(1, 64, 64, 16, DType.BF16, true).threadsX());
        assertEquals(32, tiling(1, 64, 64, 100, DType.BF16, false).threadsX()); // single channels: whole lines
        assertEquals(4, tiling(1, 64, 64, 3, DType.F32, true).threadsX());
    }

    @Test
    void packsOnlyWhatIsAlignedAndWhole() {
        assertEquals("f32x4", tiling(1, 64, 64, 64, DType.F32, true).suffix());
        assertEquals("f32", tiling(1, 64, 64, 64, DType.F32, false).suffix());
        assertEquals("f32", tiling(1, 64, 64, 66, DType.F32, true).suffix());
        assertEquals("bf16", tiling(1, 64, 64, 12, DType.BF16, true).suffix());
    }
}
