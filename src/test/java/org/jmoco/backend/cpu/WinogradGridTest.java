package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks of tiles: products take whole groups of rows, and would write behind a block that is none. */
class WinogradGridTest {
    private static final List<WinogradTile> TILES = List.of(WinogradTile.F2X2, WinogradTile.F2X4, WinogradTile.F4X4,
            WinogradTile.F8X8, WinogradTile.STRIDE_2, WinogradTile.oneTap(1));

    @ParameterizedTest
    @EnumSource
    void aBlockIsMadeOfWholeGroups(InstructionSet set) {
        int rows = GemmKernel.rows(set);
        for (WinogradTile tile : TILES) {
            for (int channels : new int[] {16, 64, 512, 1024}) {
                for (int tiles : new int[] {1, 7, 16, 60, 1000, 8192}) {
                    for (int bytes : new int[] {4, 8}) {
                        int block = WinogradGrid.blockTiles(tile, bytes, channels, channels, tiles, rows);
                        assertEquals(0, block % rows, tile + ", " + bytes + " bytes, " + channels + " channels, " + tiles
                                + " tiles: blocks of " + block + ", groups of " + rows);
                    }
                }
            }
        }
    }
}
