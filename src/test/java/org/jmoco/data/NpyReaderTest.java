package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyReaderTest {
    private static final int EACH = 5 * 7 * 3;

    @TempDir
    Path dir;

    @Test
    void readsPlainAndGzipped() {
        byte[] data = data(3);
        byte[] file = Made.npy("|u1", false, "(3, 5, 7, 3)", data);
        for (List<Image> images : List.of(read(file, "a.npy"), read(Made.gzip(file), "a.npy.gz"))) {
            assertEquals(3, images.size());
            assertEquals("a/2", images.get(2).name());
            assertEquals(5, images.get(0).height());
            assertEquals(7, images.get(0).width());
            assertArrayEquals(Arrays.copyOfRange(data, EACH, 2 * EACH), images.get(1).rgb());
        }
    }

    /** Formats 2 and 3 have a header length of four bytes. */
    @Test
    void readsFormatTwo() {
        byte[] one = Made.npy("|u1", false, "(3, 5, 7, 3)", data(3));
        byte[] two = new byte[one.length + 2];
        System.arraycopy(one, 0, two, 0, 10);
        System.arraycopy(one, 10, two, 12, one.length - 10);
        two[6] = 2;
        assertEquals(3, read(two, "a.npy").size());
        two[6] = 4;
        bad("format version 4", two);
    }

    @Test
    void refusesWhatIsNoArrayOfImages() {
        bad("dtype '<f4' but '|u1'", Made.npy("<f4", false, "(3, 5, 7, 3)", data(3)));
        bad("dtype '|i1'", Made.npy("|i1", false, "(3, 5, 7, 3)", data(3)));
        bad("Fortran order", Made.npy("|u1", true, "(3, 5, 7, 3)", data(3)));
        bad("has shape (315,) but N x H x W x 3", Made.npy("|u1", false, "(315,)", data(3)));
        bad("has shape (3, 3, 5, 7)", Made.npy("|u1", false, "(3, 3, 5, 7)", data(3)));
        bad("has shape (0, 5, 7, 3)", Made.npy("|u1", false, "(0, 5, 7, 3)", new byte[0]));
        bad("too large to hold", Made.npy("|u1", false, "(99999999999, 5, 7, 3)", data(3)));
        bad("has shape (1, 99999, 99999, 3)", Made.npy("|u1", false, "(1, 99999, 99999, 3)", data(3)));
        bad("has shape ()", Made.npy("|u1", false, "()", data(3)));
        bad("header that is not a plain array's", Made.npy("u1'), ('x", false, "[3]", data(3)));
    }

    /** Nothing is allocated on the word of a header. */
    @Test
    void refusesMoreThanMemoryHolds() {
        bad("the pixels need", Made.npy("|u1", false, "(2000000000, 50, 50, 3)", data(3)));
    }

    @Test
    void refusesDamagedFiles() {
        byte[] good = Made.npy("|u1", false, "(3, 5, 7, 3)", data(3));
        bad("ends after 2 of 3 images", Arrays.copyOf(good, good.length - 1));
        bad("goes on after its 3 images", Arrays.copyOf(good, good.length + 1));
        bad("ends too early", Arrays.copyOf(good, 50));
        bad("ends too early", Arrays.copyOf(good, 9));
        bad("is not a NumPy file but an empty file; it is damaged or another file, get it again", new byte[0]);
        bad("is not a NumPy file but a zip or npz file; it is damaged or another file, get it again",
                new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0, 0});
        byte[] header = good.clone();
        header[9] = 0x7f;
        bad("announces a header of", header);
    }

    @Test
    void refusesDamagedGzip() {
        byte[] gz = Made.gzip(Made.npy("|u1", false, "(3, 5, 7, 3)", data(3)));
        Path p = dir.resolve("bad.npy.gz");
        Made.write(p, Arrays.copyOf(gz, gz.length / 2));
        assertMessage("ends too early", () -> NpyReader.read("idc", p));
        Made.write(p, Made.flipped(gz, gz.length - 6));
        assertMessage("cannot be unpacked", () -> NpyReader.read("idc", p));
        Made.write(p, Made.npy("|u1", false, "(3, 5, 7, 3)", data(3)));
        assertMessage("Not in GZIP format", () -> NpyReader.read("idc", p));
    }

    private List<Image> read(byte[] file, String name) {
        Made.write(dir.resolve(name), file);
        return NpyReader.read("idc", dir.resolve(name));
    }

    private void bad(String part, byte[] file) {
        Path p = dir.resolve("bad.npy");
        Made.write(p, file);
        assertMessage(part, () -> NpyReader.read("idc", p));
        assertMessage("idc: " + p, () -> NpyReader.read("idc", p));
    }

    private static byte[] data(int n) {
        byte[] b = new byte[n * EACH];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) (i * 7);
        }
        return b;
    }
}
