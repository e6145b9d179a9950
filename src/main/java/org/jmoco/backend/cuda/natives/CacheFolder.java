package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

/**
 * Libraries that jmoco unpacked, safe to delete: {@code $JMOCO_CACHE/cuda} if that is set, else
 * {@code $XDG_CACHE_HOME/jmoco/cuda}, by default {@code ~/.cache/jmoco/cuda}.
 */
final class CacheFolder {
    private CacheFolder() {
    }

    static Path of(Host host) {
        String own = host.variable("JMOCO_CACHE");
        if (own != null) {
            return host.path(own).resolve("cuda");
        }
        String cache = host.variable("XDG_CACHE_HOME");
        Path base = cache != null ? host.path(cache) : host.home() != null ? host.home().resolve(".cache")
                : host.path(System.getProperty("java.io.tmpdir"));
        return base.resolve("jmoco").resolve("cuda");
    }

    /**
     * Writes a file unless it is there with these bytes: under another name first, so that no other process ever loads half of
     * it. The folder is made for its owner alone, since what lies in it is loaded as code.
     */
    static Path write(Path file, byte[] bytes) throws IOException {
        if (Files.isRegularFile(file) && Files.size(file) == bytes.length && Arrays.equals(Files.readAllBytes(file), bytes)) {
            return file;
        }
        createPrivate(file.getParent());
        Path part = Files.createTempFile(file.getParent(), "." + file.getFileName(), ".part");
        try {
            Files.write(part, bytes);
            Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rwxr-xr-x"));
            move(part, file);
        } finally {
            Files.deleteIfExists(part);
        }
        return file;
    }

    static void createPrivate(Path folder) throws IOException {
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
