package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The shared options, in a command that has all of them. */
class OptionsTest {
    @Command(name = "all", defaultValueProvider = AllDefaults.class)
    static final class All {
        @Mixin
        BackendOptions backend;
        @Mixin
        DataOptions data;
        @Mixin
        RunOptions run;
        @Mixin
        TrainOptions train;
        @Mixin
        MocoOptions moco;
    }

    static final class AllDefaults extends CommandDefaults {
        AllDefaults() {
            super(Map.of("--epochs", "200", "--batch", "128", "--lr", "0.03", "--weight-decay", "5e-4"));
        }
    }

    @TempDir
    private Path folder;

    private static All parse(String... args) {
        All all = new All();
        new CommandLine(all).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(args);
        return all;
    }

    private static void assertUsage(String part, org.junit.jupiter.api.function.Executable read) {
        UserError e = assertThrows(UserError.class, read);
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void defaultsAreThoseOfTheDesign() {
        All all = parse();
        assertEquals(BackendOptions.Name.AUTO, all.backend.backend());
        assertEquals(Runtime.getRuntime().availableProcessors(), all.backend.threads());
        assertEquals(Precision.F32, all.backend.precision());
        CudaOptions cuda = all.backend.cuda(line -> {});
        assertTrue(cuda.graphs() && !cuda.branches() && cuda.deterministic() && !cuda.checkSteps() && !cuda.graphEngines());
        assertEquals(List.of(), all.data.sources());
        assertNull(all.data.single());
        assertEquals(Path.of("runs/all"), all.run.out());
        assertFalse(all.run.resume());
        assertEquals("random", all.run.from());
        assertEquals(Optional.empty(), all.run.start(line -> {}));
        assertEquals(200, all.train.epochs());
        assertEquals(128, all.train.batch());
        assertEquals(0.03, all.train.lr());
        assertEquals(64, all.train.width());
        assertEquals(36, all.train.image(36));
        assertEquals(8, all.train.splits);
        assertEquals(4096, all.moco.queue);
        assertEquals(128, all.moco.dim);
        assertEquals(0.99, all.moco.momentum);
        assertEquals(0.1, all.moco.temperature());
        assertFalse(all.moco.symmetric);
    }

    @Test
    void everyOptionIsRead() throws IOException {
        Path weights = Files.createFile(folder.resolve("w.safetensors"));
        All all = parse("--backend", "reference", "--threads=3", "--precision", "bf16", "--no-graph", "--branches",
                "--cudnn-graph", "--nondeterministic", "--data", "images=" + folder, "--data", "phantom",
                "--out", "o", "--resume", "--from", weights.toString(), "--seed", "9", "--progress", "none",
                "--epochs", "5", "--batch", "16", "--lr", "1e-4", "--width", "8", "--image", "48",
                "--splits", "2", "--queue", "37", "--dim", "32", "--momentum", "0.9", "--temperature", "0.2", "--symmetric");
        assertEquals(BackendOptions.Name.REFERENCE, all.backend.backend());
        assertEquals(3, all.backend.threads());
        assertEquals(Precision.BF16, all.backend.precision());
        CudaOptions cuda = all.backend.cuda(line -> {});
        assertTrue(!cuda.graphs() && cuda.branches() && !cuda.deterministic() && !cuda.checkSteps() && cuda.graphEngines());
        assertTrue(parse("--check-steps").backend.cuda(line -> {}).checkSteps());
        assertEquals(List.of(new DataOptions.Source("images", folder), new DataOptions.Source("phantom", null)),
                all.data.sources());
        assertEquals(Path.of("o"), all.run.out());
        assertTrue(all.run.resume());
        assertEquals(weights.toString(), all.run.from());
        assertEquals(9, all.run.seed());
        assertEquals(Progress.Mode.NONE, all.run.progress());
        assertEquals(5, all.train.epochs());
        assertEquals(16, all.train.batch());
        assertEquals(1e-4, all.train.lr());
        assertEquals(8, all.train.width());
        assertEquals(48, all.train.image(36));
        assertEquals(2, all.train.splits);
        assertEquals(37, all.moco.queue);
        assertEquals(32, all.moco.dim);
        assertEquals(0.9, all.moco.momentum);
        assertEquals(0.2, all.moco.temperature());
        assertTrue(all.moco.symmetric);
    }

    @Test
    void mocoV2IsThreeOptionsTogether() {
        MocoOptions none = parse().moco;
        assertFalse(none.mlp() || none.blur());
        MocoOptions v2 = parse("--v2").moco;
        assertTrue(v2.mlp() && v2.blur());
        assertEquals(0.2, v2.temperature());
        assertEquals(0.07, parse("--v2", "--temperature", "0.07").moco.temperature());
        assertTrue(parse("--mlp").moco.mlp() && !parse("--mlp").moco.blur());
        assertEquals(0.1, parse("--mlp", "--blur").moco.temperature());
    }

    @Test
    void helpStatesEveryDefault() {
        CommandLine line = new CommandLine(new All());
        for (var option : line.getCommandSpec().options()) {
            String text = String.join(" ", option.description()).toLowerCase();
            assertTrue(text.contains("default"), option.longestName() + " does not state its default");
        }
        String help = line.getUsageMessage();
        assertFalse(help.contains("${"), help);
        assertTrue(help.contains("(default: 200)") && help.contains("runs/all"), help);
        assertTrue(help.contains("auto, cuda, cpu, reference"), help);
    }

    @Test
    void badDataArgumentsSayWhatIsExpected() {
        assertUsage("NAME=DIR", parse("--data", "covid-ct").data::sources);
        assertUsage("NAME=DIR", parse("--data", "=" + folder).data::sources);
        assertUsage("NAME=DIR", parse("--data", "idc=").data::sources);
        assertUsage("2 times", parse("--data", "phantom", "--data", "phantom").data::single);
        UserError missing = assertThrows(UserError.class, parse("--data", "idc=" + folder.resolve("no")).data::sources);
        assertEquals(1, missing.exitCode());
        assertTrue(missing.getMessage().contains(folder.resolve("no").toString()), missing.getMessage());
    }

    @Test
    void impossibleNumbersAreUsageErrors() {
        assertUsage("--threads 0", parse("--threads", "0").backend::threads);
        assertUsage("--epochs 0", parse("--epochs", "0").train::epochs);
        assertUsage("--batch -1", parse("--batch", "-1").train::batch);
        assertUsage("--lr 0.0", parse("--lr", "0").train::lr);
        assertUsage("--lr NaN", parse("--lr", "NaN").train::lr);
        assertUsage("--image 0", () -> parse("--image", "0").train.image(32));
        assertThrows(CommandLine.ParameterException.class, () -> parse("--epochs", "many"));
        assertThrows(CommandLine.ParameterException.class, () -> parse("--backend", "gpu"));
    }

    @Test
    void fromNamesWhatIsMissing() {
        UserError e = assertThrows(UserError.class, () -> parse("--from",
                folder.resolve("run7").toString()).run.start(line -> {}));
        assertTrue(e.getMessage().contains("run7"), e.getMessage());
    }
}
