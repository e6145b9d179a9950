package org.jmoco.backend.cpu;

/** How an image is covered by tiles, and how many tiles are worked on together. */
final class WinogradGrid {
    /**
     * Bytes of V and M together that a block may have: three times the second-level cache of the machine that it was
     * measured on (Zen 3, 512 KiB), where a quarter or twice of it was no faster.
     */
    private static final long BLOCK_BYTES = 1536 << 10;
    /** Tiles in a block at least: a matrix product with fewer rows reads U too often. */
    private static final int MIN_BLOCK_TILES = 60;
    /** Blocks wanted where there are tiles enough, so that they share out among the workers. */
    private static final int EVEN_BLOCKS = 16;
    /** The number of blocks is a multiple of this, so that two or four workers get the same number. */
    private static final int SHARES = 4;

    private WinogradGrid() {}

    /**
     * Tiles of a block that goes through all stages of forward at once, a multiple of {@link GemmKernel#ROWS};
     * {@code pointBytes} is what a tile has of V and M
     * at one frequency.
     */
    static int blockTiles(WinogradTile tile, int pointBytes, int tiles) {
        long bytes = (long) pointBytes * tile.frequencies();
        long fit = Math.max(MIN_BLOCK_TILES, Math.min(BLOCK_BYTES / bytes, tiles / EVEN_BLOCKS));
        long blocks = (tiles + fit - 1) / fit;
        if (blocks > SHARES) {
            blocks = blocks / SHARES * SHARES;
        }
        long size = (tiles + blocks - 1) / blocks;
        return (int) (size + GemmKernel.ROWS - 1) / GemmKernel.ROWS * GemmKernel.ROWS;
    }

    /**
     * A distance in bytes made odd in units of cache lines: rows or frequencies a power of two apart would share a set of
     * the cache, and the transforms write all frequencies of a tile in turn.
     */
    static long staggered(long bytes) {
        long lines = (bytes + NativeMemory.ALIGNMENT - 1) / NativeMemory.ALIGNMENT;
        return (lines | 1) * NativeMemory.ALIGNMENT;
    }
}
