package org.jmoco.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.tensor.UserError;

/**
 * The folder of one run, held by this process until it is closed:
 *
 * <pre>
 * options.json      the resolved options, in the order of the command's help
 * environment.json  one entry for each start: version, commit, Java, machine, command
 * metrics.csv       one line per epoch; the same bytes whether or not the run was interrupted
 * timings.csv       seconds and images/s per epoch, kept apart because they differ from run to run
 * curves.png        the curves of metrics.csv
 * checkpoint-*.safetensors, the last two
 * predictions.json  of a supervised run: what was said of each image
 * result.json       final figures; there when the run is finished
 * run.lock          the number of the process that writes; empty when there is none
 * </pre>
 */
public final class RunFolder implements AutoCloseable {
    private static final String OPTIONS = "options.json";
    private static final String ENVIRONMENT = "environment.json";
    private static final String RESULT = "result.json";

    private final Path path;
    private final RunLock lock;
    private final boolean resumed;
    private final List<Path> made;

    /** @param made folders that were not there before, deepest first */
    private RunFolder(Path path, RunLock lock, boolean resumed, List<Path> made) {
        this.path = path;
        this.lock = lock;
        this.resumed = resumed;
        this.made = made;
    }

    /**
     * Makes or takes over a run folder.
     *
     * @param out     the folder, or null for {@code runs/<date>-<command>-<n>} in the working directory
     * @param command the command's name, as {@code pretrain}
     * @param resume  go on with the run in the folder; if there is none yet (killed before it had begun), start it
     * @throws UserError if the folder holds a run and {@code resume} is false, holds files that are no run's, is in use
     *     by another process, or cannot be written
     */
    public static RunFolder open(Path out, String command, boolean resume) {
        if (out == null) {
            if (resume) {
                throw UserError.usage("--resume needs --out DIR, the folder of the run to go on with.");
            }
            Path parent = Path.of("runs");
            List<Path> made = missing(parent);
            Path folder = newFolder(parent, command, LocalDate.now());
            made.addFirst(folder);
            return take(folder, false, made);
        }
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw UserError.usage("--out " + out + ": is a file; name a folder.");
        }
        List<Path> made = missing(out);
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            removeEmpty(made);
            throw UserError.failed(
                    "--out " + out + ": the folder cannot be made: " + AtomicFile.reason(e) + ". Choose another one.", e);
        }
        return take(out, resume, made);
    }

    private static RunFolder take(Path out, boolean resume, List<Path> made) {
        RunLock lock;
        try {
            lock = RunLock.acquire(out);
        } catch (RuntimeException e) {
            removeEmpty(made);
            throw e;
        }
        try {
            boolean holdsRun = Files.exists(out.resolve(OPTIONS));
            if (holdsRun && !resume) {
                throw UserError.usage("--out " + out + ": holds " + told(out));
            }
            AtomicFile.removeLeftovers(out);
            if (!holdsRun) {
                requireEmpty(out);
            }
            return new RunFolder(out, lock, holdsRun, made);
        } catch (IOException e) {
            release(out, lock, made);
            throw UserError.failed("--out " + out + ": cannot be listed: " + AtomicFile.reason(e) + ".", e);
        } catch (RuntimeException e) {
            release(out, lock, made);
            throw e;
        }
    }

    /** Of this folder and those that it lies in, the ones that are not there, deepest first. */
    private static List<Path> missing(Path folder) {
        List<Path> missing = new ArrayList<>();
        for (Path p = folder.toAbsolutePath(); p != null && !Files.exists(p); p = p.getParent()) {
            missing.add(p);
        }
        return missing;
    }

    /** A start that was refused leaves nothing that was not there before; a run that has begun stays. */
    private static void release(Path out, RunLock lock, List<Path> made) {
        if (Files.exists(out.resolve(OPTIONS))) {
            lock.close();
        } else {
            lock.remove();
            removeEmpty(made);
        }
    }

    /** @param folders deepest first */
    private static void removeEmpty(List<Path> folders) {
        try {
            for (Path p : folders) {
                Files.deleteIfExists(p);
            }
        } catch (IOException e) {
            // Another has put something there, so it stays.
        }
    }

    /** What a folder with a run holds, and what to do. */
    private static String told(Path folder) {
        if (!isFinished(folder) && CheckpointStore.forReading(folder).files().isEmpty()) {
            return "a run that ended before its first checkpoint. Delete the folder, add --resume to start with the same"
                    + " options again, or choose another folder.";
        }
        return (isFinished(folder) ? "a finished run" : "a run that was interrupted")
                + " already. Add --resume to go on with it, or choose another folder.";
    }

    /** The first {@code <date>-<command>-<n>} that is not there yet; making it is what reserves it. */
    static Path newFolder(Path parent, String command, LocalDate date) {
        try {
            Files.createDirectories(parent);
            for (int n = 1; ; n++) {
                try {
                    return Files.createDirectory(parent.resolve(date + "-" + command + "-" + n));
                } catch (FileAlreadyExistsException taken) {
                    // Another run has this number.
                }
            }
        } catch (IOException e) {
            throw UserError.failed(
                    parent.toAbsolutePath() + ": no run folder can be made here: " + AtomicFile.reason(e)
                            + ". Name one with --out DIR.",
                    e);
        }
    }

    private static void requireEmpty(Path out) throws IOException {
        try (Stream<Path> files = Files.list(out)) {
            Optional<Path> other = files.filter(f -> !f.endsWith(RunLock.NAME)).findFirst();
            if (other.isPresent()) {
                throw UserError.usage("--out " + out + ": holds files (" + other.get().getFileName()
                        + ") but no run. Choose a new or empty folder.");
            }
        }
    }

    public Path path() {
        return path;
    }

    public Path file(String name) {
        return path.resolve(name);
    }

    /** True if the folder held a run that this one goes on with. */
    public boolean resumed() {
        return resumed;
    }

    /** The checkpoints in this folder, for writing. */
    public CheckpointStore checkpoints() {
        return CheckpointStore.forWriting(path);
    }

    /** The options that a run was started with, by name; empty if the folder holds no run. */
    public static Optional<Map<String, Object>> storedOptions(Path folder) {
        Path file = folder.resolve(OPTIONS);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Map<String, Object> out = new LinkedHashMap<>();
        requireObject(file, Json.read(file)).properties()
                .forEach(e -> out.put(e.getKey(), Json.convert(e.getValue(), Object.class)));
        if (out.isEmpty()) {
            throw UserError.failed(file + ": names no options. Restore the file or start a new run.");
        }
        return Optional.of(out);
    }

    /** The command that made the run in a folder, as {@code pretrain}; empty if no file there says so. */
    public static Optional<String> storedCommand(Path folder) {
        return starts(folder.resolve(ENVIRONMENT)).map(s -> s.path(0).path("command").path(1).asText()).filter(c -> !c.isEmpty());
    }

    /**
     * Records the resolved options of a new run; of a resumed one, compares them with those it was started with. To be
     * called before anything else is written, since this file is what makes the folder one of a run.
     *
     * @param options   values by option name: strings, numbers, booleans, lists and maps of them
     * @param mayChange names that may differ on resuming, such as {@code threads}; the new values are recorded
     * @throws UserError if another option differs: its name, both values
     */
    public void recordOptions(Map<String, Object> options, Set<String> mayChange) {
        Path file = file(OPTIONS);
        if (resumed) {
            JsonNode now = Json.asRead(options);
            JsonNode then = requireObject(file, Json.read(file));
            List<String> differences = new ArrayList<>();
            Set<String> names = new TreeSet<>(options.keySet());
            then.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                if (!mayChange.contains(name) && !same(now.path(name), then.path(name))) {
                    differences.add((name.startsWith("--") ? name : "--" + name) + " was " + show(then.path(name)) + ", now "
                            + show(now.path(name)));
                }
            }
            if (!differences.isEmpty()) {
                throw UserError.usage("--resume: " + path + " was started with other options: "
                        + String.join("; ", differences) + ".\nLeave them as they were, or start a new run in another folder.");
            }
            if (now.equals(then)) {
                return;
            }
        }
        Json.write(file, options);
    }

    /** Earlier versions wrote numbers as 1.0E-4 and names in capitals. */
    private static boolean same(JsonNode a, JsonNode b) {
        if (!a.isTextual() || !b.isTextual()) {
            return a.equals(b);
        }
        try {
            return a.textValue().equalsIgnoreCase(b.textValue())
                    || Double.parseDouble(a.textValue()) == Double.parseDouble(b.textValue());
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static String show(JsonNode value) {
        return value.isMissingNode() ? "not there" : value.isTextual() ? value.textValue() : value.toString();
    }

    private static JsonNode requireObject(Path file, JsonNode node) {
        if (!node.isObject()) {
            throw UserError.failed(file + ": is not an object of options. Restore the file or start a new run.");
        }
        return node;
    }

    /**
     * Adds an entry to {@code environment.json}, one for each start of the run. The file only informs: a damaged one is set aside
     * and a new one begun.
     *
     * @param say takes a line for the user if it is damaged
     */
    public void recordEnvironment(RunEnvironment environment, Consumer<String> say) {
        Path file = file(ENVIRONMENT);
        List<Object> starts = new ArrayList<>();
        if (resumed && Files.exists(file)) {
            starts(file).ifPresentOrElse(s -> s.forEach(starts::add), () -> setAside(file, say));
        }
        starts.add(environment.toMap());
        Json.write(file, starts);
    }

    /** The entries of an {@code environment.json}; empty if it is not there or damaged. */
    private static Optional<JsonNode> starts(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode starts = Json.read(file);
            boolean whole = starts.isArray() && !starts.isEmpty();
            for (JsonNode start : starts) {
                whole &= start.isObject();
            }
            return whole ? Optional.of(starts) : Optional.empty();
        } catch (UserError damaged) {
            return Optional.empty();
        }
    }

    private static void setAside(Path file, Consumer<String> say) {
        Path kept = file.resolveSibling(file.getFileName() + ".damaged");
        try {
            Files.move(file, kept, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw UserError.failed(file + ": is damaged and cannot be renamed: " + AtomicFile.reason(e)
                    + ". Move it away by hand.", e);
        }
        say.accept("note: " + file + ": is damaged; it tells on what the run was made, and no figure depends on it. It is kept"
                + " as " + kept.getFileName() + "; a new one begins with this start.");
    }

    public boolean isFinished() {
        return isFinished(path);
    }

    private static boolean isFinished(Path folder) {
        return Files.exists(folder.resolve(RESULT));
    }

    /** Writes another JSON file of the run, whole or not at all. @param value maps, lists, arrays, strings, numbers */
    public void write(String name, Object value) {
        Json.write(file(name), value);
    }

    /** Writes the final figures, which marks the run as finished. */
    public void finish(Map<String, Object> result) {
        Json.write(file(RESULT), result);
    }

    /** Takes the mark away from a finished run that goes on with more epochs. */
    public void unfinish() {
        try {
            Files.deleteIfExists(file(RESULT));
        } catch (IOException e) {
            throw UserError.failed(file(RESULT) + ": cannot be removed: " + AtomicFile.reason(e) + ".", e);
        }
    }

    /** Gives the folder free for other processes; where no run was recorded in it, it is as it was before. */
    @Override
    public void close() {
        release(path, lock, made);
    }
}
