package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exit codes and the last line; what is compared is the matter of org.jmoco.app.golden. */
class GoldenCommandTest {
    private static final Path KNN = Path.of(System.getProperty("jmoco.shared", "../shared"), "golden", "knn.json");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        String[] words = new String[args.length + 1];
        words[0] = "golden";
        for (int i = 0; i < args.length; i++) {
            words[i + 1] = args[i].toString();
        }
        return Main.run(new PrintWriter(out), new PrintWriter(err), words);
    }

    @Test
    void oneWrongValueIsAFailureEvenIfTheNextFilePasses() throws IOException {
        assumeTrue(Files.exists(KNN), "skipped: " + KNN + " is not here (set -Djmoco.shared=DIR)");
        assertEquals(0, run(KNN), err::toString);
        assertTrue(out.toString().endsWith("\nPASS\n"), out.toString());
        String text = Files.readString(KNN);
        String wrong = text.replaceFirst("\"top1_accuracy\": *0.71875", "\"top1_accuracy\": 0.7259375"); // 1 % more
        assertTrue(!wrong.equals(text), "the file has another accuracy now");
        assertEquals(1, run(Files.writeString(folder.resolve("knn.json"), wrong), KNN), err::toString);
        assertTrue(out.toString().contains("FAIL top-1 accuracy") && out.toString().endsWith("\nFAIL\n"), out.toString());
    }

    @Test
    void filesThatCannotBeUsedAreOneLine() throws IOException {
        assertEquals(1, run(folder.resolve("no.json")));
        assertEquals(1, run(Files.writeString(folder.resolve("a.json"), "no JSON")));
        assertEquals(1, run(Files.writeString(folder.resolve("b.json"), "{}")));
        assertEquals(3, err.toString().lines().count(), err.toString());
        assertEquals(2, run());
        assertEquals(2, run("--dtype", "f16", folder.resolve("b.json")));
    }

    @Test
    void oneFileThatCannotBeUsedDoesNotKeepTheOthersFromBeingCompared() throws IOException {
        assumeTrue(Files.exists(KNN), "skipped: " + KNN + " is not here (set -Djmoco.shared=DIR)");
        Path broken = Files.writeString(folder.resolve("a.json"), "no JSON");
        assertEquals(1, run(broken, KNN));
        assertTrue(err.toString().contains(broken.toString()) && err.toString().lines().count() == 1, err.toString());
        assertTrue(out.toString().contains("FAIL cannot be compared") && out.toString().contains("PASS scores"), out.toString());
        assertTrue(out.toString().endsWith("\nFAIL\n"), out.toString());
    }
}
