package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The machine as the search for libraries sees it. Tests put a folder in place of the root and answers in place of commands.
 *
 * @param root where absolute paths of the machine start: {@code /}
 * @param variables the environment
 * @param commands the lines that a command prints; none if it is missing, fails or takes too long
 */
record Host(Path root, Map<String, String> variables, Function<List<String>, List<String>> commands) {
    /**
     * {@code ldconfig -p} and {@code python3 -c} answer within milliseconds; a hanging network home folder must not stop a start.
     */
    private static final long COMMAND_SECONDS = 5;

    static Host here() {
        return new Host(Path.of("/"), System.getenv(), Host::run);
    }

    /** An environment variable, or null where it is not set or empty. */
    String variable(String name) {
        String value = variables.get(name);
        return value == null || value.isBlank() ? null : value.strip();
    }

    /** A folder of the machine by its absolute path. */
    Path path(String absolute) {
        Path p = Path.of(absolute);
        return p.isAbsolute() ? root.resolve(Path.of("/").relativize(p)) : p.toAbsolutePath();
    }

    /** The user's folder, or null. */
    Path home() {
        String home = variable("HOME");
        return home == null ? null : path(home);
    }

    /**
     * Folders that match a pattern in which each part may hold {@code *}; the highest version first (names in descending order,
     * numbers compared as numbers).
     */
    List<Path> folders(String absolutePattern) {
        return folders(path("/"), Path.of(absolutePattern));
    }

    static List<Path> folders(Path start, Path pattern) {
        List<Path> found = List.of(start);
        for (Path part : pattern) {
            List<Path> next = new ArrayList<>();
            for (Path folder : found) {
                next.addAll(matching(folder, part.toString()));
            }
            found = next;
        }
        return found;
    }

    private static List<Path> matching(Path folder, String part) {
        if (!part.contains("*")) {
            Path p = folder.resolve(part);
            return Files.isDirectory(p) ? List.of(p) : List.of();
        }
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, part)) {
                entries.forEach(e -> {
                    if (Files.isDirectory(e)) {
                        found.add(e);
                    }
                });
            } catch (IOException | UncheckedIOException e) {
                return List.of(); // a folder that may not be read holds nothing that could be loaded
            }
        }
        found.sort(Collections.reverseOrder((a, b) -> compareVersions(a.getFileName().toString(), b.getFileName().toString())));
        return found;
    }

    /** {@code cuda-9.2} before {@code cuda-12.6}. */
    static int compareVersions(String a, String b) {
        String[] x = a.split("(?<=\\d)(?=\\D)|(?<=\\D)(?=\\d)");
        String[] y = b.split("(?<=\\d)(?=\\D)|(?<=\\D)(?=\\d)");
        for (int i = 0; i < Math.min(x.length, y.length); i++) {
            boolean numbers = x[i].matches("\\d{1,9}") && y[i].matches("\\d{1,9}");
            int c = numbers ? Integer.compare(Integer.parseInt(x[i]), Integer.parseInt(y[i])) : x[i].compareTo(y[i]);
            if (c != 0) {
                return c;
            }
        }
        return Integer.compare(x.length, y.length);
    }

    List<String> lines(String... command) {
        return commands.apply(List.of(command));
    }

    private static List<String> run(List<String> command) {
        try {
            // a file and not a pipe: a child that hangs cannot block the reader
            Path output = Files.createTempFile("jmoco", ".out");
            try {
                Process p = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD)
                        .redirectOutput(output.toFile()).start();
                p.getOutputStream().close();
                if (!p.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
                    p.destroyForcibly();
                    return List.of();
                }
                return p.exitValue() == 0 ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8).lines().toList()
                        : List.of();
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            return List.of(); // not installed: nothing to be learnt from it
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }
}
