package org.jmoco.backend.cpu;

/** How an image is covered by tiles, and how many tiles are worked on together. */
final class WinogradGrid {
    /**
     * Bytes of V and M together that a block may have: three times the second-level cache of the machine that it was
     * measured on (Zen 3, 512 KiB), where a quarter or twice of it was no faster.
     */
    private static final long BLOCK_BYTES = 1536 << 10;
    /** Tiles in a block at least: a matrix product with fewer rows reads U too often. */
    private static final int MIN_BLOCK_TILES = 64;
    /** Bytes of V and dM together in a round of the filters' gradient: half the last-level cache's share of two cores. */
    private static final long ROUND_BYTES = 8 << 20;

    private WinogradGrid() {}

    /** Tiles that cover {@code outputs} outputs, {@code tile} each. */
    static int tiles(int outputs, int tile) {
        return (outputs + tile - 1) / tile;
    }

    /** Tiles of a block that goes through all stages of forward at once; {@code channels} is C + K. */
    static int blockTiles(WinogradTile tile, int channels, int tiles) {
        long bytes = 4L * channels * tile.frequencies();
        return Math.min((int) Math.max(MIN_BLOCK_TILES, BLOCK_BYTES / bytes), tiles);
    }

    /** Tiles of a round of the filters' gradient. */
    static int roundTiles(WinogradTile tile, int channels, int tiles) {
        long bytes = 4L * channels * tile.frequencies();
        return Math.min((int) Math.max(MIN_BLOCK_TILES, ROUND_BYTES / bytes / 32 * 32), tiles);
    }

    /**
     * Bytes between frequencies for {@code rows} rows of {@code channels} floats: one cache line more than dense, since
     * the transforms write all frequencies of a tile in turn and addresses a power of two apart would share a cache set.
     */
    static long pitch(int rows, int channels) {
        return 4L * rows * channels + NativeMemory.ALIGNMENT;
    }
}
