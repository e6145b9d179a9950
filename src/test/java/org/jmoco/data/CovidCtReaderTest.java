package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CovidCtReaderTest {
    private static final Map<String, Integer> SIZES = Map.of("train", 3, "val", 2, "test", 2);

    @TempDir
    Path dir;

    @BeforeEach
    void write() {
        for (String c : List.of("COVID", "NonCOVID")) {
            for (int i = 0; i < 4; i++) {
                Made.write(dir.resolve("CT_" + c + "/a%" + i + "_1.png"), Made.png(5 + i, c.length()));
            }
        }
        list("COVID", "train", "a%0_1.png\r\na%1_1.png\r\n"); // CRLF
        list("COVID", "val", "a%2_1.png"); // no last line end
        list("COVID", "test", "\ufeffa%3_1.png\n\n \n"); // byte order mark, blank lines
        list("NonCOVID", "train", "a%3_1.png\n");
        list("NonCOVID", "val", "a%1_1.png \n");
        list("NonCOVID", "test", "a%0_1.png\n");
    }

    @Test
    void followsTheListsAndCallsCovidPositive() {
        Map<String, ImageSet> s = read();
        assertEquals(List.of("train", "val", "test"), List.copyOf(s.keySet()));
        assertArrayEquals(new int[] {0, 1, 1}, s.get("train").labels());
        assertEquals("CT_NonCOVID/a%3_1.png", s.get("train").imageName(0));
        assertEquals(8, s.get("train").height(0));
        assertEquals(8, s.get("train").width(0));
        assertEquals(6, s.get("train").height(2));
        assertEquals(List.of("NonCOVID", "COVID"), s.get("test").classNames());
    }

    @Test
    void readsThePublishedFolderNames() throws Exception {
        Files.createDirectories(dir.resolve("Images-processed"));
        Files.move(dir.resolve("CT_COVID"), dir.resolve("Images-processed/CT_COVID"));
        Files.move(dir.resolve("CT_NonCOVID"), dir.resolve("Images-processed/CT_NonCOVID"));
        Files.move(dir.resolve("split"), dir.resolve("Data-split"));
        assertEquals(3, read().get("train").size());
    }

    @Test
    void missingOrUnreadableImagesAreErrors() throws Exception {
        Path image = dir.resolve("CT_COVID/a%3_1.png");
        byte[] good = Files.readAllBytes(image);
        Files.delete(image);
        assertMessage("1 of 7 images of the official split cannot be read", this::read);
        assertMessage("CT_COVID/a%3_1.png: there is no such file", this::read);
        Files.write(image, Arrays.copyOf(good, good.length / 2));
        assertMessage("CT_COVID/a%3_1.png: the PNG data end too early", this::read);
        Files.write(image, new byte[0]);
        assertMessage("an empty file", this::read);
    }

    @Test
    void damagedListsAreErrors() throws Exception {
        list("COVID", "val", "");
        assertMessage("valCT_COVID.txt names no image", this::read);
        list("COVID", "val", "a%2_1.png\na%0_1.png\n");
        assertMessage("CT_COVID/a%0_1.png is listed twice, in trainCT_COVID.txt and in valCT_COVID.txt", this::read);
        list("COVID", "val", "../../etc/passwd\n");
        assertMessage("no file name", this::read);
        list("COVID", "val", "a\0b\n");
        assertMessage("no file name", this::read);
        list("COVID", "val", "a%2_1.png\n");
        list("COVID", "train", "a%0_1.png\n");
        assertMessage("name 2 images, the official split has 3", this::read);
        Files.delete(dir.resolve("split/COVID/testCT_COVID.txt"));
        list("COVID", "train", "a%0_1.png\na%1_1.png\n");
        assertMessage("there is no", this::read);
        assertMessage("there is no folder", () -> new CovidCtReader(dir.resolve("x"), DatasetCard.load("covid-ct"), SIZES));
    }

    /** Sums of all pixel values as Pillow 12.3 decodes the same files, {@code convert('RGB')}. */
    @Test
    void realDataAreDecodedAsPillowDoes() {
        DataSet d = DataSets.open("covid-ct", Made.real("covid-ct"), DataSets.Options.defaults().withCacheFolder(null));
        assertArrayEquals(new int[] {234, 191}, d.split("train").classCounts());
        assertArrayEquals(new int[] {58, 60}, d.split("val").classCounts());
        assertArrayEquals(new int[] {105, 98}, d.split("test").classCounts());
        assertEquals("COVID", d.classNames().get(d.positive()));
        assertEquals(13798910255L, IdcReaderTest.sum(d.split("train")));
        assertEquals(4852358856L, IdcReaderTest.sum(d.split("val")));
        assertEquals(6880865152L, IdcReaderTest.sum(d.split("test")));
        assertTrue(d.split("test").skipped().isEmpty());
    }

    private Map<String, ImageSet> read() {
        return new CovidCtReader(dir, DatasetCard.load("covid-ct"), SIZES).read();
    }

    private void list(String className, String split, String text) {
        Made.write(dir.resolve("split/" + className + "/" + split + "CT_" + className + ".txt"), text);
    }
}
