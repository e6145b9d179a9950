package org.jmoco.recipe;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.jmoco.tensor.Philox;

/** Folders of small pictures: dark ones and bright ones under noise, so that classes can be told apart. */
final class Pictures {
    private Pictures() {}

    /** Grey PNGs, every third of them with 16 bits. */
    static void unlabelled(Path folder, int n, int side) throws IOException {
        for (int i = 0; i < n; i++) {
            write(folder.resolve("slice " + i + ".png"), i, side, 60 + 120 * (i % 2),
                    i % 3 == 0 ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY);
        }
    }

    /** Folders {@code dark} and {@code light} with n images each. */
    static void labelled(Path folder, int n, int side) throws IOException {
        for (int i = 0; i < n; i++) {
            write(folder.resolve("dark/" + i + ".png"), 1000 + i, side, 70, BufferedImage.TYPE_BYTE_GRAY);
            write(folder.resolve("light/" + i + ".png"), 2000 + i, side, 170, BufferedImage.TYPE_BYTE_GRAY);
        }
    }

    private static void write(Path file, int number, int side, int brightness, int type) throws IOException {
        Files.createDirectories(file.getParent());
        Philox random = new Philox(7, Philox.Purpose.TEST, 0, number);
        BufferedImage image = new BufferedImage(side, side + number % 5, type);
        boolean wide = type == BufferedImage.TYPE_USHORT_GRAY;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < side; x++) {
                int v = Math.clamp(brightness + (int) (40 * random.nextGaussian()), 0, 255);
                image.getRaster().setSample(x, y, 0, wide ? 257 * v : v);
            }
        }
        ImageIO.write(image, "png", file.toFile());
    }
}
