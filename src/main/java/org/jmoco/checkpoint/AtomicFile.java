package org.jmoco.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jmoco.tensor.UserError;

/**
 * Files that are there whole or not at all: written under a temporary name in the same folder, synced, renamed over the
 * target, and the folder synced. A process killed at any moment leaves the old file, or the new one, and perhaps a
 * temporary one named {@code <target>.<pid>.tmp}.
 */
public final class AtomicFile {
    /** Only kinds of files that are written here, so that nobody else's temporary file is taken for one of ours. */
    private static final Pattern TEMPORARY = Pattern.compile(".+\\.(safetensors|json|png|yaml|txt)\\.\\d+\\.tmp");

    private AtomicFile() {}

    /** Writes the content. It may write at any position; what it leaves in the channel is the file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Puts {@code content} in the place of {@code target}, making the folder if there is none.
     *
     * @param bytes size of the content, for the message when the disk is full
     * @throws UserError if it cannot be written; the temporary file is gone then and an older target is untouched
     */
    public static void replace(Path target, long bytes, Content content) {
        Path absolute = target.toAbsolutePath();
        Path folder = absolute.getParent();
        Path temporary = temporaryName(absolute);
        try {
            Files.createDirectories(folder);
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncFolder(folder);
        } catch (IOException | UncheckedIOException e) {
            IOException io = e instanceof UncheckedIOException u ? u.getCause() : (IOException) e;
            removeAfterFailure(temporary, io);
            throw failure(target, bytes, io);
        } catch (RuntimeException | Error e) {
            removeAfterFailure(temporary, e);
            throw e;
        }
    }

    /** As {@link #replace(Path, long, Content)}, for content that is in memory. */
    public static void replace(Path target, byte[] content) {
        replace(target, content.length, channel -> {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        });
    }

    /** The process number keeps two processes that write the same target out of each other's temporary file. */
    static Path temporaryName(Path target) {
        return target.resolveSibling(target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    }

    /**
     * Removes the temporary files that killed processes left in a folder. Only for whoever holds the folder: those of a
     * process that is still writing look the same.
     */
    public static void removeLeftovers(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                if (TEMPORARY.matcher(file.getFileName().toString()).matches()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /**
     * Makes renames and deletions in a folder durable. Windows cannot open a folder as a file (and journals renames
     * itself), so nothing is done there.
     */
    static void syncFolder(Path folder) throws IOException {
        if (System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void removeAfterFailure(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static UserError failure(Path target, long bytes, IOException e) {
        long free = freeBytes(target);
        String why;
        if (e instanceof AccessDeniedException) {
            why = "no permission to write in " + target.toAbsolutePath().getParent()
                    + ". Change its permissions or choose another output folder";
        } else if (free >= 0 && free < bytes) {
            why = "the disk is full: " + bytes + " bytes needed, " + free
                    + " free. Make room or choose an output folder on another disk";
        } else {
            why = reason(e) + " (" + bytes + " bytes needed, " + (free < 0 ? "unknown" : Long.toString(free))
                    + " free). Check the disk or choose another output folder";
        }
        return UserError.failed(target + ": cannot be written: " + why + ". What was there before is untouched.", e);
    }

    /** The bare reason of the operating system, without the path that a message has already. */
    public static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException a -> "no permission";
            case NoSuchFileException n -> "no such file or folder";
            case FileAlreadyExistsException x -> "a file of this name is in the way";
            case CharacterCodingException c -> "it is no text in UTF-8";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            case FileSystemException f -> f.getClass().getSimpleName();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    /** Bytes free for this user at the nearest folder that exists, or -1 if the system does not say. */
    private static long freeBytes(Path target) {
        for (Path p = target.toAbsolutePath().getParent(); p != null; p = p.getParent()) {
            if (Files.exists(p)) {
                try {
                    return Files.getFileStore(p).getUsableSpace();
                } catch (IOException e) {
                    return -1;
                }
            }
        }
        return -1;
    }
}
