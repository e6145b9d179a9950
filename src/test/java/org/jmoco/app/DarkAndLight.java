package org.jmoco.app;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.jmoco.tensor.Philox;

/** A folder of noisy grey PNG files of 20 x 20: 16 to train, 6 to validate, 6 to test, half of each dark, half light. */
final class DarkAndLight {
    private static final int SIZE = 20;

    private DarkAndLight() {}

    /** @return {@code folder} */
    static Path write(Path folder) throws IOException {
        for (String split : new String[] {"train", "val", "test"}) {
            for (String label : new String[] {"dark", "light"}) {
                for (int i = 0; i < (split.equals("train") ? 8 : 3); i++) {
                    write(folder.resolve(split).resolve(label).resolve(i + ".png"), label.equals("light") ? 120 : 0, i);
                }
            }
        }
        return folder;
    }

    private static void write(Path file, int brightness, int number) throws IOException {
        Philox random = new Philox(3, Philox.Purpose.TEST, brightness, number);
        BufferedImage b = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < SIZE * SIZE; p++) {
            b.setRGB(p % SIZE, p / SIZE, 0x10101 * (brightness + random.nextInt(100)));
        }
        Files.createDirectories(file.getParent());
        ImageIO.write(b, "png", file.toFile());
    }
}
