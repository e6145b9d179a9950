package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
