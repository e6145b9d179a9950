package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The browser's checks find what they are there for. */
class ChromiumTest {
    @TempDir
    Path folder;

    private Chromium browser() {
        Optional<Chromium> found = Chromium.find(folder);
        assumeTrue(found.isPresent(), "skipped: no chromium on the path (apt install chromium)");
        return found.get();
    }

    @Test
    void aPageThatBreaksItsPromiseIsFound() throws IOException, InterruptedException {
        Path bad = Files.writeString(folder.resolve("bad.html"), new Html().paragraph("x").page("bad")
                .replace("</body>", "<img src=\"http://127.0.0.1:9/x.png\">"
                        + "<div style=\"width:2000px\">wide</div><script>document.title='changed'</script></body>"));
        Chromium browser = browser();
        Chromium.Visit visit = browser.visit(bad, 600);
        assertEquals(2, visit.messages().size(), () -> "the picture and the script are forbidden: " + visit.messages());
        assertFalse(visit.dom().contains("changed</title>"), "no script runs in a report");
        Chromium.Measured m = browser.measure(bad, 600);
        assertEquals(1, m.broken());
        assertEquals(1, m.requests(), "the picture was asked for");
        assertTrue(m.over() > 1000, "too wide by " + m.over());
    }

    @Test
    void aPageThatKeepsItIsQuiet() throws IOException, InterruptedException {
        Path good = Files.writeString(folder.resolve("good.html"),
                new Html().heading(1, "A & B").table(List.of("x".repeat(40), "y".repeat(40)),
                List.of(List.of("1", "2")), 0).page("good"));
        Chromium browser = browser();
        Chromium.Visit visit = browser.visit(good, 600);
        assertEquals(List.of(), visit.messages());
        assertTrue(visit.dom().contains("<h1>A &amp; B</h1>"));
        assertEquals(new Chromium.Measured(0, 0, 0, 0), browser.measure(good, 600), "a wide table scrolls by itself");
    }
}
