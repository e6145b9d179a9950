package org.jmoco;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/tour.md: its files exist, the calls of a hop stand in its files, in order, and there are at most seven hops. */
class TourTest {
    private static final Path TOUR = Path.of("docs/tour.md");
    private static final Path MAIN = Path.of("src/main/java/org/jmoco");
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
    private static final Pattern FILE = Pattern.compile("[a-z][a-z/]*/[\\w.]+");
    private static final Pattern NAME = Pattern.compile("[A-Z]\\w+");

    @Test
    void theCallsOfEachHopStandInItsFiles() throws IOException {
        List<String[]> hops = Files.readAllLines(TOUR).stream().filter(l -> l.matches("\\| \\d .*")).map(l -> l.split("\\|"))
                .toList();
        assertTrue(!hops.isEmpty() && hops.size() <= 7, hops.size() + " hops");
        for (int i = 0; i < hops.size(); i++) {
            assertEquals(i + 1, Integer.parseInt(hops.get(i)[1].strip()));
            List<String> files = quoted(hops.get(i)[2]);
            List<String> calls = quoted(hops.get(i)[4]);
            assertTrue(calls.size() >= files.size(), hops.get(i)[2] + ": a file has no call that leads on");
            for (int k = 0; k < calls.size(); k++) {
                String file = files.get(Math.min(k, files.size() - 1));
                String pattern = Arrays.stream(calls.get(k).split("\\.\\.\\.", -1)).map(Pattern::quote)
                        .collect(Collectors.joining(".*"));
                assertTrue(Pattern.compile(pattern).matcher(read(MAIN.resolve(file + ".java"))).find(),
                        calls.get(k) + " does not stand in " + file);
            }
        }
    }

    @Test
    void everyFileAndClassExists() throws IOException {
        List<String> sources = new ArrayList<>();
        for (Path root : List.of(Path.of("src"), Path.of("kernels"))) {
            try (Stream<Path> all = Files.walk(root)) {
                all.forEach(p -> sources.add("/" + p));
            }
        }
        List<String> missing = new ArrayList<>();
        for (String q : quoted(Files.readString(TOUR))) {
            String name = FILE.matcher(q).matches() ? "/" + q : NAME.matcher(q).matches() ? "/" + q + ".java" : null;
            if (name != null && sources.stream().noneMatch(s -> s.endsWith(name) || s.endsWith(name + ".java"))) {
                missing.add(q);
            }
        }
        assertEquals(List.of(), missing);
    }

    private static List<String> quoted(String text) {
        List<String> all = new ArrayList<>();
        Matcher m = QUOTED.matcher(text);
        while (m.find()) {
            all.add(m.group(1));
        }
        return all;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(file + " is named and does not exist", e);
        }
    }
}
