package org.jmoco.app.bundle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What is written as a slice, the set's own reader gives back. */
class DataSliceTest {
    private static final DatasetCard CIFAR = DatasetCard.load("cifar10");
    private static final DatasetCard COVID = DatasetCard.load("covid-ct");

    @TempDir
    private Path dir;

    private final List<String> log = new ArrayList<>();

    private DataSet open(String name, Path folder) {
        return DataSets.open(name, folder, DataSets.Options.defaults().withCacheFolder(null).withLog(log::add));
    }

    /** Random pixels; grey where the number is even. Labels go round. */
    private static ImageSet images(String name, String pattern, int n, int height, int width, List<String> classes) {
        List<Image> images = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            Philox r = new Philox(3, Philox.Purpose.TEST, name.length(), i);
            byte[] rgb = new byte[3 * height * width];
            for (int k = 0; k < rgb.length; k++) {
                rgb[k] = k % 3 > 0 && i % 4 < 2 ? rgb[k - 1] : (byte) r.nextInt(256);
            }
            images.add(new Image(pattern.formatted(classes.get(i % classes.size()), i), height, width, rgb));
        }
        return ImageSet.of(name, images).withLabels(IntStream.range(0, n).map(i -> i % classes.size()).toArray(), classes);
    }

    private static DataSet cifar() {
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        splits.put(DataSet.TRAIN, images("cifar10 train", "%s/%d", 200, 32, 32, CIFAR.classes()));
        splits.put(DataSet.TEST, images("cifar10 test", "%s/%d", 40, 32, 32, CIFAR.classes()));
        return new DataSet("cifar10", splits, CIFAR.normalisation(), CIFAR.classes(), -1);
    }

    /** Names as published: .png, .jpg, and .JPG. */
    private static DataSet covid(int height, int width) {
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        splits.put(DataSet.TRAIN, images("covid-ct train", "CT_%s/a%%%d.png", 20, height, width, COVID.classes()));
        splits.put(DataSet.VAL, images("covid-ct val", "CT_%s/b%%%d.jpg", 10, height, width, COVID.classes()));
        splits.put(DataSet.TEST, images("covid-ct test", "CT_%s/c%%%d.JPG", 10, height, width, COVID.classes()));
        return new DataSet("covid-ct", splits, COVID.normalisation(), COVID.classes(), 1);
    }

    private static void assertSame(ImageSet expected, ImageSet got) {
        assertEquals(expected.size(), got.size());
        assertArrayEquals(expected.labels(), got.labels());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.height(i), got.height(i));
            assertArrayEquals(expected.pixels(i), got.pixels(i), expected.imageName(i));
        }
    }

    @Test
    void cifar10KeepsPixelsLabelsAndOrder() throws Exception {
        DataSet all = cifar();
        DataSlice.write(all, 50, dir.resolve("some"));
        DataSet some = open("cifar10", dir.resolve("some"));
        int[] five = new int[10];
        Arrays.fill(five, 5);
        assertArrayEquals(five, some.split("train").classCounts());
        assertEquals(10, some.split("test").size());
        assertSame(DataSlice.balanced(all.split("train"), 5), some.split("train"));
        assertSame(DataSlice.balanced(all.split("test"), 1), some.split("test"));
        assertEquals(List.of("cifar10: a slice, {train=50, test=10} of {train=50000, test=10000} images: its figures are not"
                + " those of the set"), log);
        DataSlice.write(all, 0, dir.resolve("all"));
        assertSame(all.split("train"), open("cifar10", dir.resolve("all")).split("train"));
    }

    @Test
    void covidCtHasThePixelsThatItsRecipeResizesTo() throws Exception {
        DataSet all = covid(150, 200);
        DataSlice.write(all, 20, dir.resolve("some"));
        DataSet some = open("covid-ct", dir.resolve("some"));
        assertEquals(List.of(10, 6, 6), some.splits().values().stream().map(ImageSet::size).toList());
        assertEquals(1, some.positive());
        ViewRecipe recipe = ViewRecipe.of("covid-ct");
        DataSlice.write(all, 0, dir.resolve("all"));
        DataSet whole = open("covid-ct", dir.resolve("all"));
        for (String split : List.of("train", "val", "test")) {
            ImageSet expected = byClass(Views.prepare(all.split(split), recipe));
            assertSame(expected, whole.split(split));
            assertSame(whole.split(split), Views.prepare(whole.split(split), recipe)); // resized once, not twice
        }
    }

    /** The lists give one class after the other. */
    private static ImageSet byClass(ImageSet s) {
        return s.subset(IntStream.range(0, 2).flatMap(c -> IntStream.range(0, s.size()).filter(i -> s.label(i) == c)).toArray());
    }

    @Test
    void theSameImagesAreChosenEachTime() throws Exception {
        for (String to : List.of("one", "two")) {
            DataSlice.write(cifar(), 50, dir.resolve(to));
        }
        for (String file : List.of("slice.txt", "data_batch_1.res.gz", "data_batch_5.res.gz", "test_batch.res.gz")) {
            assertArrayEquals(Files.readAllBytes(dir.resolve("one").resolve(file)),
                    Files.readAllBytes(dir.resolve("two").resolve(file)), file);
        }
    }

    @Test
    void impossibleSizesAndDamagedSlicesAreToldInOneLine() throws Exception {
        assertTold("expected a multiple of 50, at most 200", () -> DataSlice.write(cifar(), 60, dir));
        assertTold("expected a multiple of 50, at most 200", () -> DataSlice.write(cifar(), 250, dir));
        assertTold("expected 20 to 40", () -> DataSlice.write(covid(8, 8), 41, dir));
        Path slice = dir.resolve("slice");
        DataSlice.write(cifar(), 50, slice);
        for (String text : List.of("", "jmoco slice 1 covid-ct\n", "jmoco slice 1 cifar10\ntrain 50\n",
                "jmoco slice 1 cifar10\ntrain 0\ntest 10\n", "jmoco slice 1 cifar10\ntrain 50\nval 10\n")) {
            Files.writeString(slice.resolve("slice.txt"), text);
            assertTold("slice.txt is damaged", () -> open("cifar10", slice));
        }
        Files.writeString(slice.resolve("slice.txt"), "jmoco slice 1 cifar10\ntrain 100\ntest 20\n");
        assertTold("instead of 61460", () -> open("cifar10", slice));
        Files.writeString(slice.resolve("slice.txt"), "jmoco slice 1 cifar10\ntrain 50\ntest 20\n");
        assertTold("slice.txt", () -> open("cifar10", slice));
    }

    private static void assertTold(String part, Executable e) {
        String message = assertThrows(UserError.class, e).getMessage();
        assertTrue(message.contains(part) && !message.contains("\n"), message);
    }
}
