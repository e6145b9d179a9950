package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdcReaderTest {
    private static final List<String> CLASSES = List.of("nonIDC", "IDC");

    @TempDir
    Path dir;

    @Test
    void labelsComeFromTheFileNames() throws Exception {
        write("train_IDC.npy.gz", Made.gzip(patches(4, 0)));
        write("train_nonIDC.npy", patches(2, 10));
        write("val_IDC.npy", patches(5, 20));
        write("val_nonIDC.npy", patches(3, 30));
        write("test_IDC.npy", patches(6, 40));
        write("test_nonIDC.npy", patches(1, 50));
        Map<String, ImageSet> s = read();
        assertArrayEquals(new int[] {0, 0, 1, 1, 1, 1}, s.get("train").labels());
        assertEquals(10, s.get("train").pixels(0)[0]);
        assertEquals(0, s.get("train").pixels(2)[0]);
        assertArrayEquals(new int[] {3, 5}, s.get("val").classCounts());
        Files.delete(dir.resolve("test_nonIDC.npy"));
        assertMessage("test_nonIDC.npy (or .npy.gz) is missing", this::read);
        write("test_nonIDC.npy", new byte[9]);
        assertMessage("test_nonIDC.npy is not a NumPy file but bytes 00", this::read);
        assertMessage("get it again", this::read);
        write("test_nonIDC.npy", new byte[0]);
        assertMessage("test_nonIDC.npy is not a NumPy file but an empty file; it is damaged or another file, get it again",
                this::read);
        Files.delete(dir.resolve("test_nonIDC.npy"));
        write("test_nonIDC.npy.gz", new byte[9]);
        assertMessage("test_nonIDC.npy.gz cannot be unpacked: ", this::read);
        assertMessage("it is damaged or cut, get it again", this::read);
    }

    /** As published: patches 2, 3, 4 of val_IDC are 0, 1, 2 of test_IDC. */
    @Test
    void patchesSharedWithTestLeaveValidation() {
        for (String n : List.of("train_IDC", "train_nonIDC", "val_nonIDC", "test_nonIDC")) {
            write(n + ".npy", patches(2, 90));
        }
        write("val_IDC.npy", patches(5, 20));
        write("test_IDC.npy", patches(6, 22));
        Map<String, ImageSet> s = read();
        assertArrayEquals(new int[] {2, 2}, s.get("val").classCounts());
        assertArrayEquals(new int[] {2, 6}, s.get("test").classCounts());
        write("test_IDC.npy", patches(6, 23)); // shifted by one: not the published overlap, so nothing is dropped
        assertArrayEquals(new int[] {2, 5}, read().get("val").classCounts());
    }

    /** Counts of data/idc.yaml; pixel sums as numpy gives them, those of val_IDC without its last three. */
    @Test
    void realData() {
        DataSet d = DataSets.open("idc", Made.real("idc"), DataSets.Options.defaults().withCacheFolder(null));
        assertArrayEquals(new int[] {2676, 2676}, d.split("train").classCounts());
        assertArrayEquals(new int[] {276, 276}, d.split("val").classCounts());
        assertArrayEquals(new int[] {276, 282}, d.split("test").classCounts());
        DatasetCard.load("idc").splits().forEach((split, n) -> assertEquals(n, d.split(split).size()));
        assertEquals(3292226689L + 3940596416L, sum(d.split("train")));
        assertEquals(349717069L + 410984844L, sum(d.split("val")));
        assertEquals(366206998L + 411026621L, sum(d.split("test")));
        assertEquals(1, d.positive());
        assertEquals("IDC", d.classNames().get(d.positive()));
    }

    static long sum(ImageSet s) {
        long sum = 0;
        for (int i = 0; i < s.size(); i++) {
            for (byte b : s.pixels(i)) {
                sum += b & 0xff;
            }
        }
        return sum;
    }

    private Map<String, ImageSet> read() {
        return new IdcReader(dir, CLASSES).read();
    }

    private void write(String name, byte[] b) {
        Made.write(dir.resolve(name), b);
    }

    /** Patch k is 2 x 2, all bytes {@code first + k}. */
    private static byte[] patches(int n, int first) {
        byte[] b = new byte[n * 12];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) (first + i / 12);
        }
        return Made.npy("|u1", false, "(" + n + ", 2, 2, 3)", b);
    }
}
