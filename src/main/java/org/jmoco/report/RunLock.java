package org.jmoco.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.UserError;

/**
 * One process writes into a run folder. The lock is the operating system's, on the file {@code run.lock}, so it ends with
 * its process however that ends; the process number in the file is for the message alone. The file stays when the lock
 * is given up: deleting it would let two processes lock two files of this name.
 */
final class RunLock implements AutoCloseable {
    static final String NAME = "run.lock";

    /**
     * Files locked by this process. A POSIX lock ends as soon as its process closes any descriptor of the file, so a
     * second attempt in this process must fail before it opens the file.
     */
    private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

    private final Path key;
    private final FileChannel channel;

    private RunLock(Path key, FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /** @throws UserError if another process, or another run in this one, holds it */
    static RunLock acquire(Path folder) {
        try {
            Path key = folder.toRealPath().resolve(NAME);
            if (!OURS.add(key)) {
                throw taken(folder, Long.toString(ProcessHandle.current().pid()));
            }
            try {
                return new RunLock(key, lock(folder, key));
            } catch (IOException | RuntimeException e) {
                OURS.remove(key);
                throw e;
            }
        } catch (IOException e) {
            throw UserError.failed(
                    folder.resolve(NAME) + ": cannot be locked: " + AtomicFile.reason(e)
                            + ". Choose an --out on a local disk where you may write.",
                    e);
        }
    }

    private static FileChannel lock(Path folder, Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw taken(folder, Files.readString(file).strip());
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static UserError taken(Path folder, String process) {
        return UserError.failed(folder + ": process " + process
                + " is writing to this run. Wait for it, end it, or choose another --out.");
    }

    @Override
    public void close() {
        try (channel) {
            channel.truncate(0);
        } catch (IOException e) {
            // The number that stays behind is of no account, and the lock ends with the process at the latest.
        } finally {
            OURS.remove(key);
        }
    }
}
