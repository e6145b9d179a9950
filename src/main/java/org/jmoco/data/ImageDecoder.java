package org.jmoco.data;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DirectColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jmoco.tensor.UserError;

/**
 * Encoded pictures (PNG, JPEG, BMP, TIFF; told by their content, not by their ending) to u8 RGB, with TwelveMonkeys
 * ImageIO where it has a reader and the JDK's for PNG.
 *
 * <p>Conversion as PIL's {@code convert('RGB')}: grey is replicated, palettes are looked up, alpha is dropped without
 * blending, colour profiles and EXIF orientation are ignored, 16-bit channels keep their high byte. Where a 16-bit picture
 * uses the lower 12 bits only, that leaves 16 levels of 256: it is counted as faint, for a warning. Nothing is stretched,
 * since each picture would get a contrast of its own. The first page of a TIFF counts. CMYK is converted as TwelveMonkeys
 * does it. A file that ends early is unreadable, not half grey.
 */
final class ImageDecoder {
    /** Largest picture, in pixels: PIL's MAX_IMAGE_PIXELS, its guard against files that unpack to gigabytes. */
    static final int MAX_PIXELS = 89_478_485;

    /** Values of 12 bits, those of a CT or of DICOM: of 16-bit pictures that stay below, the high byte keeps 16 levels. */
    private static final int FAINT_BELOW = 1 << 12;

    /**
     * The pictures in the order asked for; {@code images[i]} is null where {@code reasons[i]} says why.
     *
     * @param faint whether hardly anything is left of 16 bits
     */
    record Decoded(List<String> names, Image[] images, String[] reasons, boolean[] faint) {
        List<Skipped> skipped() {
            List<Skipped> s = new ArrayList<>();
            for (int i = 0; i < images.length; i++) {
                if (images[i] == null) {
                    s.add(new Skipped(names.get(i), reasons[i]));
                }
            }
            return s;
        }

        /** Of the pictures from one index up to another. */
        List<String> faintNames(int from, int to) {
            return IntStream.range(from, to).filter(i -> faint[i]).mapToObj(names::get).toList();
        }
    }

    private ImageDecoder() {
    }

    /**
     * Decodes on all processors; the result does not depend on how many there are.
     *
     * @throws UserError if the pixels, or what decoding takes beside them, do not fit into memory
     */
    static Decoded decodeAll(String set, ImageStore store, List<String> names) {
        Decoded d = new Decoded(names, new Image[names.size()], new String[names.size()], new boolean[names.size()]);
        AtomicLong bytes = new AtomicLong();
        AtomicInteger done = new AtomicInteger();
        try {
            IntStream.range(0, names.size()).parallel().forEach(i -> {
                try {
                    d.images[i] = decode(names.get(i), store.read(names.get(i)), () -> d.faint[i] = true);
                    bytes.addAndGet(d.images[i].rgb().length);
                } catch (IOException e) {
                    d.reasons[i] = Inputs.reason(e);
                }
                done.incrementAndGet();
                if (bytes.get() > Inputs.heapForPixels()) {
                    throw tooLarge(set, bytes.get(), done.get(), names.size());
                }
            });
        } catch (OutOfMemoryError e) {
            Arrays.fill(d.images, null); // room for the message
            throw tooLarge(set, bytes.get(), done.get(), names.size());
        }
        return d;
    }

    /** What all pictures need, if the others are as large as those that are decoded; that may be none yet. */
    private static UserError tooLarge(String set, long bytes, int done, int all) {
        long needed = (long) ((double) bytes * all / Math.max(done, 1));
        return needed > Inputs.heapForPixels()
                ? Inputs.tooLarge(set + ", judged by " + done + " of " + all + " images", needed)
                : Inputs.tooSmallToDecode(set);
    }

    /**
     * @param faint is run if the channels have 16 bits, of which the picture uses the lower 12 only
     * @throws IOException if the file cannot be decoded; the message is the reason, without the name
     */
    static Image decode(String name, byte[] file, Runnable faint) throws IOException {
        String format = format(file);
        if (format.equals("PNG")) {
            PngCheck.check(file);
        }
        byte[] encoded = format.equals("JPEG") ? JpegProfile.remove(file) : file;
        ImageReader reader = reader(format);
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded))) {
            reader.setInput(in, true, true);
            long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
            if (pixels > MAX_PIXELS) {
                throw new IOException(reader.getWidth(0) + " x " + reader.getHeight(0) + " pixels; at most "
                        + MAX_PIXELS / 1_000_000 + " million are decoded");
            }
            BufferedImage image = reader.read(0);
            for (String w : warnings) {
                if (w.toLowerCase().contains("premature end")) { // libjpeg's JWRN_JPEG_EOF: the rest would be grey
                    throw new IOException("the " + format + " data end too early (truncated file)");
                }
            }
            return new Image(name, image.getHeight(), image.getWidth(), rgb(image, faint));
        } catch (IOException e) {
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof OutOfMemoryError memory) { // the JDK's PNG reader wraps it: nothing is wrong with the file
                    throw memory;
                }
            }
            throw e;
        } catch (RuntimeException e) { // decoders meet damaged data with all kinds of exceptions
            throw new IOException("damaged " + format + " file", e);
        } finally {
            reader.dispose();
        }
    }

    private static String format(byte[] b) throws IOException {
        if (starts(b, 0x89, 'P', 'N', 'G')) {
            return "PNG";
        }
        if (starts(b, 0xff, 0xd8, 0xff)) {
            return "JPEG";
        }
        if (starts(b, 'B', 'M')) {
            return "BMP";
        }
        if (starts(b, 'I', 'I', 42, 0) || starts(b, 'M', 'M', 0, 42) || starts(b, 'I', 'I', 43, 0)
                || starts(b, 'M', 'M', 0, 43)) {
            return "TIFF";
        }
        throw new IOException("not a PNG, JPEG, BMP or TIFF image but " + Inputs.looksLike(b));
    }

    private static boolean starts(byte[] b, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= b.length || (b[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static ImageReader reader(String format) throws IOException {
        ImageReader last = null;
        for (Iterator<ImageReader> all = ImageIO.getImageReadersByFormatName(format); all.hasNext();) {
            last = all.next();
            if (last.getClass().getName().startsWith("com.twelvemonkeys.")) {
                return last;
            }
        }
        if (last == null) {
            throw new IOException("this Java installation has no reader for " + format);
        }
        return last;
    }

    private static byte[] rgb(BufferedImage image, Runnable faint) throws IOException {
        ColorModel model = image.getColorModel();
        int colours = model.getNumColorComponents();
        int type = image.getRaster().getTransferType();
        boolean bytes = type == DataBuffer.TYPE_BYTE;
        if (model instanceof IndexColorModel || model instanceof DirectColorModel || bytes && colours == 4) {
            return lookedUp(image);
        }
        if (!bytes && type != DataBuffer.TYPE_USHORT || colours != 1 && colours != 3) {
            throw new IOException("pixels of " + model.getPixelSize() + " bits in " + colours + " colour channels of type "
                    + type + "; 8 and 16 bit unsigned grey and RGB are read");
        }
        if (model.hasAlpha() && model.isAlphaPremultiplied()) {
            model.coerceData(image.getRaster(), false);
        }
        return bytes ? fromBytes(image.getRaster(), colours)
                : fromShorts(image.getRaster(), colours, model.getComponentSize(0), faint);
    }

    /** Palettes, packed pixels and CMYK: the colour model knows. */
    private static byte[] lookedUp(BufferedImage image) {
        int w = image.getWidth();
        byte[] rgb = new byte[3 * w * image.getHeight()];
        int[] row = new int[w];
        int to = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRGB(0, y, w, 1, row, 0, w);
            for (int p : row) {
                rgb[to++] = (byte) (p >> 16);
                rgb[to++] = (byte) (p >> 8);
                rgb[to++] = (byte) p;
            }
        }
        return rgb;
    }

    /** Straight from the raster: {@code getRGB} would treat grey as linear light and brighten it. */
    private static byte[] fromBytes(WritableRaster raster, int colours) {
        int w = raster.getWidth();
        int bands = raster.getNumBands();
        byte[] rgb = new byte[3 * w * raster.getHeight()];
        byte[] row = new byte[w * bands];
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getDataElements(0, y, w, 1, row);
            for (int at = 0; at < row.length; at += bands) {
                for (int c = 0; c < 3; c++) {
                    rgb[to++] = row[colours == 1 ? at : at + c];
                }
            }
        }
        return rgb;
    }

    private static byte[] fromShorts(WritableRaster raster, int colours, int bits, Runnable faint) {
        int w = raster.getWidth();
        int bands = raster.getNumBands();
        byte[] rgb = new byte[3 * w * raster.getHeight()];
        short[] row = new short[w * bands];
        int largest = 0;
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getDataElements(0, y, w, 1, row);
            for (int at = 0; at < row.length; at += bands) {
                for (int c = 0; c < 3; c++) {
                    int value = row[colours == 1 ? at : at + c] & 0xffff;
                    largest = Math.max(largest, value);
                    rgb[to++] = (byte) (value >> bits - 8);
                }
            }
        }
        if (bits == 16 && largest > 0 && largest < FAINT_BELOW) { // of a black picture nothing is lost
            faint.run();
        }
        return rgb;
    }
}
