package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSetsTest {
    private static final DataSets.Options OPTIONS = DataSets.Options.defaults().withCacheFolder(null);

    @TempDir
    Path dir;

    @Test
    void requestsThatMakeNoSenseAreUsageErrors() {
        assertMessage("unknown data set \"mnist\"; there are phantom, cifar10", () -> DataSets.open("mnist", dir, OPTIONS));
        assertMessage("phantom takes no folder", () -> DataSets.open("phantom", dir, OPTIONS));
        for (String name : List.of("cifar10", "covid-ct", "idc", "images", "luna")) {
            UserError e = assertThrows(UserError.class, () -> DataSets.open(name, null, OPTIONS));
            assertEquals(2, e.exitCode());
            UserError missing = assertThrows(UserError.class, () -> DataSets.open(name, dir.resolve("none"), OPTIONS));
            assertEquals(1, missing.exitCode());
            assertTrue(missing.getMessage().startsWith(name + ": there is no folder"), missing.getMessage());
        }
    }

    @Test
    void phantomFollowsItsOptions() {
        DataSet d = DataSets.open("phantom", null, OPTIONS.withPhantom(new Phantom.Spec(9, 32, 5, 4, 0, 2)));
        assertEquals(Set.of("unlabelled", "train", "test"), d.splits().keySet());
        assertTrue(d.phantom());
        assertEquals(32, d.split("test").height(0));
    }

    @Test
    void ownImagesHaveTheirClasses() {
        Made.write(dir.resolve("benign/1.png"), Made.png(3, 3));
        Made.write(dir.resolve("malignant/2.png"), Made.png(3, 3));
        List<String> log = new ArrayList<>();
        DataSet d = DataSets.open("images", dir, OPTIONS.withLog(log::add));
        assertEquals("malignant", d.classNames().get(d.positive()));
        assertFalse(d.phantom());
        assertTrue(log.getFirst().contains("not into splits"), log.toString());
        DataSet luna = DataSets.open("luna", dir, OPTIONS);
        assertFalse(luna.pretraining().labelled());
        assertEquals(2, luna.split("unlabelled").size());
    }

    @Test
    void holdOutKeepsTheShareOfEachClass() {
        int[] labels = new int[300];
        byte[] pixels = new byte[900];
        for (int i = 0; i < 300; i++) {
            labels[i] = i % 3 == 0 ? 1 : 0;
            pixels[3 * i] = (byte) i;
            pixels[3 * i + 1] = (byte) (i >> 8);
        }
        ImageSet all = ImageSet.of("own", 1, 1, pixels).withLabels(labels, List.of("a", "b"));
        Normalisation n = DatasetCard.load("luna").normalisation();
        DataSet d = new DataSet("own", Map.of("train", all), n, List.of("a", "b"), 1);
        DataSet held = d.withHoldOut(0.1, 0.2, 7);
        assertArrayEquals(new int[] {140, 70}, held.split("train").classCounts());
        assertArrayEquals(new int[] {20, 10}, held.split("val").classCounts());
        assertArrayEquals(new int[] {40, 20}, held.split("test").classCounts());
        Set<Integer> seen = new HashSet<>();
        held.splits().values().forEach(s -> {
            for (int i = 0; i < s.size(); i++) {
                int number = s.pixels(i)[0] & 0xff | (s.pixels(i)[1] & 0xff) << 8;
                assertTrue(seen.add(number), "image " + number + " is in two splits");
                assertEquals(number % 3 == 0 ? 1 : 0, s.label(i));
            }
        });
        assertEquals(300, seen.size());
        assertEquals(held.split("test").contentHash(), d.withHoldOut(0.1, 0.2, 7).split("test").contentHash());
        assertFalse(held.split("test").contentHash() == d.withHoldOut(0.1, 0.2, 8).split("test").contentHash());
        assertMessage("together below 1", () -> d.withHoldOut(0.5, 0.5, 7));
        assertMessage("has its own splits", () -> held.withHoldOut(0.1, 0.1, 7));
        assertMessage("too few", () -> d.withHoldOut(0.001, 0.1, 7));
    }
}
