package org.jmoco.app.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Golden cases that differ from the given files in every entry of their config, computed with PyTorch by
 * src/test/python/golden_cases.py and small enough to be at hand in every build (width 8): shuffled keys, a queue that wraps
 * around within a step, other splits, labels, betas, views that are not square. And that nothing in a file is passed over in
 * silence.
 *
 * <p>The MoCo case is not compared on the CPU. There PyTorch's float32 run has every activation on the right side of its ReLU,
 * which at full size it never has; the CPU's run has one on the wrong side, in step 3, and is off by a thousand times more than
 * rounding. Whose run has one is chance: docs/golden.md.
 */
class UnseenCasesTest {
    private static final String MOCO = "moco_splits4_sym_small";
    private static final String FINE_TUNE = "finetune_splits2_dim3_small";
    private static final Supplier<Backend> REFERENCE = () -> ReferenceBackend.open(DType.F64, 2);

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();

    private Path changed(String name, Consumer<ObjectNode> change) throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (InputStream in = new GZIPInputStream(getClass().getResourceAsStream(name + ".json.gz"))) {
            ObjectNode root = (ObjectNode) json.readTree(in);
            change.accept(root);
            Path copy = folder.resolve(name + ".json");
            json.writeValue(copy.toFile(), root);
            return copy;
        }
    }

    private Path file(String name) throws IOException {
        return changed(name, root -> {});
    }

    /** The config of the true record; that of the other one decides nothing. */
    private Path configured(String name, Consumer<ObjectNode> change) throws IOException {
        return changed(name, root -> change.accept((ObjectNode) root.at("/float64/config")));
    }

    private boolean run(Path file, Supplier<Backend> backend, DType dtype) {
        return GoldenRun.run(file, backend, dtype, new PrintWriter(out));
    }

    @ParameterizedTest
    @ValueSource(strings = {MOCO, FINE_TUNE, "views_small"})
    void passInF64(String name) throws IOException {
        assertTrue(run(file(name), REFERENCE, DType.F64), out::toString);
        assertFalse(out.toString().contains("note"), out.toString());
        assertTrue(out.toString().lines().count() > 10, out.toString());
    }

    @Test
    void fineTuningPassesOnTheCpuInF32() throws IOException {
        assertTrue(run(file(FINE_TUNE), () -> CpuBackend.open(2), DType.F32), out::toString);
    }

    /** Another record of the case is held against the bounds that ours would be, tensor by tensor. */
    @ParameterizedTest
    @ValueSource(strings = {MOCO, FINE_TUNE})
    void aRecordInFloat32IsJudged(String name) throws IOException {
        Path file = file(name);
        Path itself = Files.move(file, folder.resolve("itself.json"));
        file = file(name);
        assertTrue(GoldenRun.judge(file, itself, new PrintWriter(out)), out::toString);
        for (String at : new String[] {"/float32/steps/1/loss", "/float32/grad_step1/net.1.weight/norm",
            "/float32/grad_step1/net.3.0.conv1.weight/first4/2"}) {
            int cut = at.lastIndexOf('/');
            Path off = Files.move(changed(name, root -> {
                JsonNode in = root.at(at.substring(0, cut));
                double wrong = in.isArray() ? 1e9 : 1.01 * root.at(at).doubleValue();
                if (in instanceof ArrayNode list) {
                    list.set(Integer.parseInt(at.substring(cut + 1)), wrong);
                } else {
                    ((ObjectNode) in).put(at.substring(cut + 1), wrong);
                }
            }), folder.resolve("off.json"), StandardCopyOption.REPLACE_EXISTING);
            out.getBuffer().setLength(0);
            assertFalse(GoldenRun.judge(file(name), off, new PrintWriter(out)), at + " " + out);
            assertEquals(1, out.toString().lines().filter(l -> l.startsWith("  FAIL")).count(), at + " " + out);
        }
    }

    @Test
    void aRecordOfAnotherCaseIsNotJudged() throws IOException {
        Path other = Files.move(configured(FINE_TUNE, c -> c.put("lr", 0.0011)), folder.resolve("other.json"));
        Path file = file(FINE_TUNE);
        UserError e = assertThrows(UserError.class, () -> GoldenRun.judge(file, other, new PrintWriter(out)));
        assertTrue(e.getMessage().contains("not of one MoCo or fine-tune case"), e.getMessage());
        Path none = Files.move(changed(FINE_TUNE, root -> root.remove("float32")), folder.resolve("none.json"));
        UserError n = assertThrows(UserError.class, () -> GoldenRun.judge(file(FINE_TUNE), none, new PrintWriter(out)));
        assertTrue(n.getMessage().contains("no float32 record"), n.getMessage());
    }

    /** Each entry reaches the computation: with another value the file fails. */
    @ParameterizedTest
    @CsvSource({MOCO + ",m,0.91", MOCO + ",T,0.21", MOCO + ",lr,0.031", MOCO + ",weight_decay,0", MOCO + ",momentum,0.8",
        MOCO + ",bn_splits,2", FINE_TUNE + ",lr,0.0011", FINE_TUNE + ",weight_decay,0", FINE_TUNE + ",eps,1e-5",
        FINE_TUNE + ",bn_splits,3"})
    void anotherValueFails(String name, String key, double value) throws IOException {
        Path file = configured(name, config -> {
            if (config.path(key).isIntegralNumber() && value == Math.rint(value)) {
                config.put(key, (int) value);
            } else {
                config.put(key, value);
            }
        });
        assertFalse(run(file, REFERENCE, DType.F64), out::toString);
    }

    @Test
    void anotherShuffleLabelBetaOrSeedFails() throws IOException {
        assertFalse(run(configured(MOCO, config -> {
            ArrayNode p = config.withArray("shuffle");
            int first = p.get(0).asInt();
            p.set(0, p.get(1).asInt());
            p.set(1, first);
        }), REFERENCE, DType.F64), out::toString);
        assertDiffers(config -> config.withArray("labels").set(0, 2));
        assertDiffers(config -> config.withArray("betas").set(1, 0.98));
        assertDiffers(config -> config.putObject("seeds").put("ft", 1));
    }

    private void assertDiffers(Consumer<ObjectNode> change) throws IOException {
        assertFalse(run(configured(FINE_TUNE, change), REFERENCE, DType.F64), out::toString);
    }

    @Test
    void seedsAreThoseOfTheGeneratorFileBesideTheCase() throws IOException {
        Path file = file(FINE_TUNE);
        Files.writeString(folder.resolve("generator.json"), "{\"seeds\": {\"ft\": 7317000000000}}");
        assertTrue(run(file, REFERENCE, DType.F64), out::toString);
        Files.writeString(folder.resolve("generator.json"), "{\"seeds\": {\"ft\": 7317000000001}}");
        assertFalse(run(file, REFERENCE, DType.F64), out::toString);
    }

    @Test
    void whatNothingKnowsIsTold() throws IOException {
        assertTrue(run(changed(FINE_TUNE, root -> {
            ((ObjectNode) root.at("/float64/config")).put("nesterov", true);
            ((ObjectNode) root.path("float64")).put("gpu_hours", 1);
        }), REFERENCE, DType.F64), out::toString);
        assertTrue(out.toString().contains("note config has \"nesterov\", which nothing here knows"), out.toString());
        assertTrue(out.toString().contains("note \"gpu_hours\" is recorded but not compared"), out.toString());
    }

    @Test
    void aWeightThatOnlyTheFileKnowsFails() throws IOException {
        Path file = changed(FINE_TUNE, root -> ((ObjectNode) root.at("/float64/param_after")).putObject("net.10.weight"));
        assertFalse(run(file, REFERENCE, DType.F64), out::toString);
        assertTrue(out.toString().contains("FAIL weights names") && out.toString().contains("net.10.weight"), out.toString());
    }

    private void assertRejected(Path file, String words) {
        UserError e = assertThrows(UserError.class, () -> run(file, REFERENCE, DType.F64), out::toString);
        assertTrue(e.getMessage().contains(words), e.getMessage());
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }

    @Test
    void aConfigThatIsIncompleteOrWrongIsRejectedInWords() throws IOException {
        assertRejected(configured(MOCO, config -> config.remove("T")), "config has no \"T\"");
        assertRejected(configured(MOCO, config -> config.put("batch", "many")), "\"batch\": \"many\", expected an integer");
        assertRejected(configured(MOCO, config -> config.put("dim", 0)), "expected at least 1");
        assertRejected(configured(MOCO, config -> config.put("bn_splits", 5)), "not divisible");
        assertRejected(configured(MOCO, config -> config.withArray("shuffle").set(0, 16)), "16 integers from 0 to 15");
        assertRejected(configured(MOCO, config -> config.withArray("shuffle").set(0, config.at("/shuffle/1"))), "no permutation");
        assertRejected(configured(FINE_TUNE, config -> config.withArray("labels").set(0, 3)), "6 integers from 0 to 2");
        assertRejected(configured(FINE_TUNE, config -> config.withArray("betas").set(0, 1.5)), "betas");
    }
}
