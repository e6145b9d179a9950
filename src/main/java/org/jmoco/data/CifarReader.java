package org.jmoco.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * CIFAR-10 in its binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin, each 10,000 records of one label
 * byte and 32 x 32 red, green, blue planes; or the same names ending in .res.gz, packed as described at
 * {@link #unpack}.
 */
final class CifarReader {
    private static final int SIDE = 32;
    private static final int PLANE = SIDE * SIDE;
    private static final int RECORD = 1 + 3 * PLANE;
    private static final List<String> TRAIN =
            List.of("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5");
    private static final List<String> TEST = List.of("test_batch");
    private static final String OFFICIAL_FOLDER = "cifar-10-batches-bin";

    private final Path dir;
    private final int records; // per file; 10,000 except in tests
    private final List<String> classNames;

    CifarReader(Path dir, List<String> classNames, int records) {
        Inputs.checkFolder("cifar10", dir);
        Path inner = dir.resolve(OFFICIAL_FOLDER);
        this.dir = Files.isDirectory(inner) ? inner : dir;
        this.classNames = classNames;
        this.records = records;
    }

    /** The files that will be read. @throws UserError if some are missing */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String name : names()) {
            Path plain = dir.resolve(name + ".bin");
            Path packed = dir.resolve(name + ".res.gz");
            if (Files.exists(plain)) {
                files.add(plain);
            } else if (Files.exists(packed)) {
                files.add(packed);
            } else {
                missing.add(name + ".bin");
            }
        }
        if (!missing.isEmpty()) {
            throw UserError.failed("cifar10: " + String.join(", ", missing) + (missing.size() == 1 ? " is" : " are")
                    + " missing in " + dir + hint());
        }
        return files;
    }

    /** True if reading takes seconds, so that a cache is worth its disk space. */
    boolean packed() {
        return files().stream().anyMatch(f -> f.toString().endsWith(".gz"));
    }

    Map<String, ImageSet> read() {
        List<Path> files = files();
        Inputs.checkFits("cifar10", 3L * PLANE * records * files.size());
        byte[][] bins = new byte[files.size()][];
        IntStream.range(0, bins.length).parallel().forEach(i -> bins[i] = bin(files.get(i)));
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        splits.put(DataSet.TRAIN, set("cifar10 train", files.subList(0, TRAIN.size()), bins, 0));
        splits.put(DataSet.TEST, set("cifar10 test", files.subList(TRAIN.size(), files.size()), bins, TRAIN.size()));
        return splits;
    }

    private static List<String> names() {
        return Stream.concat(TRAIN.stream(), TEST.stream()).toList();
    }

    private String hint() {
        if (Files.exists(dir.resolve("data_batch_1")) || Files.isDirectory(dir.resolve("cifar-10-batches-py"))) {
            return "; this is the Python version, but the binary version (cifar-10-binary.tar.gz) is needed";
        }
        if (Files.exists(dir.resolve("cifar-10-binary.tar.gz"))) {
            return "; unpack cifar-10-binary.tar.gz there first";
        }
        return "; the folder must hold the six files of the binary version of CIFAR-10 (or of its folder "
                + OFFICIAL_FOLDER + ")";
    }

    /** One file as official binary records. */
    private byte[] bin(Path file) {
        boolean gz = file.toString().endsWith(".gz");
        int expected = records * RECORD;
        byte[] b;
        if (gz) {
            try (InputStream in = new GZIPInputStream(Files.newInputStream(RegularFile.require(file)), 1 << 16)) {
                b = in.readNBytes(expected + 1); // one more, to see that nothing follows
            } catch (IOException e) {
                throw UserError.failed("cifar10: " + file + " cannot be unpacked: " + Inputs.reason(e)
                        + "; it is damaged or cut, get it again", e);
            }
        } else {
            try {
                long size = Files.size(file);
                b = size == expected ? Files.readAllBytes(file) : new byte[0];
                checkLength(file, size, expected);
            } catch (IOException e) {
                throw Inputs.cannotRead("cifar10", file, e);
            }
        }
        checkLength(file, b.length, expected);
        return gz ? unpack(b) : b;
    }

    private void checkLength(Path file, long size, int expected) {
        if (size != expected) {
            throw UserError.failed("cifar10: " + file + " has " + (size > expected && file.toString().endsWith(".gz")
                    ? "more than " + expected : Long.toString(size)) + " bytes instead of " + expected + " (" + records
                    + " records of 1 + 3 x 32 x 32); it is damaged or cut, get it again");
        }
    }

    private ImageSet set(String name, List<Path> files, byte[][] bins, int firstFile) {
        int n = files.size() * records;
        Image[] images = new Image[n];
        int[] labels = new int[n];
        IntStream.range(0, n).parallel().forEach(i -> {
            byte[] b = bins[firstFile + i / records];
            int at = i % records * RECORD;
            Path file = files.get(i / records).getFileName();
            labels[i] = b[at] & 0xff;
            if (labels[i] >= classNames.size()) {
                throw UserError.failed("cifar10: record " + i % records + " of " + dir.resolve(file) + " has label "
                        + labels[i] + " but the classes are 0 to " + (classNames.size() - 1)
                        + "; the file is damaged or no CIFAR-10 file, get it again");
            }
            byte[] rgb = new byte[3 * PLANE];
            for (int c = 0; c < 3; c++) {
                int from = at + 1 + c * PLANE;
                for (int p = 0; p < PLANE; p++) {
                    rgb[3 * p + c] = b[from + p];
                }
            }
            images[i] = new Image(file.toString().replaceAll("\\..*", "") + "/" + i % records, SIDE, SIDE, rgb);
        });
        return ImageSet.of(name, Arrays.asList(images)).withLabels(labels, classNames);
    }

    /**
     * The packed form: all labels, then three planes G, R-G+128, B-G+128 (mod 256), each image after image in raster order,
     * each value the residual (mod 256) against the median edge detector (Weinberger, Seroussi, Sapiro: "LOCO-I", 1996).
     */
    private byte[] unpack(byte[] packed) {
        for (int plane = 0; plane < 3 * records; plane++) {
            undoPrediction(packed, records + plane * PLANE);
        }
        byte[] bin = new byte[packed.length];
        for (int n = 0; n < records; n++) {
            int green = records + n * PLANE;
            int red = green + records * PLANE;
            int blue = red + records * PLANE;
            int to = n * RECORD;
            bin[to++] = packed[n];
            for (int p = 0; p < PLANE; p++) {
                byte g = packed[green + p];
                bin[to + p] = (byte) (packed[red + p] + g - 128);
                bin[to + PLANE + p] = g;
                bin[to + 2 * PLANE + p] = (byte) (packed[blue + p] + g - 128);
            }
        }
        return bin;
    }

    private static void undoPrediction(byte[] b, int at) {
        for (int i = 1; i < SIDE; i++) {
            b[at + i] += b[at + i - 1];
        }
        for (int y = 1; y < SIDE; y++) {
            int i = at + y * SIDE;
            b[i] += b[i - SIDE];
            for (int x = 1; x < SIDE; x++) {
                i++;
                b[i] += (byte) CifarPacking.median(b[i - 1] & 0xff, b[i - SIDE] & 0xff, b[i - SIDE - 1] & 0xff);
            }
        }
    }
}
