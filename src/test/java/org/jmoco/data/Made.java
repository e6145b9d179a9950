package org.jmoco.data;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;

/** Files that the readers' tests make, and the real data where they are at hand. */
final class Made {
    private Made() {
    }

    /** The folder of real data beside the checkout; the test is skipped, and says so, where it is absent. */
    static Path real(String name) {
        Path p = Path.of(System.getProperty("jmoco.shared", "../shared")).resolve("data").resolve(name);
        assumeTrue(Files.isDirectory(p), () -> "skipped: no real data in " + p.toAbsolutePath().normalize());
        return p;
    }

    /** Value of pixel (y, x, c): all different enough to notice swapped axes or channels. */
    static int value(int y, int x, int c) {
        return (7 * y + 5 * x + 31 * c + 11) & 0xff;
    }

    static BufferedImage picture(int height, int width, int type) {
        BufferedImage image = new BufferedImage(width, height, type);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, 0xff << 24 | value(y, x, 0) << 16 | value(y, x, 1) << 8 | value(y, x, 2));
            }
        }
        return image;
    }

    /** 16 bits a channel, values from 0 to {@code largest}, which is the last pixel's in all channels. */
    static BufferedImage sixteenBits(int height, int width, int channels, int largest) {
        ColorModel colours = new ComponentColorModel(
                ColorSpace.getInstance(channels == 1 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB), false, false,
                Transparency.OPAQUE, DataBuffer.TYPE_USHORT);
        BufferedImage image = new BufferedImage(colours, colours.createCompatibleWritableRaster(width, height), false, null);
        for (int p = 0; p < height * width; p++) {
            for (int c = 0; c < channels; c++) {
                image.getRaster().setSample(p % width, p / width, c, (int) ((long) largest * (p + 1) / (height * width)));
            }
        }
        return image;
    }

    static byte[] encoded(BufferedImage image, String format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, format, out)) {
                throw new IllegalStateException("no writer for " + format);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] png(int height, int width) {
        return encoded(picture(height, width, BufferedImage.TYPE_INT_RGB), "png");
    }

    static byte[] gzip(byte[] b) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gz = new GZIPOutputStream(out)) {
            gz.write(b);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] zip(Map<String, byte[]> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(e.getKey()));
                zip.write(e.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** A version 1 .npy: header as numpy writes it, then {@code data}. */
    static byte[] npy(String descr, boolean fortran, String shape, byte[] data) {
        String text = "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape
                + ", }";
        int pad = 64 - (10 + text.length() + 1) % 64;
        byte[] head = (text + " ".repeat(pad) + "\n").getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) head.length, (byte) (head.length >> 8)});
        out.writeBytes(head);
        out.writeBytes(data);
        return out.toByteArray();
    }

    static void write(Path file, byte[] b) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, b);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void write(Path file, String text) {
        write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] flipped(byte[] b, int at) {
        byte[] c = b.clone();
        c[at] ^= 0x10;
        return c;
    }

    static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
