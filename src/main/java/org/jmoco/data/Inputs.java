package org.jmoco.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** The user's files: opened with checks, and described in words when they are not what a reader expects. */
final class Inputs {
    /** Part of the Java heap that decoded pixels may take; the rest is for what is made of them. */
    private static final double HEAP_PART = 0.75;

    private Inputs() {
    }

    /** @throws UserError if {@code dir} is not a folder that can be listed */
    static void checkFolder(String set, Path dir) {
        if (!Files.exists(dir)) {
            throw UserError.failed(set + ": there is no folder " + dir.toAbsolutePath().normalize()
                    + "; give the folder that holds the files as " + set + "=DIR");
        }
        if (!Files.isDirectory(dir)) {
            throw UserError.failed(set + ": " + dir + " is a file; give the folder that holds the data set's files");
        }
        if (!Files.isReadable(dir) || !Files.isExecutable(dir)) {
            throw UserError.failed(set + ": no permission to read the folder " + dir);
        }
    }

    static byte[] readAll(String set, Path file) {
        RegularFile.require(file);
        try {
            if (Files.size(file) > Integer.MAX_VALUE - 16) {
                throw UserError.failed(set + ": " + file + " has " + Files.size(file) + " bytes; at most 2 GiB are read here");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw cannotRead(set, file, e);
        }
    }

    static UserError cannotRead(String set, Path file, IOException e) {
        return UserError.failed(set + ": cannot read " + file + ": " + reason(e), e);
    }

    /** Why, in words: the messages of some exceptions are bare file names. */
    static String reason(Throwable e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "no permission";
        }
        if (e instanceof FileSystemLoopException loop) {
            return "the link " + loop.getFile() + " leads back to a folder that it lies in; remove it";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "it is a file";
        }
        if (e instanceof EOFException) {
            return "it ends too early";
        }
        String m = e.getMessage();
        return m == null || m.isBlank() ? e.getClass().getSimpleName() : m.strip().replaceAll("\\s+", " ");
    }

    /** @throws UserError if that many bytes of pixels cannot be held */
    static void checkFits(String what, long bytes) {
        if (bytes > heapForPixels()) {
            throw tooLarge(what, bytes);
        }
    }

    /** Bytes of pixels that can be held at most. */
    static long heapForPixels() {
        return (long) (HEAP_PART * Runtime.getRuntime().maxMemory());
    }

    /** That many bytes of pixels cannot be held. */
    static UserError tooLarge(String what, long bytes) {
        return UserError.failed(what + ": the pixels need " + (bytes >> 20) + " MiB but the Java heap gives at most "
                + (heapForPixels() >> 20) + " MiB for them; set JMOCO_HEAP to more, as in JMOCO_HEAP="
                + (long) Math.ceil(bytes / HEAP_PART / (1L << 30)) + "g, or give fewer images");
    }

    /** The heap was used up while a picture was decoded, though the pixels by themselves might fit. */
    static UserError tooSmallToDecode(String what) {
        long heap = Runtime.getRuntime().maxMemory();
        return UserError.failed(what + ": the Java heap of " + (heap >> 20) + " MiB is too small to decode the images; set"
                + " JMOCO_HEAP to more, as in JMOCO_HEAP=" + 2 * (long) Math.ceil((double) heap / (1L << 30))
                + "g, or give smaller or fewer images");
    }

    /** What the first bytes of a file suggest, for messages: {@code a gzip file}, {@code a web page}. */
    static String looksLike(byte[] file) {
        if (file.length == 0) {
            return "an empty file";
        }
        String head = new String(file, 0, Math.min(file.length, 64), StandardCharsets.ISO_8859_1);
        String text = head.strip().toLowerCase();
        if (text.startsWith("version https://git-lfs")) {
            return "a Git LFS pointer (fetch the file itself with 'git lfs pull')";
        }
        if (text.startsWith("<!doctype") || text.startsWith("<html") || text.startsWith("<?xml")) {
            return "a web page (a failed download?)";
        }
        if (head.startsWith("\u0089PNG")) {
            return "a PNG image";
        }
        if (head.startsWith("\u00ff\u00d8\u00ff")) {
            return "a JPEG image";
        }
        if (head.startsWith("II*\0") || head.startsWith("MM\0*")) {
            return "a TIFF image";
        }
        if (head.startsWith("GIF8")) {
            return "a GIF image";
        }
        if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) {
            return "a WebP image";
        }
        if (head.startsWith("\u001f\u008b")) {
            return "a gzip file";
        }
        if (head.startsWith("PK\u0003\u0004")) {
            return "a zip or npz file";
        }
        if (head.startsWith("\u0093NUMPY")) {
            return "a NumPy file";
        }
        if (head.startsWith("\u0080\u0002") || head.startsWith("\u0080\u0004")) {
            return "a Python pickle";
        }
        StringBuilder hex = new StringBuilder("bytes");
        for (byte b : Arrays.copyOf(file, Math.min(file.length, 8))) {
            hex.append(String.format(" %02x", b));
        }
        return hex.toString();
    }
}
