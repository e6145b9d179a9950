package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the benchmark commands print and keep, on the backend that needs no compiling. */
class BenchCommandsTest {
    private static final String[] TINY = {"--backend", "reference", "--batch", "4", "--image", "8", "--width", "4", "--splits",
            "2", "--queue", "8", "--dim", "8"};

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String... args) {
        String[] all = Stream.of(new String[] {"bench"}, args, TINY).flatMap(Stream::of).toArray(String[]::new);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    /** The object is all that stands on stdout, though the listing is asked for. */
    @Test
    void listingOfTheProgramDoesNotSpoilJson() throws Exception {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream direct = new ByteArrayOutputStream();
        ByteArrayOutputStream listing = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(direct, true));
            System.setErr(new PrintStream(listing, true));
            assertEquals(0, bench("step", "--steps", "1", "--no-peaks", "--print-program", "--json"), err.toString());
        } finally {
            System.setOut(stdout);
            System.setErr(stderr);
        }
        assertEquals("", direct.toString());
        assertTrue(listing.toString().contains("program moco: 157 steps"), listing.toString());
        assertEquals("step", new ObjectMapper().readTree(out.toString()).get("benchmark").asText());
    }

    /** The one way of printing that shows no table. */
    @Test
    void stepWithoutPeaksIsSaved() throws Exception {
        Path saved = folder.resolve("step.tsv");
        assertEquals(0, bench("step", "--steps", "1", "--no-peaks", "--save", saved.toString()), err.toString());
        String tsv = Files.readString(saved);
        assertTrue(tsv.startsWith("# benchmark: step\n") && tsv.contains("moco_step n4 image8"), tsv);
    }

    @Test
    void filterIsReadBeforeAnythingIsMeasured() {
        assertEquals(2, bench("layers", "--filter", "("));
        assertTrue(err.toString().contains("--filter (: no regular expression"), err.toString());
        assertFalse(out.toString().contains("measured ceilings"), out.toString());
    }

    /** One thread must not be held against what all reach. */
    @Test
    void eachNumberOfThreadsHasItsOwnRoofline() throws Exception {
        assertEquals(0, bench("scaling", "--vary", "threads", "--values", "1,2", "--samples", "3", "--json"), err.toString());
        JsonNode table = new ObjectMapper().readTree(out.toString());
        assertFalse(table.has("copy_gb_per_s"), table.toString());
        JsonNode rows = table.get("rows");
        assertEquals(2, rows.size());
        assertTrue(rows.get(0).get("copy_gb_per_s").asDouble() != rows.get(1).get("copy_gb_per_s").asDouble(), rows.toString());
        assertTrue(rows.get(0).get("predicted_ms").asDouble() > 0, rows.toString());
    }
}
