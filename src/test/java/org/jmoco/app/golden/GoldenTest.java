package org.jmoco.app.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PyTorch's own numbers, each kind of file once; and that a file which differs from them does not pass. */
class GoldenTest {
    private static final Path GOLDEN = Path.of(System.getProperty("jmoco.shared", "../shared"), "golden");
    private static final int THREADS = Runtime.getRuntime().availableProcessors();
    private static final Supplier<Backend> NO_BACKEND = () -> {
        throw new AssertionError("this case needs no backend");
    };

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();

    private static Path golden(String name) {
        Path file = GOLDEN.resolve(name);
        assumeTrue(Files.exists(file), "skipped: " + file + " is not here (set -Djmoco.shared=DIR)");
        return file;
    }

    private boolean run(Path file, Supplier<Backend> backend, DType dtype) {
        return GoldenRun.run(file, backend, dtype, new PrintWriter(out));
    }

    /** A copy of a golden file with something changed. */
    private Path changed(String name, Consumer<ObjectNode> change) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode root = (ObjectNode) json.readTree(golden(name).toFile());
        change.accept(root);
        Path copy = folder.resolve(name);
        json.writeValue(copy.toFile(), root);
        return copy;
    }

    private void assertFails(Path file, String kind) {
        assertFalse(run(file, NO_BACKEND, DType.F64), out::toString);
        assertEquals(1, out.toString().lines().filter(l -> l.contains("FAIL")).count(), out.toString());
        assertTrue(out.toString().contains("FAIL " + kind), out.toString());
    }

    private UserError assertRejected(Path file) {
        UserError e = assertThrows(UserError.class, () -> run(file, NO_BACKEND, DType.F64));
        assertEquals(1, e.exitCode());
        assertTrue(e.getMessage().contains("golden"), e.getMessage());
        return e;
    }

    @ParameterizedTest
    @ValueSource(strings = {"generator.json", "knn.json", "views.json"})
    void computedOnTheHost(String name) {
        assertTrue(run(golden(name), NO_BACKEND, DType.F64), out::toString);
        assertTrue(out.toString().lines().count() > 4, out.toString());
    }

    @Test
    void contrastiveStepsOnTheCpuInF32() {
        assertTrue(run(golden("moco_splits8_asym.json"), () -> CpuBackend.open(THREADS), DType.F32), out::toString);
        assertTrue(out.toString().contains("PASS queue elements"), out.toString());
    }

    @Test
    void contrastiveStepsOnTheReferenceInF64() {
        assertTrue(run(golden("moco_splits1_asym.json"), () -> ReferenceBackend.open(DType.F64, THREADS), DType.F64),
                out::toString);
        assertTrue(out.toString().contains("PASS queue elements"), out.toString());
    }

    @Test
    void aScoreOnePercentOffFails() throws IOException {
        assertFails(changed("knn.json", root -> {
            ArrayNode scores = (ArrayNode) root.path("scores").path(7);
            int c = 0;
            while (scores.get(c).asDouble() == 0) {
                c++;
            }
            scores.set(c, scores.get(c).asDouble() * 1.01);
        }), "scores");
        assertTrue(out.toString().contains("query 7 class["), out.toString());
    }

    @Test
    void aPixelOneGreyLevelOffFails() throws IOException {
        assertFails(changed("views.json", root -> {
            ArrayNode pixels = (ArrayNode) root.path("cases").path(16).path("pixels");
            pixels.set(5, pixels.get(5).asInt() ^ 1);
        }), "hflip");
        assertTrue(out.toString().contains("worst  1.00e+00") && out.toString().contains("case 16 value 5"), out.toString());
    }

    @Test
    void aParameterOnePercentOffFails() throws IOException {
        assertFails(changed("generator.json", root -> {
            ObjectNode p = (ObjectNode) root.path("parameters").path(9);
            p.put("norm", p.path("norm").asDouble() * 1.01);
        }), "fill norm");
    }

    @Test
    void whatIsNotRecordedFails() throws IOException {
        assertFails(changed("views.json", root -> root.putArray("cases")), "nothing");
        out.getBuffer().setLength(0);
        assertFails(changed("knn.json", root -> root.putArray("predicted")), "predicted classes");
    }

    @Test
    void filesThatAreNoGoldenFilesAreRejectedInWords() throws IOException {
        assertTrue(assertRejected(folder.resolve("none.json")).getMessage().contains("cannot read"));
        assertTrue(assertRejected(Files.writeString(folder.resolve("a.json"), "{\"float64\": ")).getMessage()
                .contains("not valid JSON"));
        String unknown = assertRejected(Files.writeString(folder.resolve("b.json"), "{\"weather\": 1}")).getMessage();
        assertTrue(unknown.contains("none of the known cases") && unknown.contains("weather"), unknown);
        assertRejected(Files.writeString(folder.resolve("c.json"), ""));
        assertRejected(Files.writeString(folder.resolve("d.json"), "[1, 2]"));
    }

    @Test
    void aFileThatContradictsItselfIsRejectedInWords() throws IOException {
        assertTrue(assertRejected(changed("views.json", root -> first(root).put("op", "solarize"))).getMessage()
                .contains("solarize"));
        assertTrue(assertRejected(changed("views.json", root -> first(root).put("src", 9))).getMessage().contains("source 9"));
        assertTrue(assertRejected(changed("views.json", root -> ((ObjectNode) first(root).path("params")).put("top", 30)))
                .getMessage().contains("not inside"));
    }

    @Test
    void moreNeighboursThanRowsAreRejectedInWords() throws IOException {
        Path file = changed("knn.json", root -> ((ObjectNode) root.path("config")).put("k", 999));
        UserError e = assertThrows(UserError.class, () -> run(file, NO_BACKEND, DType.F64));
        assertTrue(e.getMessage().contains("k = 999"), e.getMessage());
    }

    private static ObjectNode first(JsonNode root) {
        return (ObjectNode) root.path("cases").path(0);
    }
}
