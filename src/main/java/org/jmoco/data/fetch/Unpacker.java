package org.jmoco.data.fetch;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jmoco.tensor.UserError;

/**
 * Unpacks .zip, .tar.gz and .tgz into a folder. Nothing leaves the folder: an absolute path, one with {@code ..} or a link is an
 * error, and so is an archive that unpacks to more than the limit. A file that exists with the right size is left as it is, so
 * that an interrupted unpacking goes on.
 */
final class Unpacker {
    private final Path folder;
    private final long mostBytes;
    private final UnaryOperator<String> place;
    private long bytes;
    private int files;

    /**
     * @param mostBytes limit for all files together
     * @param place where an entry goes, relative to the folder, by its path in the archive; null to leave it out
     */
    Unpacker(Path folder, long mostBytes, UnaryOperator<String> place) {
        this.folder = folder.toAbsolutePath().normalize();
        this.mostBytes = mostBytes;
        this.place = place;
    }

    /** @return number of files that lie in the folder now and came from the archive */
    int unpack(Path archive) {
        String name = archive.getFileName().toString();
        try {
            if (name.endsWith(".zip")) {
                unpackZip(archive);
            } else if (name.endsWith(".tar.gz") || name.endsWith(".tgz")) {
                unpackTar(archive);
            } else {
                throw UserError.failed(archive + ": is neither .zip nor .tar.gz");
            }
        } catch (IOException e) {
            throw UserError.failed(archive + ": cannot be unpacked into " + folder + " (" + e.getMessage()
                    + "). If the archive is damaged, delete it and fetch again.");
        }
        if (files == 0) {
            throw UserError.failed(archive + ": holds none of the files that are wanted");
        }
        return files;
    }

    private void unpackZip(Path archive) throws IOException {
        try (ZipFile zip = ZipFile.builder().setPath(archive).get()) {
            for (Enumeration<ZipArchiveEntry> e = zip.getEntries(); e.hasMoreElements();) {
                ZipArchiveEntry entry = e.nextElement();
                if (!entry.isDirectory() && place.apply(entry.getName()) != null) {
                    refuseLink(archive, entry.getName(), entry.isUnixSymlink());
                    try (InputStream in = zip.getInputStream(entry)) {
                        write(archive, place.apply(entry.getName()), entry.getSize(), in);
                    }
                }
            }
        }
    }

    private void unpackTar(Path archive) throws IOException {
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new GZIPInputStream(new BufferedInputStream(Files.newInputStream(archive))))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (!entry.isDirectory() && place.apply(entry.getName()) != null) {
                    refuseLink(archive, entry.getName(), entry.isSymbolicLink() || entry.isLink() || !entry.isFile());
                    write(archive, place.apply(entry.getName()), entry.getSize(), tar);
                }
            }
        }
    }

    private static void refuseLink(Path archive, String entry, boolean link) {
        if (link) {
            throw UserError.failed(archive + ": entry " + entry + " is a link or a device; nothing more is unpacked");
        }
    }

    private void write(Path archive, String entry, long size, InputStream in) throws IOException {
        Path target;
        try {
            target = folder.resolve(entry).normalize();
        } catch (InvalidPathException e) {
            throw UserError.failed(archive + ": entry " + entry + " has no usable name; nothing more is unpacked");
        }
        if (entry.startsWith("/") || !target.startsWith(folder) || target.equals(folder)) {
            throw UserError.failed(archive + ": entry " + entry + " would be written outside of " + folder
                    + "; nothing more is unpacked");
        }
        files++;
        if (Files.isRegularFile(target) && Files.size(target) == size) {
            bytes += size;
            return;
        }
        Files.createDirectories(target.getParent());
        try (OutputStream out = Files.newOutputStream(target)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                bytes += n; // counted as it comes: a header may lie
                if (bytes > mostBytes) {
                    out.close();
                    Files.delete(target);
                    throw UserError.failed(archive + ": unpacks to more than " + mostBytes / 1_000_000
                            + " MB; nothing more is unpacked");
                }
                out.write(buffer, 0, n);
            }
        }
    }
}
