package org.jmoco;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/licences.md lists the class path at run time, no more and no less. */
class LicencesPageTest {
    private static final Path CLASS_PATH = Path.of("target/classpath");
    /** {@code | group:artifact (platform) | version | licence |}. */
    private static final Pattern ROW = Pattern.compile("\\| [\\w.-]+:(\\S+)(?: \\([\\w-]+\\))? \\| (\\S+) \\| ([^|]+) \\|.*");

    @Test
    void everyArtifactOfTheClassPathHasARow() throws IOException {
        assumeTrue(Files.exists(CLASS_PATH), "not built by Maven (no " + CLASS_PATH + ")");
        assumeTrue(System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64"),
                "the page is of Linux on x86-64");
        // A local repository is laid out as .../artifact/version/file.jar.
        TreeSet<String> artifacts = Arrays.stream(Files.readString(CLASS_PATH).strip().split(File.pathSeparator)).map(Path::of)
                .map(jar -> jar.getParent().getParent().getFileName() + " " + jar.getParent().getFileName())
                .collect(Collectors.toCollection(TreeSet::new));
        TreeSet<String> rows = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("docs/licences.md"))) {
            Matcher m = ROW.matcher(line);
            if (m.matches()) {
                assertTrue(rows.add(m.group(1) + " " + m.group(2)), line + " stands there twice");
                assertTrue(m.group(3).matches("(Apache-2\\.0|MIT|BSD|0BSD)\\b.*"), "not a licence that jmoco builds on: " + line);
            }
        }
        assertEquals(artifacts, rows);
    }
}
