package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarReaderTest {
    private static final int N = 7;
    private static final int PLANE = 32 * 32;
    private static final int RECORD = 1 + 3 * PLANE;
    private static final List<String> FILES =
            List.of("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch");
    private static final List<String> CLASSES = DatasetCard.load("cifar10").classes();

    @TempDir
    Path dir;

    @Test
    void readsTheOfficialLayout() {
        byte[][] bins = writePlain(dir);
        assertAll(bins, read());
        assertFalse(new CifarReader(dir, CLASSES, N).packed());
    }

    @Test
    void readsTheOfficialFolder() {
        assertAll(writePlain(dir.resolve("cifar-10-batches-bin")), read());
    }

    @Test
    void readsThePackedForm() {
        byte[][] bins = bins();
        for (int f = 0; f < FILES.size(); f++) {
            Made.write(dir.resolve(FILES.get(f) + ".res.gz"), Made.gzip(packed(bins[f])));
        }
        assertTrue(new CifarReader(dir, CLASSES, N).packed());
        assertAll(bins, read());
    }

    @Test
    void missingFilesAreNamedWithAHint() {
        writePlain(dir);
        delete("test_batch.bin");
        assertMessage("test_batch.bin is missing", this::read);
        delete("data_batch_3.bin");
        assertMessage("data_batch_3.bin, test_batch.bin are missing", this::read);
        Made.write(dir.resolve("data_batch_1"), "pickle");
        assertMessage("Python version", this::read);
        assertMessage("there is no folder", () -> new CifarReader(dir.resolve("none"), CLASSES, N));
        assertMessage("is a file", () -> new CifarReader(dir.resolve("data_batch_1"), CLASSES, N));
    }

    @Test
    void wrongLengthsAreRefused() {
        byte[][] bins = writePlain(dir);
        Path p = dir.resolve("data_batch_2.bin");
        Made.write(p, Arrays.copyOf(bins[1], bins[1].length - 1));
        assertMessage("data_batch_2.bin has 21510 bytes instead of 21511", this::read);
        Made.write(p, Arrays.copyOf(bins[1], bins[1].length + 1));
        assertMessage("has 21512 bytes", this::read);
        Made.write(p, new byte[0]);
        assertMessage("has 0 bytes", this::read);
    }

    @Test
    void labelsOutOfRangeAreRefused() {
        byte[][] bins = writePlain(dir);
        bins[5][3 * RECORD] = 10;
        Made.write(dir.resolve("test_batch.bin"), bins[5]);
        assertMessage("label 10 but the classes are 0 to 9", this::read);
        assertMessage("record 3 of", this::read);
    }

    @Test
    void damagedPackedFilesAreRefused() {
        byte[][] bins = writePlain(dir);
        delete("data_batch_4.bin");
        Path p = dir.resolve("data_batch_4.res.gz");
        byte[] gz = Made.gzip(packed(bins[3]));
        Made.write(p, Arrays.copyOf(gz, gz.length / 2));
        assertMessage("data_batch_4.res.gz cannot be unpacked", this::read);
        Made.write(p, Made.flipped(gz, gz.length / 2));
        assertMessage("data_batch_4.res.gz cannot be unpacked", this::read);
        Made.write(p, packed(bins[3]));
        assertMessage("Not in GZIP format", this::read);
        Made.write(p, Made.gzip(Arrays.copyOf(packed(bins[3]), 21512)));
        assertMessage("has more than 21511 bytes", this::read);
        Made.write(p, Made.gzip(new byte[100]));
        assertMessage("has 100 bytes instead of 21511", this::read);
    }

    /** The whole of CIFAR-10, against the check sums that lie beside it. */
    @Test
    void realDataHaveTheirCheckSums() throws Exception {
        Path real = Made.real("cifar10");
        Map<String, ImageSet> splits = new CifarReader(real, CLASSES, 10_000).read();
        assertArrayEquals(filled(5000), splits.get("train").classCounts());
        assertArrayEquals(filled(1000), splits.get("test").classCounts());
        List<String> sums = Files.readAllLines(real.resolve("SHA256SUMS.txt"));
        for (int f = 0; f < FILES.size(); f++) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            ImageSet s = splits.get(f < 5 ? "train" : "test");
            for (int i = 0; i < 10_000; i++) {
                sha.update(record(s, (f < 5 ? f * 10_000 : 0) + i));
            }
            assertEquals(HexFormat.of().formatHex(sha.digest()) + "  " + FILES.get(f) + ".bin", sums.get(f));
        }
    }

    private static int[] filled(int n) {
        int[] counts = new int[10];
        Arrays.fill(counts, n);
        return counts;
    }

    private Map<String, ImageSet> read() {
        return new CifarReader(dir, CLASSES, N).read();
    }

    private void delete(String name) {
        try {
            Files.delete(dir.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertAll(byte[][] bins, Map<String, ImageSet> splits) {
        assertEquals(List.of("train", "test"), List.copyOf(splits.keySet()));
        assertEquals(5 * N, splits.get("train").size());
        assertEquals(N, splits.get("test").size());
        for (int f = 0; f < bins.length; f++) {
            for (int i = 0; i < N; i++) {
                ImageSet s = splits.get(f < 5 ? "train" : "test");
                assertArrayEquals(Arrays.copyOfRange(bins[f], i * RECORD, (i + 1) * RECORD), record(s, (f < 5 ? f * N : 0) + i),
                        FILES.get(f) + " record " + i);
            }
        }
        assertEquals("data_batch_2/3", splits.get("train").imageName(N + 3));
    }

    /** Back to the official layout. */
    private static byte[] record(ImageSet s, int i) {
        byte[] r = new byte[RECORD];
        r[0] = (byte) s.label(i);
        for (int c = 0; c < 3; c++) {
            for (int p = 0; p < PLANE; p++) {
                r[1 + c * PLANE + p] = s.pixels(i)[3 * p + c];
            }
        }
        return r;
    }

    private static byte[][] writePlain(Path to) {
        byte[][] bins = bins();
        for (int f = 0; f < bins.length; f++) {
            Made.write(to.resolve(FILES.get(f) + ".bin"), bins[f]);
        }
        return bins;
    }

    private static byte[][] bins() {
        byte[][] bins = new byte[FILES.size()][N * RECORD];
        for (int f = 0; f < bins.length; f++) {
            Philox r = new Philox(4, Philox.Purpose.TEST, 0, f);
            for (int i = 0; i < bins[f].length; i++) {
                bins[f][i] = (byte) (i % RECORD == 0 ? r.nextInt(10) : r.nextInt(256));
            }
        }
        return bins;
    }

    /** The packer that {@link CifarReader} undoes, written from the format's description. */
    private static byte[] packed(byte[] bin) {
        byte[] out = new byte[bin.length];
        for (int n = 0; n < N; n++) {
            out[n] = bin[n * RECORD];
            int red = n * RECORD + 1;
            for (int plane = 0; plane < 3; plane++) {
                int[] v = new int[PLANE];
                for (int p = 0; p < PLANE; p++) {
                    int g = bin[red + PLANE + p];
                    v[p] = switch (plane) {
                        case 0 -> g & 0xff;
                        case 1 -> bin[red + p] - g + 128 & 0xff;
                        default -> bin[red + 2 * PLANE + p] - g + 128 & 0xff;
                    };
                }
                for (int p = 0; p < PLANE; p++) {
                    out[N + (plane * N + n) * PLANE + p] = (byte) (v[p] - predicted(v, p / 32, p % 32));
                }
            }
        }
        return out;
    }

    private static int predicted(int[] v, int y, int x) {
        if (y == 0) {
            return x == 0 ? 0 : v[x - 1];
        }
        int u = v[(y - 1) * 32 + x];
        if (x == 0) {
            return u;
        }
        int l = v[y * 32 + x - 1];
        int c = v[(y - 1) * 32 + x - 1];
        return c >= Math.max(l, u) ? Math.min(l, u) : c <= Math.min(l, u) ? Math.max(l, u) : l + u - c;
    }
}
