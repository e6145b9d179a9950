package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.BiFunction;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/**
 * Pixels against Pillow 9.4 and torchvision 0.14, bit for bit: the checksums are what src/test/python/pillow_views.py
 * prints there. Colour conversions are compared on every colour there is.
 */
class PillowTest {
    private static final int CASES = 60;

    /** The choices of the script. */
    private static final class Choices {
        private long at;

        Choices(long seed) {
            at = seed << 32;
        }

        int choice(int n) {
            long z = ++at + 0x9E3779B97F4A7C15L;
            z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return (int) (((z ^ z >>> 31) >>> 33) % n);
        }
    }

    private record Picture(int height, int width, byte[] rgb) {
        static Picture of(Choices c) {
            int height = 1 + c.choice(90);
            int width = 1 + c.choice(90);
            int kind = c.choice(3);
            byte[] rgb = new byte[3 * height * width];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int one = kind == 2 ? c.choice(256) : 0;
                    for (int k = 0; k < 3; k++) {
                        int v = switch (kind) {
                            case 0 -> 7 * x + 5 * y + 31 * k + c.choice(64);
                            case 1 -> c.choice(256);
                            default -> one;
                        };
                        rgb[3 * (y * width + x) + k] = (byte) v;
                    }
                }
            }
            return new Picture(height, width, rgb);
        }

        Planes planes() {
            Planes p = new Planes(height, width);
            p.read(rgb, 0);
            return p;
        }

        Planes crop(int top, int left, int h, int w, int outHeight, int outWidth, boolean flip) {
            Planes p = new Planes(outHeight, outWidth);
            new Resampler().resample(rgb, 3 * (top * width + left), 3 * width, new BilinearAxis(w, outWidth),
                    new BilinearAxis(h, outHeight), flip, p);
            return p;
        }
    }

    private static String group(long seed, BiFunction<Choices, Picture, Planes> operation) {
        Choices c = new Choices(seed);
        CRC32 crc = new CRC32();
        for (int i = 0; i < CASES; i++) {
            Planes p = operation.apply(c, Picture.of(c));
            byte[] rgb = new byte[3 * p.size()];
            p.write(rgb, 0);
            crc.update(rgb);
        }
        return hex(crc);
    }

    private static String hex(CRC32 crc) {
        return String.format("0x%08x", crc.getValue());
    }

    @Test
    void resizedCrop() {
        assertEquals("0x3b0c36b4", group(1, (c, p) -> {
            int h = 1 + c.choice(p.height);
            int w = 1 + c.choice(p.width);
            int top = c.choice(p.height - h + 1);
            int left = c.choice(p.width - w + 1);
            int outHeight = 1 + c.choice(64);
            return p.crop(top, left, h, w, outHeight, 1 + c.choice(64), false);
        }));
    }

    @Test
    void brightness() {
        assertEquals("0x8e55ea64", group(2, (c, p) -> {
            Planes x = p.planes();
            Colour.brightness(x, c.choice(129) / 64f);
            return x;
        }));
    }

    @Test
    void contrast() {
        assertEquals("0x3c7a288b", group(3, (c, p) -> {
            Planes x = p.planes();
            Colour.contrast(x, c.choice(129) / 64f);
            return x;
        }));
    }

    @Test
    void saturation() {
        assertEquals("0x8bc0fd35", group(4, (c, p) -> {
            Planes x = p.planes();
            Colour.saturation(x, c.choice(129) / 64f);
            return x;
        }));
    }

    @Test
    void hue() {
        assertEquals("0xa83d8485", group(5, (c, p) -> {
            Planes x = p.planes();
            Colour.hue(x, (c.choice(65) - 32) / 64.0);
            return x;
        }));
    }

    @Test
    void blur() {
        assertEquals("0x47f38200", group(6, (c, p) -> {
            Planes x = p.planes();
            new BoxBlur(p.height, p.width).blur(x, (1 + c.choice(640)) / 64f);
            return x;
        }));
    }

    @Test
    void chain() {
        assertEquals("0x1dfe903c", group(7, (c, p) -> {
            int h = 1 + c.choice(p.height);
            int w = 1 + c.choice(p.width);
            int top = c.choice(p.height - h + 1);
            int left = c.choice(p.width - w + 1);
            Planes x = p.crop(top, left, h, w, 24, 24, c.choice(2) == 1);
            int first = c.choice(4);
            for (int i = 0; i < 4; i++) {
                switch ((first + i) % 4) {
                    case 0 -> Colour.brightness(x, (32 + c.choice(64)) / 64f);
                    case 1 -> Colour.contrast(x, (32 + c.choice(64)) / 64f);
                    case 2 -> Colour.saturation(x, (32 + c.choice(64)) / 64f);
                    default -> Colour.hue(x, (c.choice(17) - 8) / 64.0);
                }
            }
            if (c.choice(4) == 0) {
                Colour.grey(x);
            }
            new BoxBlur(24, 24).blur(x, (1 + c.choice(160)) / 64f);
            return x;
        }));
    }

    private interface OfColour {
        int apply(int a, int b, int c);
    }

    private static String everyColour(int bytes, OfColour f) {
        CRC32 crc = new CRC32();
        byte[] line = new byte[256 * bytes];
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                for (int c = 0; c < 256; c++) {
                    int v = f.apply(a, b, c);
                    for (int k = 0; k < bytes; k++) {
                        line[c * bytes + k] = (byte) (v >> 8 * (bytes - 1 - k));
                    }
                }
                crc.update(line);
            }
        }
        return hex(crc);
    }

    @Test
    void hsvOfEveryRgb() {
        assertEquals("0xce278e73", everyColour(3, Colour::toHsv));
    }

    @Test
    void rgbOfEveryHsv() {
        assertEquals("0xcb4b8111", everyColour(3, Colour::toRgb));
    }

    @Test
    void lumaOfEveryRgb() {
        assertEquals("0x15a2d22c", everyColour(1, Colour::luma));
    }

    @Test
    void blendOfEveryPair() {
        CRC32 crc = new CRC32();
        byte[] line = new byte[256];
        for (double factor : new double[] {0.0, 0.2, 0.6, 0.93, 1.0, 1.0103, 1.4, 1.999, 2.5}) {
            for (int from = 0; from < 256; from++) {
                for (int to = 0; to < 256; to++) {
                    line[to] = (byte) Colour.blend(from, to, (float) factor);
                }
                crc.update(line);
            }
        }
        assertEquals("0xaf0f5290", hex(crc));
    }
}
