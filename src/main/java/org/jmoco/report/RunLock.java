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
 * of a run is given up: deleting it would let two processes lock two files of this name. Only where no run has begun is it
 * {@link #remove removed}; who got hold of it meanwhile finds it gone and makes another one.
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
    private final boolean made;

    /** @param made false if the file was there before */
    private RunLock(Path key, FileChannel channel, boolean made) {
        this.key = key;
        this.channel = channel;
        this.made = made;
    }

    /** @throws UserError if another process, or another run in this one, holds it */
    static RunLock acquire(Path folder) {
        try {
            Path key = folder.toRealPath().resolve(NAME);
            if (!OURS.add(key)) {
                throw taken(folder, Long.toString(ProcessHandle.current().pid()));
            }
            try {
                return lock(folder, key);
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

    private static RunLock lock(Path folder, Path file) throws IOException {
        while (true) {
            boolean made = !Files.exists(file);
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() == null) {
                    throw taken(folder, Files.readString(file).strip());
                }
                if (!Files.exists(file)) { // its owner has removed it between the two lines above
                    channel.close();
                    continue;
                }
                channel.truncate(0);
                channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
                return new RunLock(file, channel, made);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    /** Gives the lock up where no run has begun: a file that was made for it goes as well. */
    void remove() {
        try {
            if (made) {
                Files.deleteIfExists(key); // while it is locked
            }
        } catch (IOException e) {
            // An empty file stays.
        } finally {
            close();
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
