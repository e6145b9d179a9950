package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The quick demo as a user runs it, and the command that its last lines propose. */
class DemoCommandTest {
    @Test
    @Timeout(600)
    void itsLastLinesSayWhereTheRunsLieAndWhatToDoNext(@TempDir Path folder) throws IOException {
        Path out = folder.resolve("demo");
        List<String> lines = CommandRuns.run(0, "demo", "--quick", "--out", out.toString(), "--backend", "cpu", "--threads", "2")
                .lines().toList();
        List<String> last = lines.subList(lines.size() - 7, lines.size());
        assertTrue(last.get(0).startsWith("random start  ") && last.get(1).startsWith("MoCo start    "), last.toString());
        assertEquals(List.of("", "Runs with checkpoints, metrics.csv and curves.png: " + out), last.subList(2, 4));
        assertTrue(last.get(4).matches("\\d+ s in all\\."), last.get(4));
        String next = "evaluate --from " + out.resolve("moco-start-1");
        assertEquals(List.of("Next: ./jmoco " + next, "      ./jmoco report " + out.resolve("random-start-?") + " "
                + out.resolve("moco-start-?") + " --data phantom --out " + out.resolve("report.html")), last.subList(5, 7));
        assertTrue(CommandRuns.run(0, next.split(" ")).contains("AUC "));
        CommandRuns.run(0, Arrays.stream(last.get(6).strip().substring("./jmoco ".length()).split(" "))
                .flatMap(DemoCommandTest::expanded).toArray(String[]::new));
        String page = Files.readString(out.resolve("report.html"));
        for (String row : last.subList(0, 2)) {
            String auc = row.substring("random start  ".length()).replace("+-", "±").replaceFirst("].*", "]")
                    .replace(" [", "<br>[");
            assertTrue(page.contains(auc), "the page has the table's " + auc);
        }
    }

    /** What a shell makes of a word. */
    private static Stream<String> expanded(String word) {
        return word.endsWith("?") ? IntStream.rangeClosed(1, 9).mapToObj(i -> word.replace("?", Integer.toString(i)))
                .filter(f -> Files.exists(Path.of(f))) : Stream.of(word);
    }
}
