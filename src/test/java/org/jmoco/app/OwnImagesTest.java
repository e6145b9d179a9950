package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.data.CachedImages;
import org.jmoco.report.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of images of the user's own. */
@ExtendWith(HomeOfItsOwn.class)
class OwnImagesTest {
    @TempDir
    private Path folder;

    /** Eight images without classes. */
    private Path unlabelled(String name) throws IOException {
        DarkAndLight.write(folder.resolve("made"));
        Files.createDirectories(folder.resolve(name).getParent());
        return Files.move(folder.resolve("made/train/dark"), folder.resolve(name));
    }

    /** The folder's name, where the name of the kind would make "images of images"; the files of the run keep the kind. */
    @Test
    void aSetIsCalledByItsFolder() throws IOException {
        String data = "images=" + unlabelled("scans");
        Path run = folder.resolve("run");
        String said = CommandRuns.train(0, "pretrain", run, "--data", data, "--queue", "16");
        assertTrue(said.contains("data scans, 8 images to train on"), said);
        assertTrue(said.contains("--queue 16 is longer than the 8 images of scans:"), said);
        assertTrue(said.contains("options --data " + data + " --"), said);
        assertFalse(said.contains("images of images") || said.contains("["), said);
        assertEquals(List.of(data), RunFolder.storedOptions(run).orElseThrow().get("--data"));
        assertTrue(Files.readString(run.resolve("result.json")).contains("\"data\" : \"images\""), "result.json");
        assertTrue(CommandRuns.train(2, "pretrain", folder.resolve("other"), "--data", data, "--batch", "9", "--splits", "1")
                .contains("--batch 9 is larger than the 8 images of scans."));
        CommandRuns.run(0, "report", run.toString(), "--data", data);
        assertTrue(Files.readString(run.resolve("report.html")).contains("<h2>Random views of scans</h2>"));
    }

    @Test
    void aFolderThatIsCalledLikeASplitGoesWithTheOneAroundIt() throws IOException {
        Path images = DarkAndLight.write(folder.resolve("study/images"));
        String said = CommandRuns.run(0, "knn", "--data", "images=" + images, "--from", "random", "--width", "2", "--dim", "8",
                "--image", "16", "--backend", "cpu", "--threads", "1");
        assertTrue(said.contains(": 6 images of study/images test by 16 of study/images train"), said);
        assertTrue(CommandRuns.run(1, "knn", "--data", "images=" + unlabelled("plain/scans"), "--from", "random")
                .contains("scans has no labels, and knn needs them"));
    }

    /** What is not named as jmoco names its copies stays: another program's file, a folder, a link, the CUDA libraries. */
    @Test
    void theCacheIsCountedAndClearedAndNothingElse() throws IOException {
        assumeTrue(System.getenv("JMOCO_CACHE") == null, "skipped: JMOCO_CACHE names another folder");
        Path cache = Path.of(System.getProperty("user.home"), ".cache/jmoco");
        assertTrue(CommandRuns.run(0, "data", "clear-cache").equals("no decoded images in " + cache + "\n"));
        Path scans = unlabelled("scans");
        assertTrue(CommandRuns.run(0, "data", "info", "--data", "images=" + scans).contains("a decoded copy of these images"));
        Path copy;
        try (Stream<Path> all = Files.list(cache)) {
            copy = all.toList().getFirst();
        }
        Path half = Files.copy(copy, cache.resolve("luna-0123456789abcdef.img.17.tmp"));
        List<Path> others = List.of(cache.resolve("cuda/x.so"), cache.resolve("images-0123456789abcdef.img.bak"),
                cache.resolve("images-0123.img"), cache.resolve("disk-0123456789abcdef.img"),
                cache.resolve("cuda/images-0123456789abcdef.img"), cache.resolve("idc-0123456789abcdef.img/x"));
        for (Path p : others) {
            Files.createDirectories(p.getParent());
            Files.writeString(p, "x");
        }
        Path link = Files.createSymbolicLink(cache.resolve("images-fedcba9876543210.img"), scans.resolve("0.png"));
        String both = CachedImages.size(2 * Files.size(copy));
        assertEquals(cache + ": 2 files of decoded images, " + both + " ('./jmoco data clear-cache' removes them)",
                Doctor.imageCache(cache, v -> null).text());
        assertTrue(Doctor.imageCache(cache, v -> "off").text().contains("; JMOCO_IMAGE_CACHE=off, no more are made"));
        assertEquals(1, Doctor.examine().stream().filter(f -> f.text().startsWith(cache + ": 2 files")).count());
        String said = CommandRuns.run(0, "data", "clear-cache");
        assertEquals(3, said.lines().count(), said);
        assertTrue(said.contains("removed " + copy + " (") && said.contains("2 files removed, " + both), said);
        assertFalse(Files.exists(copy) || Files.exists(half), said);
        others.forEach(p -> assertTrue(Files.exists(p), p.toString()));
        assertTrue(Files.isSymbolicLink(link) && Files.exists(scans.resolve("0.png")));
    }

    /** In processes of their own, which have the environment. */
    @ParameterizedTest
    @CsvSource({"on,0", "off,0", "never,2"})
    void theSwitchOfTheCacheIsObeyed(String set, int code) throws Exception {
        Path scans = unlabelled("scans");
        Path cache = folder.resolve("cache");
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), Main.class.getName(), "data", "info", "--data", "images=" + scans);
        builder.environment().put("JMOCO_CACHE", cache.toString());
        builder.environment().put(CachedImages.SWITCH, set);
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(code, process.waitFor(), said);
        assertEquals(set.equals("on") ? 1 : 0, CachedImages.in(cache).size(), said);
        assertEquals(set.equals("on"), said.contains("a decoded copy of these images"), said);
        assertTrue(code == 0 || said.startsWith("jmoco: JMOCO_IMAGE_CACHE=never: must be on"), said);
    }

    /** A slip of the tab key: {@code --out scans/0.png}. */
    @Test
    void aSheetTakesThePlaceOfNoImage() throws IOException {
        Path scans = unlabelled("scans");
        byte[] before = Files.readAllBytes(scans.resolve("0.png"));
        for (String sheet : List.of("0.png", "sheet.png", "../scans/sheet.png")) {
            String said = CommandRuns.run(2, "data", "show", "--data", "images=" + scans, "--out", scans + "/" + sheet);
            assertTrue(said.contains("lies among the images of " + scans + "; name a file elsewhere"), said);
        }
        assertArrayEquals(before, Files.readAllBytes(scans.resolve("0.png")));
        assertFalse(Files.exists(scans.resolve("sheet.png")));
        CommandRuns.run(0, "data", "show", "--data", "images=" + scans, "--out", folder.resolve("sheet.png").toString());
    }

    @Test
    void aBrokenImageIsToldOfOnce() throws IOException {
        Path scans = unlabelled("scans");
        Files.writeString(scans.resolve("torn.png"), "no picture");
        for (int start = 0; start < 2; start++) { // decoded, and from the cache
            String said = CommandRuns.train(0, "pretrain", folder.resolve("run" + start), "--data", "images=" + scans);
            assertEquals(1, said.lines().filter(l -> l.contains("torn.png")).count(), said);
            assertTrue(said.contains("images in " + scans + ": 1 of 9 files could not be decoded and are left out: torn.png: "),
                    said);
        }
    }
}
