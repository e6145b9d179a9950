package org.jmoco;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps the direction of the project: a package uses only packages of a lower level. The table is here and nowhere else. */
class PackageLevelsTest {
    private static final String ROOT = "org.jmoco.";
    private static final Map<String, Integer> LEVEL = levels(
            List.of("tensor"),
            List.of("net", "backend", "backend.cuda.natives"),
            List.of("backend.reference", "backend.cpu", "backend.cuda"),
            List.of("backend.conformance"),
            List.of("layer", "checkpoint", "data"),
            List.of("augment", "encoder", "loss", "optim", "data.fetch"),
            List.of("moco", "interchange"),
            List.of("train"),
            List.of("report"),
            List.of("run"),
            List.of("recipe"),
            // what a command is made of, where that is more than a class
            List.of("app.selftest", "app.golden", "app.bundle", "bench"), List.of("app"));

    private static final Path MAIN = Path.of("src/main/java");
    private static final Path TEST = Path.of("src/test/java");
    /** A file is one idea; past this length it holds two. */
    private static final int LONGEST_FILE_LINES = 600;

    private static final Pattern PACKAGE = Pattern.compile("^\\s*package\\s+org\\.jmoco\\.([\\w.]+)\\s*;", Pattern.MULTILINE);
    /** An import or a use by full name: the lower-case words after org.jmoco are the package. */
    private static final Pattern USE = Pattern.compile("\\borg\\s*\\.\\s*jmoco((?:\\s*\\.\\s*[a-z]\\w*)+)");
    /**
     * Comments, text blocks, strings and characters, longest opening first so that neither hides in the other. They are
     * dropped: names in them are not uses.
     */
    private static final Pattern NOT_CODE = Pattern.compile(
            "//[^\\n]*|/\\*[\\s\\S]*?\\*/|\"\"\"(?:[^\"\\\\]|\\\\[\\s\\S]|\"(?!\"\"))*+\"\"\"|"
            + "\"(?:[^\"\\\\\\n]|\\\\.)*+\"|'(?:[^'\\\\\\n]|\\\\.)*+'");

    @Test
    void packagesUseOnlyLowerLevels() throws IOException {
        List<Path> sources = sources(MAIN);
        assertFalse(sources.isEmpty(), "no sources under " + MAIN.toAbsolutePath());
        List<String> wrong = new ArrayList<>();
        for (Path source : sources) {
            for (String w : wrongUses(Files.readString(source))) {
                wrong.add(source + ": " + w);
            }
        }
        assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    }

    @Test
    void everyPackageSaysWhatFlowsInAndOut() throws IOException {
        Map<Path, Boolean> documented = sources(MAIN).stream().collect(Collectors.toMap(
                Path::getParent, p -> p.endsWith("package-info.java"), Boolean::logicalOr, TreeMap::new));
        documented.values().removeIf(has -> has);
        assertEquals(Map.of(), documented, "packages without package-info.java");
    }

    @Test
    void noFileHoldsTwoIdeas() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : Stream.concat(sources(MAIN).stream(), sources(TEST).stream()).toList()) {
            long lines = Files.readString(source).lines().count();
            if (lines > LONGEST_FILE_LINES) {
                tooLong.add(source + ": " + lines + " lines");
            }
        }
        assertEquals(List.of(), tooLong, "files over " + LONGEST_FILE_LINES + " lines");
    }

    @Test
    void everyKindOfWrongUseIsSeen() {
        String header = "package org.jmoco.layer;\n";
        assertEquals(1, wrongUses(header + "import org.jmoco.moco.KeyQueue;").size(), "upwards");
        assertEquals(1, wrongUses(header + "import static org.jmoco.app.Main.run;").size(), "static import");
        assertEquals(1, wrongUses(header + "import org.jmoco.data.*;").size(), "sideways, wildcard");
        assertEquals(1, wrongUses(header + "class A { org.jmoco.train.Metrics m; }").size(), "full name");
        assertEquals(1, wrongUses(header + "import org.jmoco.novel.Thing;").size(), "unknown target");
        assertEquals(1, wrongUses("package org.jmoco.novel;").size(), "unknown package");
        assertEquals(1, wrongUses("package org.jmoco.backend;\nimport org.jmoco.backend.cpu.Dnnl;").size(), "into a child");
        assertEquals(1, wrongUses("package org.jmoco.backend.cpu;\nimport org.jmoco.backend.reference.Loops;").size(),
                "between backends");
        assertEquals(1, wrongUses(header + "char c = '\"'; org.jmoco.moco.A a; String s = \"\";").size(),
                "after a quote character");
    }

    @Test
    void rightUsesPass() {
        assertEquals(List.of(), wrongUses("""
                package org.jmoco.layer;
                import org.jmoco.backend.Ops;
                import static org.jmoco.tensor.Shape.of;
                import org.jmoco.layer.Conv2d;
                // see org.jmoco.moco.KeyQueue
                /** {@link org.jmoco.train.Metrics} */
                class A { String s = "org.jmoco.app.Main // \\" org.jmoco.app"; }
                """));
        assertEquals(List.of(), wrongUses("package org.jmoco.layer;\nclass A { String s = \"\"\"\n"
                + "\"org.jmoco.app\" ".repeat(10_000) + "\"\"\"; }"), "a long text block");
    }

    /** What is wrong in one source; empty if nothing is. */
    private static List<String> wrongUses(String source) {
        String code = NOT_CODE.matcher(source).replaceAll(" ");
        Matcher declaration = PACKAGE.matcher(code);
        if (!declaration.find()) {
            return List.of("has no package below org.jmoco");
        }
        String own = declaration.group(1);
        Integer level = LEVEL.get(own);
        if (level == null) {
            return List.of("package " + own + " has no level; add it to the table in PackageLevelsTest");
        }
        TreeSet<String> wrong = new TreeSet<>();
        Matcher uses = USE.matcher(code);
        while (uses.find()) {
            String used = known(uses.group(1).replaceAll("\\s", "").substring(1));
            Integer usedLevel = LEVEL.get(used);
            if (usedLevel == null) {
                wrong.add("uses " + ROOT + used + ", which has no level; add it to the table in PackageLevelsTest");
            } else if (!used.equals(own) && usedLevel >= level) {
                wrong.add(own + " (level " + level + ") uses " + used + " (level " + usedLevel
                        + "); only lower levels may be used");
            }
        }
        return List.copyOf(wrong);
    }

    /** The longest known package at the head of a dotted name, or the name itself. */
    private static String known(String dotted) {
        for (String name = dotted; ; name = name.substring(0, name.lastIndexOf('.'))) {
            if (LEVEL.containsKey(name)) {
                return name;
            }
            if (name.indexOf('.') < 0) {
                return dotted;
            }
        }
    }

    private static List<Path> sources(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(p -> p.toString().endsWith(".java")).sorted().toList();
        }
    }

    @SafeVarargs
    private static Map<String, Integer> levels(List<String>... namesByLevel) {
        Map<String, Integer> levels = new TreeMap<>();
        for (int level = 0; level < namesByLevel.length; level++) {
            for (String name : namesByLevel[level]) {
                levels.put(name, level);
            }
        }
        return levels;
    }
}
