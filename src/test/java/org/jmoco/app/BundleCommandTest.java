package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jmoco.app.bundle.BundleFolder;
import org.jmoco.backend.cuda.FakeCuda;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bundle is made once, packed, unpacked by tar, and used as on a machine that has nothing else. */
class BundleCommandTest {
    @TempDir
    private static Path scratch;
    private static Path bundle;

    private record Outcome(int code, String text) {
    }

    @BeforeAll
    static void make() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64"),
                "bundles are made on Linux on x86_64");
        assumeTrue(Files.exists(Path.of("target/classpath")), "not built by Maven (no target/classpath)");
        List<Path> classPath = new ArrayList<>(List.of(Path.of("target/classes").toAbsolutePath()));
        Arrays.stream(Files.readString(Path.of("target/classpath")).strip().split(File.pathSeparator)).map(Path::of)
                .forEach(classPath::add);
        Path folder = scratch.resolve("made/jmoco");
        List<String> said = new ArrayList<>();
        BundleFolder.make(folder, classPath, BundleCommand.files(Path.of("")), "0123abcd", said::add);
        assertEquals(3, said.size(), said.toString());
        Path archive = scratch.resolve("bundle.tar.xz");
        BundleFolder.pack(folder, archive, 1, n -> { });
        BundleCommand.checkSize(archive, Files.size(archive)); // even so; the command's own level packs a sixth smaller
        Outcome o = run(Map.of("PATH", "/usr/bin:/bin"), scratch, "tar", "-xf", archive.toString());
        assertEquals(0, o.code, o.text);
        bundle = scratch.resolve("jmoco");
    }

    private static Outcome run(Map<String, String> environment, Path in, String... command) throws Exception {
        ProcessBuilder b = new ProcessBuilder(command).directory(in.toFile()).redirectErrorStream(true);
        b.environment().clear();
        b.environment().putAll(environment);
        Process p = b.start();
        p.getOutputStream().close();
        String text = new String(p.getInputStream().readAllBytes());
        assertTrue(p.waitFor(120, TimeUnit.SECONDS), String.join(" ", command) + " hangs");
        return new Outcome(p.exitValue(), text);
    }

    private static Outcome jmoco(Map<String, String> more, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(bundle.resolve("jmoco").toString()));
        command.addAll(List.of(arguments));
        Path home = Files.createDirectories(scratch.resolve("home"));
        Map<String, String> environment = new java.util.HashMap<>(Map.of("PATH", "/usr/bin:/bin", "HOME", home.toString()));
        environment.putAll(more);
        return run(environment, home, command.toArray(String[]::new));
    }

    @Test
    void aNameThatPromisesAnotherFormatIsRefused() throws Exception {
        for (String name : new String[] {"b.zip", "b.tar.gz", "b", "b.xz"}) {
            String said = CommandRuns.run(2, "bundle", "--out", scratch.resolve(name).toString());
            assertTrue(said.contains("let its name end with .tar.xz or .txz") && said.strip().lines().count() == 1, said);
        }
        Path taken = Files.createDirectory(scratch.resolve("taken.tar.xz"));
        assertTrue(CommandRuns.run(2, "bundle", "--out", taken.toString()).contains("is a folder; name a file"));
    }

    @Test
    void itRunsWithoutJavaAndUnpacksNothing() throws Exception {
        Outcome o = jmoco(Map.of(), "selftest", "--backend", "cpu", "--case", "conv2d_fwd n1 h1,relu_fwd");
        assertEquals(0, o.code, o.text);
        assertTrue(o.text.startsWith("selftest on cpu: ") && o.text.contains("oneDNN"), o.text);
        try (Stream<Path> left = Files.walk(scratch.resolve("home"))) {
            assertEquals(List.of(), left.filter(p -> p.toString().endsWith(".so") || p.toString().contains(".so.")).toList());
        }
    }

    @Test
    void doctorNamesTheBundlesOwnJavaAndNatives() throws Exception {
        Outcome o = jmoco(Map.of(), "doctor");
        assertTrue(o.text.contains(bundle.resolve("jre").toString())
                && o.text.contains(bundle.resolve("natives") + " (of this bundle"), o.text);
        assertTrue(o.text.lines().anyMatch(l -> l.startsWith("ok ") && l.contains("--backend cpu")), o.text);
    }

    @Test
    void withoutAGpuTheReasonIsOneLine() throws Exception {
        Path nothing = Files.createDirectories(scratch.resolve("nothing"));
        Outcome o = jmoco(Map.of("JMOCO_CUDA_LIBS", nothing.toString()), "bench", "step", "--backend", "cuda");
        assumeTrue(o.code != 0, "this machine has a GPU");
        assertEquals(1, o.code, o.text);
        assertTrue(o.text.startsWith("jmoco: cuda backend: ") && o.text.contains("cure: "), o.text);
    }

    /**
     * JCuda's native halves are loaded from the bundle, on stand-ins of NVIDIA's libraries; that for CUDA 13 is the retargeted
     * one.
     */
    @Test
    void cudaLibrariesOf12And13AreFoundAndJCudaLoads() throws Exception {
        for (int cuda : new int[] {12, 13}) {
            Path libraries = FakeCuda.build(scratch.resolve("cuda" + cuda), cuda);
            Outcome o = jmoco(Map.of("JMOCO_CUDA_LIBS", libraries.toString()), "doctor");
            assertTrue(o.text.lines().anyMatch(l -> l.startsWith("ok ") && l.contains("CUDA device") && l.contains("Paper GPU")),
                    o.text);
            assertTrue(o.text.lines().anyMatch(l -> l.startsWith("ok ") && l.contains("cuBLAS ")
                    && l.contains("libcublas.so." + cuda)), o.text);
            assertTrue(o.text.lines().anyMatch(l -> l.startsWith("ok ") && l.contains("--backend cuda")), o.text);
            assertTrue(Files.exists(bundle.resolve("natives/jcuda-12.6.0-cuda" + cuda + "/libJCublas2-12.6.0-linux-x86_64.so")));
        }
    }

    @Test
    void whatAGpuRunDoesNotNeedStaysOut() throws Exception {
        try (Stream<Path> files = Files.walk(bundle)) {
            List<String> names = files.map(p -> p.getFileName().toString()).toList();
            assertTrue(names.contains("libdnnl.so.3") && names.contains("gpu-session.sh")
                    && names.contains("moco_step_torch_gpu.py"), names.toString());
            assertTrue(names.stream().noneMatch(n -> n.contains("onnxruntime") || n.contains("PTXCompiler")
                    || n.contains("windows") || n.startsWith("junit")), names.toString());
        }
    }

    /** Each jar and native file that travels has a row in licences.md, and the text that the row names lies beside it. */
    @Test
    void theLicencesOfWhatTravelsTravel() throws Exception {
        assertEquals(-1, Files.mismatch(Path.of("LICENSE"), bundle.resolve("LICENSE")));
        List<String[]> rows = Files.readAllLines(bundle.resolve("licences.md")).stream()
                .filter(l -> l.startsWith("| ") && l.contains(":"))
                .map(l -> l.split("\\s*\\|\\s*", -1)).toList();
        List<String> carried = new ArrayList<>(List.of("pdfbox-3.0.1", "dnnl-3.13-1.5.14")); // a font; two shared libraries
        try (Stream<Path> jars = Files.list(bundle.resolve("lib"))) {
            jars.map(j -> j.getFileName().toString().replace(".jar", "")).filter(j -> !j.equals("jmoco")).forEach(carried::add);
        }
        assertTrue(carried.size() > 20, carried.toString());
        for (String jar : carried) {
            String[] row = rows.stream()
                    .filter(r -> (r[1].replaceFirst("^.*:", "").replaceFirst(" .*", "") + "-" + r[2]).equals(jar)).findFirst()
                    .orElseThrow(() -> new AssertionError(jar + " is in no row of licences.md"));
            assertTrue(!row[5].equals("no"), jar + " travels, but licences.md says no");
            for (String text : row[6].split(", ")) {
                boolean there = switch (text) {
                    case "Apache-2.0" -> row[3].startsWith("Apache-2.0");
                    case "of the jar" -> {
                        try (Stream<Path> own = Files.list(bundle.resolve("licences").resolve(jar))) {
                            yield own.anyMatch(f -> f.getFileName().toString().startsWith("LICENSE"));
                        }
                    }
                    default -> Files.size(bundle.resolve("licences").resolve(text)) > 500;
                };
                assertTrue(there, jar + ": " + text);
            }
        }
        String font = Files.readString(bundle.resolve("licences/pdfbox-3.0.1/LICENSE"));
        assertTrue(font.contains("Liberation Fonts") && font.contains("SIL OPEN FONT LICENSE Version 1.1"));
        assertTrue(Files.exists(bundle.resolve("jre/legal/java.base/LICENSE")));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamedAsItWasTyped() {
        String said = CommandRuns.run(1, "bundle", "--out", "/proc/x.tar.xz");
        assertTrue(said.startsWith("jmoco: --out /proc/x.tar.xz: nothing can be written into /proc;")
                && !said.contains(".bundle"),
                said);
    }

    @Test
    void slicesThatCannotBeMadeAreUsageErrors() {
        String dir = scratch.toString();
        for (List<String> data : List.of(List.of("idc=" + dir), List.of("cifar10=" + dir + ":0"), List.of("cifar10"),
                List.of("cifar10=" + dir + ":50", "cifar10=" + dir + ":100"))) {
            List<String> arguments = new ArrayList<>(List.of("bundle", "--out", scratch.resolve("never/b.tar.xz").toString()));
            data.forEach(d -> arguments.addAll(List.of("--data", d)));
            StringWriter err = new StringWriter();
            assertEquals(2, Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), arguments.toArray(String[]::new)),
                    data + ": " + err);
            assertEquals(1, err.toString().lines().count(), err.toString());
            assertTrue(Files.notExists(scratch.resolve("never")), data.toString());
        }
    }

    @Test
    void anArchiveAboveTheLimitFails() {
        Path archive = Path.of("a.tar.xz");
        BundleCommand.checkSize(archive, BundleCommand.LIMIT);
        UserError e = assertThrows(UserError.class, () -> BundleCommand.checkSize(archive, BundleCommand.LIMIT + 1));
        assertEquals(1, e.exitCode());
        assertTrue(e.getMessage().contains("more than the 60 MB"), e.getMessage());
    }
}
