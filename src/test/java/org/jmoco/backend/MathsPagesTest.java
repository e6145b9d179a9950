package org.jmoco.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jmoco.backend.conformance.OpCases;
import org.junit.jupiter.api.Test;

/** The pages of docs/maths: what they tell the reader to run exists, and so do the classes and pages that they name. */
class MathsPagesTest {
    private static final Path PAGES = Path.of("docs/maths");
    private static final Path TESTS = Path.of("src/test/java");
    private static final Pattern COMMAND = Pattern.compile("-Dtest='?([\\w.]+)(?:#(\\w+)\\*)?'?(?: -Dcase=(\\w+))?");
    private static final Pattern CLASS = Pattern.compile("`(org\\.jmoco\\.[a-z.]*\\.[A-Z]\\w*)`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([\\w./-]+\\.md)\\)");

    private static List<Path> files(Path root, String suffix) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(p -> p.toString().endsWith(suffix)).sorted().toList();
        }
    }

    @Test
    void commandsNameTestsAndCasesThatExist() throws IOException {
        for (Path page : files(PAGES, ".md")) {
            Matcher m = COMMAND.matcher(Files.readString(page));
            while (m.find()) {
                String file = m.group(1).replace('.', '/') + ".java";
                List<Path> found = files(TESTS, ".java").stream().filter(p -> p.endsWith(file)).toList();
                assertEquals(1, found.size(), page + ": " + m.group() + " finds " + found);
                if (m.group(2) != null) {
                    assertTrue(Files.readString(found.get(0)).contains("void " + m.group(2)), page + ": " + m.group());
                }
                if (m.group(3) != null) {
                    assertTrue(OpCases.all().stream().anyMatch(c -> c.problem().contains(m.group(3))), page + ": " + m.group());
                }
            }
        }
    }

    @Test
    void classesAndPagesExist() throws IOException {
        List<String> missing = new ArrayList<>();
        List<Path> pages = files(PAGES, ".md");
        assertFalse(pages.isEmpty());
        for (Path page : pages) {
            String text = Files.readString(page);
            CLASS.matcher(text).results().map(r -> r.group(1).replace('.', '/') + ".java")
                    .filter(c -> !Files.exists(Path.of("src/main/java", c)) && !Files.exists(TESTS.resolve(c)))
                    .forEach(c -> missing.add(page + " names " + c));
            LINK.matcher(text).results().map(r -> PAGES.resolve(r.group(1))).filter(p -> !Files.exists(p))
                    .forEach(p -> missing.add(page + " links to " + p));
        }
        assertEquals(List.of(), missing);
    }
}
