package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.backend.cuda.GpuException;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * {@code --branches}, {@code --cudnn-graph} and {@code --precision} with a backend that has none of them: refused by every
 * command that takes them.
 */
class CudaOnlyOptionsTest {
    /** What options that must be given can be where a file's name is no value of theirs. */
    private static final Map<String, String> DEMANDED = Map.of("--vary", "batch", "--values", "1");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(List<String> line) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), line.toArray(String[]::new));
    }

    /** Commands that take the option, each as one types it, without what it demands. */
    private static List<CommandLine> commands() {
        List<CommandLine> all = new ArrayList<>();
        collect(new CommandLine(new Main()), all);
        return all;
    }

    private static void collect(CommandLine command, List<CommandLine> all) {
        if (command.getCommandSpec().findOption("--branches") != null) {
            all.add(command);
        }
        command.getSubcommands().values().forEach(sub -> collect(sub, all));
    }

    /** The command's words, and the name of no file wherever one is demanded. */
    private List<String> line(CommandSpec spec, String... options) {
        List<String> line = new ArrayList<>(List.of(spec.qualifiedName().split(" ")));
        line.removeFirst(); // jmoco
        line.addAll(List.of(options));
        for (ArgSpec a : spec.args()) {
            String name = a instanceof OptionSpec o ? o.longestName() : "";
            if (a.required()) {
                if (a.isOption()) {
                    line.add(name);
                }
                line.add(DEMANDED.getOrDefault(name, folder.resolve("nothing").toString()));
            }
        }
        return line;
    }

    @TestFactory
    Stream<DynamicTest> refusedByEachCommandBeforeAnythingIsReadOrMade() {
        List<CommandLine> commands = commands();
        List<String> names = commands.stream().map(c -> c.getCommandSpec().qualifiedName()).toList();
        assertTrue(names.containsAll(List.of("jmoco pretrain", "jmoco finetune", "jmoco demo", "jmoco run", "jmoco selftest",
                "jmoco bench step", "jmoco golden")), names.toString());
        return commands.stream().map(c -> DynamicTest.dynamicTest(c.getCommandSpec().qualifiedName(), () -> {
            CommandSpec spec = c.getCommandSpec();
            for (String backend : new String[] {"cpu", "reference"}) {
                for (String flag : new String[] {"--no-graph", "--check-steps", "--nondeterministic"}) {
                    refused(backend + " backend: " + flag + " is the cuda backend's; leave it out",
                            line(spec, "--backend", backend, flag));
                }
                refused(backend + " backend: --cudnn-graph is the cuda backend's; leave it out",
                        line(spec, "--backend", backend, "--cudnn-graph"));
                refused(backend + " backend: --branches is the cuda backend's; leave it out",
                        line(spec, "--backend", backend, "--branches"));
                refused(backend + " backend: --precision bf16 is the cuda backend's; leave it out",
                        line(spec, "--backend", backend, "--precision", "bf16"));
            }
            assertEquals(0, run(line(spec, "--backend", "cpu", "--branches", "--help")), "help is given all the same: " + err);
        }));
    }

    private void refused(String words, List<String> line) throws IOException {
        if (line.getFirst().equals("demo")) {
            line.addAll(List.of("--out", folder.resolve("demo").toString())); // its default lies in the working folder
        }
        assertEquals(2, run(line), line + ": " + err);
        assertEquals("jmoco: " + words + System.lineSeparator(), err.toString());
        assertEquals("", out.toString());
        try (Stream<Path> made = Files.list(folder)) {
            assertEquals(List.of(), made.toList());
        }
    }

    @Test
    void autoSaysWhyItsChoiceCannotBeTheCpu() {
        Supplier<Gpu> device = Backends.exchangeDevice(() -> {
            throw new GpuException("cuInit: no device");
        });
        try {
            assertEquals(1, run(List.of("bench", "step", "--branches", "--no-peaks")));
            assertTrue(err.toString().startsWith("jmoco: --branches is the cuda backend's, which cannot run here; leave it out;"
                    + " a run that began with it goes on by --resume --backend cpu." + System.lineSeparator()
                    + "cuda backend: cuInit: no device"), err.toString());
            assertFalse(err.toString().contains("reference"), err.toString());
        } finally {
            Backends.exchangeDevice(device);
        }
    }

    /** The demo's commands compute as it was told to. */
    @Test
    void aGroupOfOptionsIsHandedOnAsItWasTyped() {
        CommandLine line = new CommandLine(new DemoCommand()).setCaseInsensitiveEnumValuesAllowed(true);
        line.parseArgs("--quick", "--precision", "bf16", "--backend=cuda", "--branches", "--cudnn-graph", "--no-graph=false",
                "--out", "there", "--threads", "2");
        CommandSpec spec = line.getCommandSpec();
        assertEquals(List.of("--precision", "bf16", "--backend", "cuda", "--branches", "--cudnn-graph", "--threads", "2"),
                BackendOptions.of(spec).orElseThrow().typed(spec));
    }
}
