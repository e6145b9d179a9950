package org.jmoco.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * A NumPy array file (format 1 to 3 of numpy.lib.format) of images: u8, N x H x W x 3, C order; plain or gzipped.
 */
final class NpyReader {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    /** numpy's own limit on a header that it reads without being told to trust it. */
    private static final int MAX_HEADER = 10_000;
    private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9,\\s]*)\\)");

    private final String set;
    private final Path file;

    private NpyReader(String set, Path file) {
        this.set = set;
        this.file = file;
    }

    /** The images in order, named {@code FILE/ROW}. @throws UserError if the file is not as described above */
    static List<Image> read(String set, Path file) {
        NpyReader r = new NpyReader(set, file);
        boolean gz = file.toString().endsWith(".gz");
        try (InputStream raw = Files.newInputStream(RegularFile.require(file));
                InputStream in = gz ? new GZIPInputStream(raw, 1 << 16) : new BufferedInputStream(raw, 1 << 16)) {
            return r.images(in);
        } catch (EOFException e) {
            throw r.error("ends too early; it is cut, get it again");
        } catch (IOException e) {
            throw r.error("cannot be " + (gz ? "unpacked" : "read") + ": " + Inputs.reason(e)
                    + (gz ? "; it is damaged or cut, get it again" : ""));
        }
    }

    private List<Image> images(InputStream in) throws IOException {
        int[] shape = shape(header(in));
        long each = 3L * shape[1] * shape[2];
        Inputs.checkFits(set + ": " + file, each * shape[0]);
        String base = file.getFileName().toString().replaceAll("\\.npy(\\.gz)?$", "");
        List<Image> images = new ArrayList<>();
        for (int n = 0; n < shape[0]; n++) {
            byte[] rgb = in.readNBytes((int) each);
            if (rgb.length < each) {
                throw error("ends after " + n + " of " + shape[0] + " images; it is cut, get it again");
            }
            images.add(new Image(base + "/" + n, shape[1], shape[2], rgb));
        }
        if (in.read() >= 0) {
            throw error("goes on after its " + shape[0] + " images; it is damaged, get it again");
        }
        return images;
    }

    private String header(InputStream in) throws IOException {
        byte[] head = in.readNBytes(8);
        for (int i = 0; i < MAGIC.length; i++) {
            if (i >= head.length || head[i] != MAGIC[i]) {
                throw error("is not a NumPy file but " + Inputs.looksLike(head)
                        + "; it is damaged or another file, get it again");
            }
        }
        if (head.length < 8) {
            throw new EOFException();
        }
        int version = head[6];
        if (version < 1 || version > 3) {
            throw error("has NumPy format version " + version + "; 1 to 3 are read. Save it again with numpy.save");
        }
        byte[] length = in.readNBytes(version == 1 ? 2 : 4);
        if (length.length < (version == 1 ? 2 : 4)) {
            throw new EOFException();
        }
        long n = 0;
        for (int i = length.length - 1; i >= 0; i--) {
            n = n << 8 | length[i] & 0xff;
        }
        if (n > MAX_HEADER) {
            throw error("announces a header of " + n + " bytes; it is damaged, get it again");
        }
        byte[] text = in.readNBytes((int) n);
        if (text.length < n) {
            throw new EOFException();
        }
        return new String(text, StandardCharsets.UTF_8);
    }

    /** N, H, W. */
    private int[] shape(String header) {
        Matcher descr = DESCR.matcher(header);
        Matcher order = ORDER.matcher(header);
        Matcher shape = SHAPE.matcher(header);
        if (!descr.find() || !order.find() || !shape.find()) {
            throw error("has a header that is not a plain array's: " + header.strip());
        }
        if (!descr.group(1).matches("[|<>=]?u1")) {
            throw error("has dtype '" + descr.group(1) + "' but '|u1' is needed; save it again as array.astype('uint8')");
        }
        if (order.group(1).equals("True")) {
            throw error("is in Fortran order; save it again as numpy.ascontiguousarray(array)");
        }
        String[] parts = shape.group(1).strip().split("\\s*,\\s*");
        String found = "has shape (" + shape.group(1).strip() + ")";
        try {
            int[] s = new int[parts.length];
            for (int i = 0; i < s.length; i++) {
                s[i] = Integer.parseInt(parts[i]);
            }
            if (s.length == 4 && s[3] == 3 && s[0] > 0 && s[1] > 0 && s[2] > 0
                    && (long) s[1] * s[2] <= ImageDecoder.MAX_PIXELS) {
                return s;
            }
        } catch (NumberFormatException e) {
            found += ", too large to hold"; // only digits get here
        }
        throw error(found + " but N x H x W x 3 is needed, with at least one image and at most "
                + ImageDecoder.MAX_PIXELS / 1_000_000 + " million pixels each");
    }

    private UserError error(String what) {
        return UserError.failed(set + ": " + file + " " + what);
    }
}
