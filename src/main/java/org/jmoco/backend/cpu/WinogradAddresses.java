package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The addresses of a tile's pixels for {@link WinogradKernel.Table}. Pixels outside the image get the address of something
 * else (zeros to read, waste to write). All images have the same tiles, so the offsets are worked out once, for one image.
 */
final class WinogradAddresses implements AutoCloseable {
    private static final VectorSpecies<Long> S = LongVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final MemorySegment ALL = NativeMemory.ALL;

    private final int tilesPerImage;
    private final int pixelsPerTile;
    private final long imageBytes;
    private final NativeMemory memory;
    private final long offsets; // of each pixel from its image; 0 outside
    private final long inside; // all ones, or 0 outside

    /** What a tile reads of {@code side}. */
    static WinogradAddresses ofInputs(WinogradTile tile, WinogradSide side, int down, int across) {
        return new WinogradAddresses(side, down, across, tile.down().inputStep(), tile.across().inputStep(),
                tile.down().inputs(), tile.across().inputs());
    }

    /** What a tile makes of {@code side}. */
    static WinogradAddresses ofOutputs(WinogradTile tile, WinogradSide side, int down, int across) {
        int rows = tile.down().outputs();
        int columns = tile.across().outputs();
        return new WinogradAddresses(side, down, across, rows, columns, rows, columns);
    }

    /**
     * @param down tiles of an image, vertically
     * @param across tiles of an image, horizontally
     * @param stepH rows from one tile to the next
     * @param stepW columns from one tile to the next
     * @param rows pixel rows of a tile
     * @param columns pixel columns of a tile
     */
    private WinogradAddresses(WinogradSide side, int down, int across, int stepH, int stepW, int rows, int columns) {
        tilesPerImage = down * across;
        pixelsPerTile = rows * columns;
        long pixelBytes = side.pixelBytes();
        imageBytes = side.h() * side.w() * pixelBytes;
        long count = (long) tilesPerImage * pixelsPerTile;
        memory = NativeMemory.allocate("tile addresses", 2 * 8 * count);
        offsets = memory.address();
        inside = offsets + 8 * count;
        MemorySegment m = memory.segment();
        for (long i = 0; i < count; i++) {
            int tile = (int) (i / pixelsPerTile);
            int pixel = (int) (i % pixelsPerTile);
            int y = tile / across * stepH - side.pad() + pixel / columns;
            int x = tile % across * stepW - side.pad() + pixel % columns;
            boolean in = y >= 0 && y < side.h() && x >= 0 && x < side.w();
            m.setAtIndex(JAVA_LONG, i, in ? ((long) y * side.w() + x) * pixelBytes : 0);
            m.setAtIndex(JAVA_LONG, count + i, in ? -1 : 0);
        }
    }

    /** Bytes of memory for a table of {@code tiles} tiles, with room for what kernels read behind them. */
    long roomBytes(int tiles) {
        return tableBytes(tiles + WinogradKernel.ITEMS_AHEAD);
    }

    private long tableBytes(int tiles) {
        return 8L * tiles * pixelsPerTile;
    }

    /**
     * Writes the addresses of {@code count} tiles of a batch from tile {@code first} on, and of more tiles that lie wholly
     * outside up to {@code filled}.
     *
     * @param tensor address of the batch
     * @param outside address for pixels outside their image
     */
    void fill(long table, int first, int count, int filled, long tensor, long outside) {
        int done = 0;
        while (done < count) {
            int image = (first + done) / tilesPerImage;
            int tile = (first + done) % tilesPerImage;
            int tiles = Math.min(count - done, tilesPerImage - tile);
            fillWithinImage(table + tableBytes(done), 8L * tile * pixelsPerTile, tiles * pixelsPerTile,
                    tensor + image * imageBytes, outside);
            done += tiles;
        }
        for (long i = tableBytes(count); i < tableBytes(filled); i += 8) {
            ALL.set(JAVA_LONG, table + i, outside);
        }
    }

    private void fillWithinImage(long table, long from, int pixels, long image, long outside) {
        long o = offsets + from;
        long in = inside + from;
        int bytes = 8 * pixels;
        int step = S.vectorByteSize();
        int i = 0;
        for (; i + step <= bytes; i += step) {
            LongVector.fromMemorySegment(S, ALL, in + i, ORDER).lanewise(VectorOperators.AND, image - outside)
                    .add(LongVector.fromMemorySegment(S, ALL, o + i, ORDER)).add(outside)
                    .intoMemorySegment(ALL, table + i, ORDER);
        }
        for (; i < bytes; i += 8) {
            ALL.set(JAVA_LONG, table + i,
                    (ALL.get(JAVA_LONG, in + i) & image - outside) + ALL.get(JAVA_LONG, o + i) + outside);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
