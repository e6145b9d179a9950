package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final int H = 13;
    private static final int W = 31;

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void losslessRgbComesBackExactly(String format) throws IOException {
        Image i = decode(Made.encoded(Made.picture(H, W, BufferedImage.TYPE_3BYTE_BGR), format));
        assertEquals(H, i.height());
        assertEquals(W, i.width());
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                for (int c = 0; c < 3; c++) {
                    assertEquals(Made.value(y, x, c), i.rgb()[(y * W + x) * 3 + c] & 0xff, format + " at " + y + "," + x);
                }
            }
        }
    }

    /** Grey must not pass through a colour space: 8 bits are replicated as stored. */
    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void greyIsReplicatedAsStored(String format) throws IOException {
        BufferedImage grey = new BufferedImage(W, H, BufferedImage.TYPE_BYTE_GRAY);
        fillGrey(grey, 1);
        assertGrey(decode(Made.encoded(grey, format)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "tiff"})
    void sixteenBitsKeepTheHighByte(String format) throws IOException {
        BufferedImage grey = new BufferedImage(W, H, BufferedImage.TYPE_USHORT_GRAY);
        fillGrey(grey, 256);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                grey.getRaster().setSample(x, y, 0, grey.getRaster().getSample(x, y, 0) + 255 - x); // the low byte is lost
            }
        }
        assertGrey(decode(Made.encoded(grey, format)));
    }

    /** Twelve bits in sixteen are told of, whatever the format and the number of channels; 4096 is the first that is not. */
    @ParameterizedTest
    @CsvSource({"png,1,4095,true", "png,1,4096,false", "png,1,1,true", "png,1,0,false", "png,3,4095,true", "png,3,4096,false",
        "tiff,1,4095,true", "tiff,1,4096,false"}) // the tests have no writer of TIFF with 16 bits in three channels
    void twelveBitsOfSixteenAreTold(String format, int channels, int largest, boolean told) throws IOException {
        AtomicInteger faint = new AtomicInteger();
        Image i = ImageDecoder.decode("test", Made.encoded(Made.sixteenBits(H, W, channels, largest), format),
                faint::incrementAndGet);
        assertEquals(told ? 1 : 0, faint.get());
        assertEquals(largest >> 8, i.rgb()[i.rgb().length - 1] & 0xff, "the high byte, not stretched");
    }

    @Test
    void alphaIsDroppedWithoutBlending() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00ff8001); // fully transparent, colours kept by PNG
        image.setRGB(1, 0, 0x80102030);
        assertArrayEquals(new byte[] {(byte) 0xff, (byte) 0x80, 1, 0x10, 0x20, 0x30}, decode(Made.encoded(image, "png")).rgb());
    }

    @Test
    void palettesAndBlackAndWhiteAreExpanded() throws IOException {
        byte[] r = {1, (byte) 200, 3};
        byte[] g = {4, 5, (byte) 250};
        byte[] b = {7, 8, 9};
        BufferedImage p = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_INDEXED, new IndexColorModel(8, 3, r, g, b));
        for (int x = 0; x < 3; x++) {
            p.getRaster().setSample(x, 0, 0, x);
        }
        assertArrayEquals(new byte[] {1, 4, 7, (byte) 200, 5, 8, 3, (byte) 250, 9}, decode(Made.encoded(p, "png")).rgb());
        BufferedImage one = new BufferedImage(9, 1, BufferedImage.TYPE_BYTE_BINARY);
        one.getRaster().setSample(8, 0, 0, 1);
        byte[] rgb = decode(Made.encoded(one, "png")).rgb();
        assertEquals(0, rgb[0]);
        assertEquals(255, rgb[26] & 0xff);
    }

    @Test
    void jpegIsCloseAndItsEndingDoesNotMatter() throws IOException {
        BufferedImage smooth = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D paint = smooth.createGraphics();
        paint.setColor(new java.awt.Color(200, 100, 50));
        paint.fillRect(0, 0, 64, 64);
        paint.dispose();
        Image i = ImageDecoder.decode("jpeg under the name of.png", Made.encoded(smooth, "jpg"), () -> { });
        // One colour survives JPEG up to the rounding of YCbCr: 2 grey levels.
        assertEquals(200, i.rgb()[0] & 0xff, 2);
        assertEquals(100, i.rgb()[1] & 0xff, 2);
        assertEquals(50, i.rgb()[2] & 0xff, 2);
    }

    @Test
    void colourProfileIsTakenOutOfJpeg() throws IOException {
        byte[] plain = Made.encoded(Made.picture(H, W, BufferedImage.TYPE_INT_RGB), "jpg");
        assertSame(plain, JpegProfile.remove(plain));
        byte[] name = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream with = new ByteArrayOutputStream();
        with.write(plain, 0, 2);
        for (int part = 1; part <= 2; part++) { // in two pieces, each of rubbish: a broken profile
            with.writeBytes(new byte[] {(byte) 0xff, (byte) 0xe2, 0, (byte) (2 + name.length + 9)});
            with.writeBytes(name);
            with.writeBytes(new byte[] {(byte) part, 2, 9, 9, 9, 9, 9, 9, 9});
        }
        with.write(plain, 2, plain.length - 2);
        assertArrayEquals(plain, JpegProfile.remove(with.toByteArray()));
        assertArrayEquals(decode(plain).rgb(), decode(with.toByteArray()).rgb());
        byte[] cut = Arrays.copyOf(with.toByteArray(), 30);
        assertThrows(IOException.class, () -> decode(cut));
    }

    @ParameterizedTest
    @CsvSource({"png,0.05", "png,0.5", "png,0.98", "jpg,0.05", "jpg,0.6", "jpg,0.95", "bmp,0.01", "bmp,0.5", "bmp,0.98",
            "tiff,0.001",
        "tiff,0.5", "tiff,0.9"})
    void cutFilesAreUnreadable(String format, double part) {
        byte[] whole = Made.encoded(Made.picture(61, 67, BufferedImage.TYPE_3BYTE_BGR), format);
        assertThrows(IOException.class, () -> decode(Arrays.copyOf(whole, (int) (part * whole.length))));
    }

    /** Whatever the damage, the decoder answers with a picture or an IOException, which the readers turn into words. */
    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp", "tiff"})
    void damageNeverEscapesAsAnotherException(String format) {
        byte[] whole = Made.encoded(Made.picture(H, W, BufferedImage.TYPE_3BYTE_BGR), format);
        for (int at = 0; at < whole.length; at += 1 + whole.length / 300) {
            try {
                decode(Made.flipped(whole, at));
                assertTrue(!format.equals("png") || at >= whole.length - 8, "png: the flip at " + at + " went unnoticed");
            } catch (IOException e) {
                assertTrue(!Inputs.reason(e).isBlank());
            }
        }
    }

    @Test
    void reasonsSayWhatTheFileIs() {
        assertReason("an empty file", new byte[0]);
        assertReason("a Git LFS pointer", "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.US_ASCII));
        assertReason("a web page", "<!DOCTYPE html><html>".getBytes(StandardCharsets.US_ASCII));
        assertReason("bytes 01 02 03", new byte[] {1, 2, 3});
        assertReason("too early", Arrays.copyOf(Made.png(5, 5), 40));
        assertReason("check sum", Made.flipped(Made.png(5, 5), 45));
    }

    /** A few bytes that claim ten thousand million pixels. */
    @Test
    void hugeSizesAreRefusedBeforeAnythingIsAllocated() {
        byte[] png = Made.png(5, 5);
        ByteBuffer b = ByteBuffer.wrap(png);
        b.putInt(16, 100_000).putInt(20, 100_000);
        CRC32 crc = new CRC32();
        crc.update(png, 12, 17);
        b.putInt(29, (int) crc.getValue());
        assertReason("100000 x 100000 pixels; at most 89 million", png);
    }

    private static void assertReason(String part, byte[] file) {
        String reason = Inputs.reason(assertThrows(IOException.class, () -> decode(file)));
        assertTrue(reason.contains(part), () -> "expected \"" + part + "\" in: " + reason);
    }

    private static void fillGrey(BufferedImage image, int factor) {
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                image.getRaster().setSample(x, y, 0, factor * Made.value(y, x, 0));
            }
        }
    }

    private static void assertGrey(Image i) {
        for (int p = 0; p < H * W; p++) {
            for (int c = 0; c < 3; c++) {
                assertEquals(Made.value(p / W, p % W, 0), i.rgb()[3 * p + c] & 0xff, "pixel " + p);
            }
        }
    }

    private static Image decode(byte[] file) throws IOException {
        return ImageDecoder.decode("test", file, () -> { });
    }
}
