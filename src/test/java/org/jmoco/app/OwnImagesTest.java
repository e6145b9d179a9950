package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jmoco.report.RunFolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of images of the user's own. */
class OwnImagesTest {
    @TempDir
    private Path folder;

    private final String home = System.getProperty("user.home");

    /** The cache of decoded images lies below the home folder. */
    @BeforeEach
    void homeInAFolderOfItsOwn() {
        System.setProperty("user.home", folder.resolve("home").toString());
    }

    @AfterEach
    void homeAsItWas() {
        System.setProperty("user.home", home);
    }

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
        assertTrue(Files.readString(run.resolve("report.html")).contains("Images of scans, left, and views of them"));
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
