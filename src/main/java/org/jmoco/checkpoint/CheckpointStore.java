package org.jmoco.checkpoint;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The last two checkpoints of a run, {@code checkpoint-00000012.safetensors}, in its folder.
 *
 * <p>The number is the position in training (an epoch or a step, the caller's choice), and the highest one is the
 * latest: there is no pointer file that could be torn or contradict the files. A file is complete before it gets its
 * name ({@link AtomicFile}), and an older one goes only when the newer is durable. A process killed at any moment
 * therefore leaves one or more whole checkpoints and at most a temporary file, which the next writer removes.
 *
 * <p>A folder has one writer at a time; whoever opens a store for writing sees to that (a run folder has a lock).
 */
public final class CheckpointStore {
    /** One to go on from, and the one before it in case the disk damages the first. */
    static final int KEPT = 2;

    private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{8,18})\\.safetensors");

    /** What to do when the latest checkpoint is damaged. */
    public enum OnDamage {
        /** An error that names the damaged file and the one before it. */
        REFUSE,
        /** Set the damaged file aside as {@code <name>.damaged}, say so, and take the one before it. */
        USE_PREVIOUS
    }

    private final Path folder;

    private CheckpointStore(Path folder) {
        this.folder = folder;
    }

    /**
     * For the one process that saves: makes the folder if there is none and removes what a killed process left behind.
     *
     * @throws UserError if the folder cannot be made or written
     */
    public static CheckpointStore forWriting(Path folder) {
        CheckpointStore store = new CheckpointStore(folder);
        try {
            Files.createDirectories(folder);
            AtomicFile.removeLeftovers(folder);
            // A process killed between rename and sync: what is visible now must be durable before anything older goes.
            AtomicFile.syncFolder(folder);
            store.removeOld();
        } catch (IOException e) {
            throw UserError.failed(
                    folder + ": cannot be used for checkpoints: " + AtomicFile.reason(e)
                            + ". Check its permissions or choose another output folder.",
                    e);
        }
        return store;
    }

    /** For everyone else: changes nothing in the folder, which may belong to a run in progress. */
    public static CheckpointStore forReading(Path folder) {
        return new CheckpointStore(folder);
    }

    /** The file of a position, whether it exists or not. */
    public Path file(long position) {
        return folder.resolve("checkpoint-%08d.safetensors".formatted(position));
    }

    /**
     * Saves, and when the new file is durable removes all but the last two. The same arguments give the same bytes.
     *
     * @param position epoch or step, at least that of the latest checkpoint (which is replaced if equal)
     * @param metadata any strings; the key {@code sha256} is taken
     * @return the new file
     * @throws UserError if it cannot be written; earlier checkpoints are untouched then
     */
    public Path save(long position, LinkedHashMap<String, HostTensor> tensors, Map<String, String> metadata) {
        List<Path> before = files();
        if (position < 0 || !before.isEmpty() && position < position(before.getLast())) {
            throw new IllegalArgumentException(
                    "checkpoint: position " + position + " lies before " + (before.isEmpty() ? "0" : before.getLast()));
        }
        Path file = file(position);
        Seal.write(file, tensors, metadata);
        try {
            removeOld();
        } catch (IOException e) {
            throw UserError.failed(
                    file + " is saved, but an older checkpoint cannot be removed: " + AtomicFile.reason(e)
                            + ". Check the permissions of " + folder + ".",
                    e);
        }
        return file;
    }

    /** The checkpoints there are, oldest first; empty for a folder that does not exist. */
    public List<Path> files() {
        List<Path> out = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path file : all) {
                if (NAME.matcher(file.getFileName().toString()).matches()) {
                    out.add(file);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw UserError.failed(folder + ": cannot be listed: " + AtomicFile.reason(e) + ". Check its permissions.", e);
        }
        out.sort(Comparator.comparingLong(CheckpointStore::position));
        return out;
    }

    /** The position in a checkpoint's name. */
    public static long position(Path file) {
        Matcher m = NAME.matcher(file.getFileName().toString());
        if (!m.matches()) {
            throw new IllegalArgumentException("checkpoint: " + file + " is no checkpoint's name");
        }
        return Long.parseLong(m.group(1));
    }

    /**
     * The latest checkpoint, checked from the first to the last byte; empty if there is none.
     *
     * @param say takes one line when the previous checkpoint had to be used
     * @throws UserError if the latest is damaged and {@code onDamage} is REFUSE, or if no checkpoint is whole
     */
    public Optional<Checkpoint> loadLatest(OnDamage onDamage, Consumer<String> say) {
        List<Path> files = files();
        if (files.isEmpty()) {
            return Optional.empty();
        }
        Path latest = files.getLast();
        try {
            return Optional.of(load(latest));
        } catch (UserError damage) {
            Optional<Checkpoint> previous = lastWhole(files.subList(0, files.size() - 1));
            if (previous.isEmpty()) {
                throw UserError.failed(
                        damage.getMessage() + "\nNo earlier checkpoint in " + folder
                                + " is whole: move the folder of the run away and start the run anew.",
                        damage);
            }
            Path whole = previous.get().file();
            if (onDamage == OnDamage.REFUSE) {
                throw UserError.failed(
                        damage.getMessage() + "\nThe one before it, " + whole.getFileName()
                                + ", is whole: move the damaged file away to go on from there.",
                        damage);
            }
            setAside(files.subList(files.indexOf(whole) + 1, files.size()));
            say.accept(sentence(damage.getMessage()) + " It is kept as " + latest.getFileName()
                    + ".damaged; going on from the one before it, " + whole.getFileName() + ".");
            return previous;
        }
    }

    private static String sentence(String message) {
        return message.endsWith(".") ? message : message + ".";
    }

    /**
     * One checkpoint, or any safetensors file. The checksum is verified where the file carries one.
     *
     * @throws UserError if it is missing, unreadable or damaged
     */
    public static Checkpoint load(Path file) {
        try (SafetensorsFile in = Safetensors.open(file)) {
            Map<String, String> metadata = new TreeMap<>(in.metadata());
            if (Seal.isSealed(in)) {
                Seal.verify(file, in);
                metadata.remove(Seal.KEY);
            } else if (NAME.matcher(file.getFileName().toString()).matches()) {
                throw SafetensorsFile.damaged(file, "it carries no checksum, so jmoco did not write it as it is");
            }
            return new Checkpoint(file, in.readAll(), metadata);
        }
    }

    private static Optional<Checkpoint> lastWhole(List<Path> files) {
        for (Path file : files.reversed()) {
            try {
                return Optional.of(load(file));
            } catch (UserError alsoDamaged) {
                // The caller names the latest file; the search is for any whole one.
            }
        }
        return Optional.empty();
    }

    private static void setAside(List<Path> damaged) {
        for (Path file : damaged) {
            try {
                Files.move(
                        file,
                        file.resolveSibling(file.getFileName() + ".damaged"),
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw UserError.failed(
                        file + ": is damaged and cannot be renamed: " + AtomicFile.reason(e) + ". Move it away by hand.", e);
            }
        }
    }

    private void removeOld() throws IOException {
        List<Path> files = files();
        for (Path old : files.subList(0, Math.max(0, files.size() - KEPT))) {
            Files.deleteIfExists(old);
        }
    }
}
