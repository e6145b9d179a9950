package org.jmoco.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** A place with image files under names like {@code a/b.png}: a folder or a zip. Reading is thread-safe. */
sealed interface ImageStore extends AutoCloseable {
    Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "bmp", "tif", "tiff");

    /** The most bytes of one encoded image: the largest picture that is decoded, uncompressed, and some head. */
    int MAX_FILE_BYTES = 3 * ImageDecoder.MAX_PIXELS + (1 << 20);

    /** Names of all image files, sorted; hidden files and other endings are left out. */
    List<String> names();

    /** Bytes of one file. @throws IOException with a reason in words */
    byte[] read(String name) throws IOException;

    @Override
    void close();

    static ImageStore open(String set, Path path) {
        if (!Files.exists(path)) {
            throw UserError.failed(set + ": there is no folder or zip " + path.toAbsolutePath().normalize()
                    + "; give a folder of images or a .zip of images as " + set + "=DIR");
        }
        if (Files.isRegularFile(path)) {
            return new Zip(set, path, MAX_FILE_BYTES);
        }
        Inputs.checkFolder(set, path);
        return new Folder(set, path);
    }

    private static boolean isImage(String name) {
        if (name.startsWith(".") || name.contains("/.") || name.startsWith("__MACOSX/")) {
            return false;
        }
        int dot = name.lastIndexOf('.');
        return dot > name.lastIndexOf('/') && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    private static IOException tooLarge(long bytes, int limit) {
        return new IOException("has " + bytes + " bytes or more; at most " + limit + " are read");
    }

    /** A folder with all folders below it; links are followed. */
    record Folder(String set, Path root) implements ImageStore {
        @Override
        public List<String> names() {
            try (Stream<Path> all = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
                return all.filter(p -> !Files.isDirectory(p))
                        .map(p -> root.relativize(p).toString().replace('\\', '/'))
                        .filter(ImageStore::isImage)
                        .sorted()
                        .toList();
            } catch (UncheckedIOException e) {
                throw UserError.failed(set + ": cannot list " + root + ": " + listing(e.getCause()), e);
            } catch (IOException e) {
                throw Inputs.cannotRead(set, root, e);
            }
        }

        /** A folder that may not be read is known by its name alone. */
        private static String listing(IOException e) {
            return e instanceof AccessDeniedException denied ? "no permission to read " + denied.getFile() : Inputs.reason(e);
        }

        @Override
        public byte[] read(String name) throws IOException {
            Path file;
            try {
                file = root.resolve(name);
            } catch (InvalidPathException e) { // in the C locale Java cannot express names beyond ASCII
                throw new IOException("its name cannot be written in the character set of this locale ("
                        + System.getProperty("sun.jnu.encoding") + "); set LC_ALL=C.UTF-8", e);
            }
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isOther()) { // reading a pipe would wait for ever
                throw new IOException(RegularFile.NOT);
            }
            long size = attributes.size();
            if (size > MAX_FILE_BYTES) {
                throw tooLarge(size, MAX_FILE_BYTES);
            }
            return Files.readAllBytes(file);
        }

        @Override
        public void close() {
        }
    }

    /** A zip; names may be UTF-8 or, in older ones, Latin-1. */
    final class Zip implements ImageStore {
        private final ZipFile zip;
        private final List<String> names;
        private final int limit;

        /** @param limit most bytes of one unpacked entry, {@link ImageStore#MAX_FILE_BYTES} except in tests */
        Zip(String set, Path file, int limit) {
            this.limit = limit;
            try {
                zip = openZip(file);
            } catch (IOException e) {
                throw UserError.failed(set + ": " + file + " cannot be read as a zip (" + Inputs.reason(e)
                        + "); give a folder of images or an undamaged .zip", e);
            }
            List<String> found = new ArrayList<>();
            for (Enumeration<? extends ZipEntry> e = zip.entries(); e.hasMoreElements();) {
                ZipEntry entry = e.nextElement();
                if (!entry.isDirectory() && isImage(entry.getName())) {
                    found.add(entry.getName());
                }
            }
            names = found.stream().sorted().distinct().toList();
        }

        private static ZipFile openZip(Path file) throws IOException {
            try {
                return new ZipFile(file.toFile(), StandardCharsets.UTF_8);
            } catch (ZipException e) {
                if (e.getMessage() != null && e.getMessage().contains("bad entry name")) {
                    return new ZipFile(file.toFile(), StandardCharsets.ISO_8859_1);
                }
                throw e;
            }
        }

        @Override
        public List<String> names() {
            return names;
        }

        /** Reads at most the limit, whatever size the entry claims: a few kilobytes of zip can unpack to gigabytes. */
        @Override
        public byte[] read(String name) throws IOException {
            ZipEntry entry = zip.getEntry(name);
            if (entry.getSize() > limit) {
                throw tooLarge(entry.getSize(), limit);
            }
            try (InputStream in = zip.getInputStream(entry)) {
                byte[] bytes = in.readNBytes(limit + 1);
                if (bytes.length > limit) {
                    throw tooLarge(bytes.length, limit);
                }
                return bytes;
            }
        }

        @Override
        public void close() {
            try {
                zip.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
