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
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.WarmUps;
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
        String[] options = args[0].equals("kernels") ? Arrays.copyOf(TINY, 2) : TINY;
        String[] all = Stream.of(new String[] {"bench"}, args, options).flatMap(Stream::of).toArray(String[]::new);
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
        assertTrue(new ObjectMapper().readTree(out.toString()).get("warm_up").asText().contains(" ended "), out.toString());
    }

    /** The one way of printing that shows no table. */
    @Test
    void stepWithoutPeaksIsSaved() throws Exception {
        Path saved = folder.resolve("step.tsv");
        assertEquals(0, bench("step", "--steps", "1", "--no-peaks", "--save", saved.toString()), err.toString());
        String tsv = Files.readString(saved);
        assertTrue(tsv.startsWith("# benchmark: step\n") && tsv.contains("moco_step n4 image8"), tsv);
        assertTrue(tsv.contains("\n# warm_up: "), tsv);
        assertEquals(tsv.contains(" limit, not with steady times: "), out.toString().contains("warm-up: "), tsv + out);
    }

    @Test
    void severalStepsInATiming() throws Exception {
        assertEquals(0, bench("step", "--steps", "2", "--queued", "3", "--no-peaks", "--json"), err.toString());
        JsonNode told = new ObjectMapper().readTree(out.toString());
        assertEquals(3, told.get("queued").asInt());
        assertEquals(2, told.get("rows").get(0).get("samples").asInt());
        out.getBuffer().setLength(0);
        assertEquals(0, bench("step", "--steps", "2", "--queued", "3", "--no-peaks"), err.toString());
        assertTrue(out.toString().contains("(median of 2 timings of 3 steps, "), out.toString());
        assertEquals(2, bench("step", "--queued", "0"));
        assertTrue(err.toString().contains("--queued 0: a timing has at least one step."), err.toString());
    }

    @Test
    void aWarmUpThatItsLimitEndedIsToldWhereverTheRowsGo() {
        BenchOptions options = new BenchOptions();
        options.warmUps.add("sgd l8", WarmUps.End.STEADY);
        options.print(new ResultTable(Map.of()), new PrintWriter(out, true));
        assertEquals("", out.toString());
        options.warmUps.add("copy l8", WarmUps.End.MOVING);
        ResultTable table = new ResultTable(Map.of());
        options.print(table, new PrintWriter(out, true));
        String told = "1 of 2 ended by its limit, not with steady times: copy l8 (times still moved)";
        assertEquals("warm-up: " + told + "; times may be too long\n", out.toString());
        assertTrue(table.toTsv().contains("# warm_up: " + told + "\n"), table.toTsv());
        assertTrue(table.toJson().contains("\"warm_up\":\"" + told + "\""), table.toJson());
    }

    @Test
    void filterIsReadBeforeAnythingIsMeasured() {
        assertEquals(2, bench("layers", "--filter", "("));
        assertTrue(err.toString().contains("--filter (: no regular expression"), err.toString());
        assertFalse(out.toString().contains("measured ceilings"), out.toString());
    }

    /** Ceilings take seconds; what cannot be measured is told before. */
    @Test
    void whatCannotBeMeasuredIsToldBeforeTheCeilings() {
        for (String[] wrong : new String[][] {
                {"no benchmark exists for operation foo", "kernels", "foo"},
                {"info_nce needs the size d", "kernels", "sgd l7", "info_nce n4 m8"},
                {"batch 4 is not divisible by 3 splits", "kernels", "batch_norm_fwd n4 h3 w3 c5 g3"},
                {"one array holds at most", "kernels", "linear_fwd n65536 c4 k65536"},
                {"raise it (JMOCO_HEAP=8g)", "kernels", "copy l2147483639"},
                {"no layer and operation matches", "layers", "--filter", "nosuch"},
                {"no step of the program matches", "step", "--filter", "nosuch"},
                {"--batch 3 is not divisible by --splits 2", "scaling", "--vary", "batch", "--values", "4,3"},
                {"one array holds at most", "scaling", "--vary", "queue", "--values", "8,2000000000"}}) {
            err.getBuffer().setLength(0);
            String[] args = Arrays.copyOfRange(wrong, 1, wrong.length);
            assertTrue(bench(args) != 0, wrong[0]);
            assertTrue(err.toString().startsWith("jmoco: ") && err.toString().contains(wrong[0]), err.toString());
            assertEquals(1, err.toString().lines().count(), err.toString());
            assertEquals("", out.toString());
        }
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
