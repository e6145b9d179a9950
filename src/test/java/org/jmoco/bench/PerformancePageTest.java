package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerformancePageTest {
    @TempDir
    Path folder;

    @Test
    void tablesAreMadeAnewAndWordsStay() throws IOException {
        Files.writeString(folder.resolve("a.tsv"),
                "# date: 2026-01-02T03:04:05Z\n# commit: 0123456789abcdef\n# device: cpu\n# command: jmoco bench x\n"
                + "problem\tms\tgb\ncopy l1\t1.5\t2\nsgd l1\t3\t4\n");
        String page = "Words.\n\n<!-- table a.tsv columns=gb,problem filter=sgd -->\nold\n<!-- end -->\n\nMore.\n";
        String expected = "Words.\n\n<!-- table a.tsv columns=gb,problem filter=sgd -->\n\n"
                + "2026-01-02, commit 01234567, cpu: `jmoco bench x`\n\n"
                + "| gb | problem |\n|---|---|\n| 4 | sgd l1 |\n\n<!-- end -->\n\nMore.\n";
        assertEquals(expected, PerformancePage.update(page, folder));
        assertEquals(expected, PerformancePage.update(expected, folder));
        UserError e = assertThrows(UserError.class,
                () -> PerformancePage.update("<!-- table a.tsv columns=watts -->\n<!-- end -->", folder));
        assertTrue(e.getMessage().contains("no column watts"), e.getMessage());
    }

    /** The pages in docs are what the command makes of the result files beside them. */
    @Test
    void thePagesInDocsAreUpToDate() throws IOException {
        List<Path> pages = PerformancePage.pages(Path.of("docs"));
        assertTrue(pages.contains(Path.of("docs/performance.md")), () -> "" + pages);
        assertTrue(pages.contains(Path.of("docs/performance-history.md")), () -> "" + pages);
        for (Path file : pages) {
            String page = Files.readString(file);
            assertEquals(page, PerformancePage.update(page, Path.of("benchmarks")), file + ": run ./jmoco bench report");
        }
    }

    @Test
    void pagesAreThoseWithATableAndAFolderWithoutIsAnError() throws IOException {
        Path table = Files.createDirectories(folder.resolve("gpu")).resolve("device.md");
        Files.writeString(folder.resolve("words.md"), "Words.\n");
        UserError none = assertThrows(UserError.class, () -> PerformancePage.pages(folder));
        assertTrue(none.getMessage().contains("has no page"), none.getMessage());
        Files.writeString(table, "<!-- table a.tsv -->\n<!-- end -->\n");
        assertEquals(List.of(table), PerformancePage.pages(folder));
        UserError absent = assertThrows(UserError.class, () -> PerformancePage.pages(folder.resolve("absent")));
        assertTrue(absent.getMessage().contains("run this in the project's folder"), absent.getMessage());
    }
}
