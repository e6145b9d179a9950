package org.jmoco.data;

import static org.jmoco.data.ImageSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderReaderTest {
    @TempDir
    Path dir;

    @Test
    void flatFolderIsUnlabelledAndInOrderOfNames() {
        add("b.png", "a.PNG", "c.jpeg", "notes.txt", ".hidden.png", "__MACOSX/x.png");
        Made.write(dir.resolve("c.jpeg"), Made.png(4, 4)); // content counts, not the ending
        ImageSet s = read().get("unlabelled");
        assertEquals(List.of("a.PNG", "b.png", "c.jpeg"), List.of(s.imageName(0), s.imageName(1), s.imageName(2)));
        assertFalse(s.labelled());
        assertEquals(3, s.size());
    }

    @Test
    void subFoldersAreClasses() {
        add("dog/1.png", "cat/2.png", "cat/deep/3.png");
        ImageSet s = read().get("train");
        assertEquals(List.of("cat", "dog"), s.classNames());
        assertArrayEquals(new int[] {0, 0, 1}, s.labels());
    }

    @Test
    void oneFolderOrLooseImagesMakeNoClasses() {
        add("only/1.png", "only/2.png");
        assertFalse(read().get("unlabelled").labelled());
        add("loose.png", "other/1.png");
        assertEquals(4, read().get("unlabelled").size());
    }

    @Test
    void splitFolders() {
        add("outer/train/cat/1.png", "outer/train/dog/2.png", "outer/train/dog/3.png", "outer/validation/dog/4.png",
                "outer/Test/cat/5.png", "outer/unlabeled/6.png");
        Map<String, ImageSet> s = read();
        assertEquals(List.of("train", "val", "test", "unlabelled"), List.copyOf(s.keySet()));
        assertArrayEquals(new int[] {0, 1, 1}, s.get("train").labels());
        assertArrayEquals(new int[] {1}, s.get("val").labels(), "classes of all splits together");
        assertFalse(s.get("unlabelled").labelled());
        add("outer/extra/7.png");
        assertMessage("has the split folders Test, train, unlabeled, validation and beside them extra", this::read);
    }

    @Test
    void imageWithoutAClassAmongClassesIsNamed() {
        add("train/cat/1.png", "train/dog/2.png", "val/3.png");
        assertMessage("val/3.png lies in no class folder", this::read);
    }

    @Test
    void aClassThatIsNeverTrainedIsNamed() {
        add("train/cat/1.png", "train/dog/2.png", "val/cat/3.png", "val/dgo/4.png");
        assertMessage("images val: has images of dgo, but train has the classes cat, dog; rename the folders", this::read);
    }

    @Test
    void unreadableImagesAreSkippedAndCounted() {
        add("a/1.png", "b/2.png", "b/3.png");
        Made.write(dir.resolve("a/0.png"), "<html>not found</html>");
        Made.write(dir.resolve("b/4.tif"), new byte[0]);
        ImageSet s = read().get("train");
        assertArrayEquals(new int[] {0, 1, 1}, s.labels());
        assertEquals(2, s.skipped().size());
        assertEquals("a/0.png: not a PNG, JPEG, BMP or TIFF image but a web page (a failed download?)",
                s.skipped().get(0).toString());
        assertTrue(s.toString().endsWith("2 skipped"), s.toString());
        StringBuilder log = new StringBuilder();
        DataSets.open("images", dir, DataSets.Options.defaults().withCacheFolder(null).withLog(l -> log.append(l).append('\n')));
        assertTrue(log.toString().contains("images in " + dir + ": 2 of 5 files could not be decoded and are left out: a/0.png"),
                log.toString());
    }

    /** Up to three names, all on one line; what is too small to show anything is counted, a strip of it too. */
    @Test
    void brokenAndTinyImagesAreOneLineEach() {
        add("a/1.png", "b/2.png");
        for (String n : new String[] {"a/3.png", "a/4.png", "b/5.png", "b/6.png", "b/7.png"}) {
            Made.write(dir.resolve(n), "no picture");
        }
        Made.write(dir.resolve("a/8.png"), Made.png(1, 1));
        Made.write(dir.resolve("b/9.png"), Made.png(8, 7));
        Made.write(dir.resolve("b/large.png"), Made.png(8, 8));
        List<String> log = new ArrayList<>();
        DataSets.open("images", dir, DataSets.Options.defaults().withCacheFolder(null).withLog(log::add));
        List<String> broken = log.stream().filter(l -> l.contains("could not be decoded")).toList();
        assertEquals(1, broken.size(), log.toString());
        assertTrue(broken.getFirst().startsWith("images in " + dir + ": 5 of 10 files could not be decoded and are left out: a/3")
                && broken.getFirst().contains("; b/5.png: ") && !broken.getFirst().contains("b/6.png")
                && broken.getFirst().endsWith("; and 2 more, which './jmoco data info' names"), broken.toString());
        assertEquals(List.of("note: images in " + dir + ": 4 of 5 images have a side below 8 pixels and hardly anything to see,"
                + " the first: a/1.png, 4x5"), log.stream().filter(l -> l.startsWith("note: ")).toList());
    }

    @Test
    void unreadableImageInASplitIsAnError() {
        add("train/a/1.png", "train/b/2.png", "unlabelled/4.png");
        Made.write(dir.resolve("unlabelled/5.png"), new byte[3]);
        assertEquals(1, read().get("unlabelled").skipped().size());
        Made.write(dir.resolve("train/b/3.png"), Arrays.copyOf(Made.png(9, 9), 60));
        assertMessage("images train: 1 of 3 images cannot be read", this::read);
        assertMessage("first train/b/3.png: the PNG data end too early", this::read);
    }

    @Test
    void nothingToReadIsAnError() {
        assertMessage("no image in", this::read);
        Made.write(dir.resolve("scan.dcm"), "x");
        assertMessage("DICOM files must be converted", this::read);
        Made.write(dir.resolve("x.png"), "x");
        assertMessage("1 of 1 images cannot be read", this::read);
        assertMessage("there is no folder or zip", () -> new FolderReader("images", dir.resolve("none")).read());
    }

    @Test
    void zipIsReadLikeAFolder() {
        Path zip = dir.resolve("set.zip");
        Made.write(zip, Made.zip(new TreeMap<>(Map.of("set/cat/1.png", Made.png(3, 4), "set/dog/2.png", Made.png(5, 6),
                "set/dog/bad.png", new byte[5], "set/readme.txt", new byte[1]))));
        for (Path p : List.of(zip, dir)) { // a folder that holds nothing but the zip will do as well
            ImageSet s = new FolderReader("images", p).read().get("train");
            assertArrayEquals(new int[] {0, 1}, s.labels());
            assertEquals(6, s.width(1));
            assertEquals(1, s.skipped().size());
        }
    }

    @Test
    void damagedZipsAreErrors() throws Exception {
        byte[] good = Made.zip(new TreeMap<>(Map.of("1.png", Made.png(30, 40), "2.png", Made.png(50, 60))));
        Path zip = dir.resolve("set.zip");
        Made.write(zip, Arrays.copyOf(good, good.length / 2));
        assertMessage("cannot be read as a zip", this::read);
        Made.write(zip, new byte[0]);
        assertMessage("cannot be read as a zip", this::read);
        Made.write(zip, Made.flipped(good, 100)); // inside the first picture
        assertEquals(1, read().get("unlabelled").skipped().size());
        Made.write(zip, Made.zip(Map.of("readme.txt", new byte[1])));
        assertMessage("no image in", this::read);
    }

    /** A megabyte of zeros packs to a kilobyte; the limit holds for the size that is claimed and for the one that comes. */
    @Test
    void zipBombIsRefusedEntryByEntry() throws Exception {
        byte[] honest = Made.zip(Map.of("bomb.png", new byte[1 << 20]));
        assertTrue(honest.length < 4000);
        byte[] lying = honest.clone();
        int size = lying.length - 22 - (46 + "bomb.png".length()) + 24; // end record, directory entry, its size field
        assertEquals(1 << 20, ByteBuffer.wrap(lying).order(ByteOrder.LITTLE_ENDIAN).getInt(size));
        ByteBuffer.wrap(lying).order(ByteOrder.LITTLE_ENDIAN).putInt(size, 100);
        for (byte[] b : List.of(honest, lying)) {
            Made.write(dir.resolve("set.zip"), b);
            try (ImageStore.Zip zip = new ImageStore.Zip("images", dir.resolve("set.zip"), 1000)) {
                IOException e = assertThrows(IOException.class, () -> zip.read("bomb.png"));
                assertTrue(e.getMessage().endsWith("at most 1000 are read"), e.getMessage());
            }
        }
    }

    /** A zip from a tool that wrote names in Latin-1 without saying so. */
    @Test
    void oldZipNamesAreRead() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.ISO_8859_1)) {
            zip.putNextEntry(new ZipEntry("Lungenflügel.png"));
            zip.write(Made.png(3, 3));
        }
        Made.write(dir.resolve("set.zip"), out.toByteArray());
        assertEquals("Lungenflügel.png", read().get("unlabelled").imageName(0));
    }

    @Test
    void namesBeyondAsciiAreReadOrTheLocaleIsBlamed() {
        ImageStore.Folder store = new ImageStore.Folder("images", dir);
        if (Charset.forName(System.getProperty("sun.jnu.encoding")).newEncoder().canEncode('ü')) {
            add("Lungenflügel.png");
            assertEquals("Lungenflügel.png", read().get("unlabelled").imageName(0));
        } else {
            IOException e = assertThrows(IOException.class, () -> store.read("Lungenflügel.png"));
            assertTrue(e.getMessage().contains("set LC_ALL=C.UTF-8"), e.getMessage());
        }
    }

    /** Sum of all pixel values as Pillow 12.3 decodes the same 888 JPEGs. */
    @Test
    void realZipIsDecodedAsPillowDoes() {
        Path real = Made.real("ct-unlabeled");
        DataSet d = DataSets.open("luna", real, DataSets.Options.defaults().withCacheFolder(null));
        assertEquals(888, d.split("unlabelled").size());
        assertEquals(27611225658L, IdcReaderTest.sum(d.pretraining()));
        assertEquals(DatasetCard.load("luna").normalisation(), d.normalisation());
        assertTrue(Files.isDirectory(real));
    }

    private Map<String, ImageSet> read() {
        return new FolderReader("images", dir).read();
    }

    private void add(String... names) {
        for (String n : names) {
            Made.write(dir.resolve(n), Made.png(4, 5));
        }
    }
}
