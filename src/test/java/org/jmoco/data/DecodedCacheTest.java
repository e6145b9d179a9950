package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecodedCacheTest {
    @TempDir
    Path dir;

    private final List<String> log = new ArrayList<>();
    private Path source;
    private Path folder;

    @BeforeEach
    void write() {
        source = dir.resolve("source");
        folder = dir.resolve("cache");
        Made.write(source.resolve("cat/1.png"), Made.png(3, 31));
        Made.write(source.resolve("dog/2.png"), Made.png(13, 7));
        Made.write(source.resolve("dog/3.png"), new byte[2]);
    }

    @Test
    void secondStartReadsTheSameWithoutTheDecoder() throws Exception {
        DataSet first = open();
        assertEquals(1, files().size());
        // The same size and time, so the key stays; the content would no longer decode.
        Path p = source.resolve("cat/1.png");
        FileTime time = Files.getLastModifiedTime(p);
        Files.write(p, new byte[(int) Files.size(p)]);
        Files.setLastModifiedTime(p, time);
        DataSet second = open();
        assertEquals(first.split("train").contentHash(), second.split("train").contentHash());
        assertEquals(first.split("train").toString(), second.split("train").toString());
        assertEquals(first.split("train").skipped(), second.split("train").skipped());
        assertEquals("dog/2.png", second.split("train").imageName(1));
        assertEquals(2, log.stream().filter(l -> l.contains("1 of 3 files could not be decoded")).count(), log.toString());
    }

    /** The warning is not lost with the decoding: the second start, which reads the cache, gives it too. */
    @Test
    void twelveBitsOfSixteenAreToldAtEveryStart() throws Exception {
        Made.write(source.resolve("cat/0.png"), Made.encoded(Made.sixteenBits(9, 9, 1, 4000), "png"));
        Made.write(source.resolve("dog/4.png"), Made.encoded(Made.sixteenBits(9, 9, 1, 60000), "png"));
        Made.write(source.resolve("dog/5.tif"), Made.encoded(Made.sixteenBits(9, 9, 1, 300), "tiff"));
        String warning = "warning: images in " + source + ": 2 of 5 images have 16 bits a channel but values below 4096 only";
        for (int start = 0; start < 2; start++) {
            log.clear();
            assertEquals(List.of("cat/0.png", "dog/5.tif"), open().split("train").faint());
            assertEquals(1, log.stream().filter(l -> l.startsWith(warning)).count(), log.toString());
            assertTrue(log.getLast().endsWith("rescale them to 8 bits first, all by the same rule. The first: cat/0.png"),
                    log.toString());
        }
    }

    @Test
    void moreThanTheHeapHoldsIsNoDamage() throws Exception {
        open();
        try (RandomAccessFile f = new RandomAccessFile(files().getFirst().toFile(), "rw")) {
            f.setLength(Runtime.getRuntime().maxMemory() + (1L << 30)); // a hole: takes no room on the disk
        }
        log.clear();
        String said = assertThrows(UserError.class, this::open).getMessage();
        assertTrue(said.startsWith("images: the pixels need " + ((Runtime.getRuntime().maxMemory() >> 20) + 1023) + " MiB"),
                said);
        assertTrue(said.contains("JMOCO_HEAP="), said);
        assertEquals(List.of(), log);
    }

    /** Copies of patients' images are announced where they are made, and nobody else can read them. */
    @Test
    void theCopyIsAnnouncedOnceAndItsOwnersAlone() throws Exception {
        open();
        Path file = files().getFirst();
        assertEquals(List.of("images in " + source.toRealPath() + ": a decoded copy of these images lies in " + file + " ("
                + Math.ceilDiv(Files.size(file), 1000) + " kB) for the next start; './jmoco data clear-cache' removes such"
                + " copies, JMOCO_IMAGE_CACHE=off makes none"), log.stream().filter(l -> l.contains("copy")).toList());
        if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
        log.clear();
        open();
        assertFalse(log.toString().contains("copy"), log.toString());
    }

    @Test
    void theSwitchIsOnOrOff() {
        for (String on : new String[] {null, "", "on", "ON"}) {
            assertTrue(CachedImages.wanted(v -> v.equals("JMOCO_IMAGE_CACHE") ? on : "off"), on);
        }
        assertFalse(CachedImages.wanted(v -> "off"));
        UserError e = assertThrows(UserError.class, () -> CachedImages.wanted(v -> "no"));
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().startsWith("JMOCO_IMAGE_CACHE=no: must be on "), e.getMessage());
    }

    @Test
    void unlabelledSetsAndSeveralSplitsSurvive() throws Exception {
        ImageSet a = ImageSet.of("a", 3, 5, new byte[3 * 45]);
        ImageSet b = ImageSet.of("b", 1, 1, new byte[] {1, 2, 3}).withLabels(new int[] {1}, List.of("x", "y"));
        DecodedCache cache = new DecodedCache(folder, "set", source, log::add);
        cache.write(Map.of("train", b, "unlabelled", a));
        Map<String, ImageSet> back = cache.read().orElseThrow();
        assertEquals(a.contentHash(), back.get("unlabelled").contentHash());
        assertEquals(b.contentHash(), back.get("train").contentHash());
        assertFalse(back.get("unlabelled").labelled());
        assertEquals(1, log.size(), log.toString());
    }

    @Test
    void changedSourcesAreDecodedAnewAndReplaceTheOldFile() throws Exception {
        open();
        Made.write(source.resolve("dog/4.png"), Made.png(2, 2));
        assertEquals(3, open().split("train").size());
        assertEquals(3, open().split("train").size());
        Files.setLastModifiedTime(source.resolve("cat/1.png"), FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        open();
        assertEquals(1, files().size());
        assertFalse(log.toString().contains("cannot be used"), log.toString());
    }

    /** A flip anywhere in the file, a cut anywhere, a foreign file: noticed, said in one line, decoded again. */
    @Test
    void damagedCacheIsNotUsedAndNotFatal() throws Exception {
        long hash = open().split("train").contentHash();
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        List<byte[]> bad = new ArrayList<>();
        for (int at = 0; at < good.length; at += 1 + good.length / 150) {
            bad.add(Made.flipped(good, at));
        }
        for (double part : new double[] {0, 0.01, 0.1, 0.5, 0.9}) {
            bad.add(Arrays.copyOf(good, (int) (part * good.length)));
        }
        bad.add(Arrays.copyOf(good, good.length - 1));
        bad.add(Arrays.copyOf(good, good.length + 1));
        for (byte[] b : bad) {
            Files.write(file, b);
            log.clear();
            assertEquals(hash, open().split("train").contentHash());
            assertEquals(1, log.stream().filter(l -> l.contains("decoding again")).count(), log.toString());
            assertEquals(good.length, Files.size(file), "written anew");
        }
    }

    /** A file where the folder should be: like missing permission, but also for the superuser. */
    @Test
    void unwritableFolderIsNotFatal() {
        Made.write(folder, "a file");
        assertEquals(2, open().split("train").size());
        assertEquals(1, log.stream().filter(l -> l.contains("cannot be kept")).count(), log.toString());
    }

    @Test
    void abandonedTemporaryFilesAreRemoved() throws Exception {
        Path old = folder.resolve("images-0123456789abcdef.img.4711.tmp");
        Path young = folder.resolve("images-0123456789abcdef.img.4712.tmp");
        Path foreign = folder.resolve("disk.img.4711.tmp");
        Made.write(old, "x");
        Made.write(young, "x");
        Made.write(foreign, "x");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Files.setLastModifiedTime(foreign, Files.getLastModifiedTime(old));
        open();
        assertFalse(Files.exists(old));
        assertTrue(Files.exists(young), "another process may be writing it");
        assertTrue(Files.exists(foreign), "not written by this program");
    }

    private DataSet open() {
        return DataSets.open("images", source, DataSets.Options.defaults().withCacheFolder(folder).withLog(log::add));
    }

    private List<Path> files() throws Exception {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }
}
