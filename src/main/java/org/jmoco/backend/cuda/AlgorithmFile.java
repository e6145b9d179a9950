package org.jmoco.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jmoco.backend.cuda.Dnn.Algorithm;

/**
 * The chosen convolution algorithms of one device and one version of cuDNN: a text file with a line for each problem,
 * {@code problem = number workspaceBytes name # what was measured}, the last part for readers alone. Nothing here can fail a
 * run: what cannot be read is measured again, what cannot be written is measured again next time, and a line is logged.
 */
final class AlgorithmFile {
    private static final String HEAD = "# jmoco convolution algorithms, format 1";

    /** Stands before what was measured, which a line may lack. */
    private static final String NOTE = " # ";

    private final Path path; // null: nothing is kept
    private final Consumer<String> log;
    private final Map<String, String> lines; // by problem
    private final Map<String, String> added = new LinkedHashMap<>();
    private final Map<String, String> outdated = new LinkedHashMap<>(); // lines that name what cuDNN offers no more

    private AlgorithmFile(Path path, Consumer<String> log) {
        this.path = path;
        this.log = log;
        this.lines = read();
    }

    /** @param folder null if nothing is to be kept */
    static AlgorithmFile open(GpuInfo device, Path folder, Consumer<String> log) {
        String name = (device.name() + " cudnn " + device.cudnn()).replaceAll("[^A-Za-z0-9.]+", "-") + ".txt";
        return new AlgorithmFile(folder == null ? null : folder.resolve("cuda").resolve(name), log);
    }

    /** The kept choice, or null if there is none or it is not among the candidates any more. */
    Algorithm get(String problem, List<Algorithm> candidates) {
        String line = lines.get(problem);
        if (line == null) {
            return null;
        }
        String choice = line.split(NOTE, 2)[0];
        Algorithm kept = candidates.stream().filter(a -> text(a).equals(choice)).findFirst().orElse(null);
        if (kept == null) {
            outdated.put(problem, line);
        }
        return kept;
    }

    /** @param measured what the choice rests on, for readers of the file; one line */
    void put(String problem, Algorithm a, String measured) {
        String line = text(a) + NOTE + measured.replaceAll("\\s+", " ");
        lines.put(problem, line);
        added.put(problem, line);
    }

    /** True if what is measured will be written down. */
    boolean keeps() {
        return path != null;
    }

    private static String text(Algorithm a) {
        return a.id() + " " + a.workspaceBytes() + " " + a.name();
    }

    private Map<String, String> read() {
        Map<String, String> found = new LinkedHashMap<>();
        if (path == null) {
            return found;
        }
        try {
            List<String> text = Files.readAllLines(path);
            if (text.isEmpty() || !text.getFirst().equals(HEAD)) {
                log.accept(path + ": not a list of convolution algorithms that this version wrote; they are measured again");
                return found;
            }
            for (String line : text.subList(1, text.size())) {
                int equals = line.indexOf(" = ");
                if (equals > 0) {
                    found.put(line.substring(0, equals), line.substring(equals + 3));
                }
            }
        } catch (NoSuchFileException e) {
            return found; // the first start
        } catch (IOException e) {
            log.accept(path + ": cannot be read (" + e.getMessage() + "); convolution algorithms are measured again");
        }
        return found;
    }

    /** Adds what was measured to the file, which another process may have written meanwhile: its lines stay. */
    void save() {
        if (path == null || added.isEmpty()) {
            return;
        }
        Map<String, String> all = read();
        outdated.forEach(all::remove);
        added.forEach(all::putIfAbsent);
        StringBuilder text = new StringBuilder(HEAD).append('\n');
        all.forEach((problem, line) -> text.append(problem).append(" = ").append(line).append('\n'));
        try {
            Files.createDirectories(path.getParent());
            Path written = Files.createTempFile(path.getParent(), "algorithms", ".tmp");
            try {
                Files.writeString(written, text);
                Files.move(written, path, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(written);
            }
            added.clear();
        } catch (IOException e) {
            log.accept(path + ": cannot be written (" + e.getMessage()
                    + "); convolution algorithms are measured again at the next start, and may then differ in the last bits");
        }
    }
}
