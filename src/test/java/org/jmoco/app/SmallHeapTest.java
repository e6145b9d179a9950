package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Java heap that holds some images of a set and not the others. */
class SmallHeapTest {
    @TempDir
    Path folder;

    /** The JDK's PNG reader reports a full heap like a damaged file; left out as one, the set would shrink with the heap. */
    @Test
    @Timeout(120)
    void anImageThatDoesNotFitIsNotTakenForADamagedOne() throws Exception {
        Path images = Files.createDirectory(folder.resolve("images"));
        ImageIO.write(new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_GRAY), "png", images.resolve("small.png").toFile());
        ImageIO.write(new BufferedImage(8000, 8000, BufferedImage.TYPE_BYTE_GRAY), "png", images.resolve("large.png").toFile());
        Path text = folder.resolve("text.txt");
        ProcessBuilder info = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx40m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true",
                "-cp", System.getProperty("java.class.path"), Main.class.getName(), "data", "info", "--data", "images=" + images);
        info.environment().put("JMOCO_CACHE", folder.resolve("cache").toString());
        Process child = info.redirectErrorStream(true).redirectOutput(text.toFile()).start();
        assertTrue(child.waitFor(100, TimeUnit.SECONDS));
        String said = Files.readString(text, StandardCharsets.UTF_8);
        assertEquals(1, child.exitValue(), said);
        assertTrue(said.startsWith("jmoco: images: the Java heap of ") && said.contains(" MiB is too small to decode the images;"
                + " set JMOCO_HEAP to more, as in JMOCO_HEAP=2g, or give smaller or fewer images"), said);
        assertEquals(1, said.lines().count(), said);
    }
}
