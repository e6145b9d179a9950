package org.jmoco.backend.cpu;

/** How an image is covered by tiles, and how many tiles are worked on together. */
final class WinogradGrid {
    /** Bytes of V and M together that a block may have beyond the least tiles: with twice of it transforms wait for memory. */
    private static final long BLOCK_BYTES = 768 << 10;
    /**
     * Tiles in a block at least. Each block reads the whole of U, and moves V and M through the caches: few channels want small
     * blocks, whose V and M stay in the second-level cache, many channels large ones. Measured on Zen 3 (512 KiB): with 64
     * channels in f64 36 tiles take 0.8 of the time of 66, with 256 and 512 channels 1.15 of it.
     */
    private static final int MIN_BLOCK_TILES = 36;
    private static final int MIN_BLOCK_TILES_MANY_CHANNELS = 60;
    /** Groups of F(8x8)'s tiles in a block: few, of 100 frequencies each, so that at least what is read next is near. */
    private static final int GROUPS_OF_LARGE_TILES = 2;
    private static final int LARGE_TILE_FREQUENCIES = 100;
    /** Blocks wanted where there are tiles enough, so that they share out among the workers. */
    private static final int EVEN_BLOCKS = 16;
    /** The number of blocks is a multiple of this, so that two or four workers get the same number. */
    private static final int SHARES = 4;

    private WinogradGrid() {}

    /**
     * Tiles of a block that goes through all stages of forward at once, a multiple of {@code rows}: products write whole groups,
     * and M has room for no more than the block.
     *
     * @param bytes of an element of V and M
     * @param c channels of V
     * @param k channels of M
     * @param rows of a product's group
     */
    static int blockTiles(WinogradTile tile, int bytes, int c, int k, int tiles, int rows) {
        if (tile.frequencies() >= LARGE_TILE_FREQUENCIES) {
            return GROUPS_OF_LARGE_TILES * rows;
        }
        long tileBytes = (long) bytes * (c + k) * tile.frequencies();
        long least = Math.clamp(2L * c * k / (3 * (c + k)), MIN_BLOCK_TILES, MIN_BLOCK_TILES_MANY_CHANNELS);
        long fit = Math.max(least, Math.min(BLOCK_BYTES / tileBytes, tiles / EVEN_BLOCKS));
        long blocks = (tiles + fit - 1) / fit;
        // 3 blocks take two workers as long as 4 of the same size, and longer than 2.
        blocks = blocks > SHARES ? blocks / SHARES * SHARES : Long.highestOneBit(blocks);
        long size = (tiles + blocks - 1) / blocks;
        return (int) (size + rows - 1) / rows * rows;
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
