package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Stand-ins of NVIDIA's libraries, compiled from the C sources in the test resources, and a Java process that uses them: once
 * loaded, libraries stay for the life of a process, so none of this may happen in the tests' own.
 */
public final class FakeCuda {
    private static final List<String> SOURCES = List.of("fake.h", "cuda.c", "ptxjitcompiler.c", "cublas.c", "cublaslt.c", "cudnn.c",
            "cudnn_part.c");
    private static final List<String> CUDNN_PARTS = List.of("graph", "ops", "cnn", "engines_precompiled", "heuristic");

    private FakeCuda() {
    }

    /** What a process printed on both streams, and how it ended. */
    public record Outcome(int code, String text) {
    }

    /**
     * Compiles all of them into a folder. Skips the test, visibly, where there is no gcc or the platform is another.
     *
     * @param cuda version of CUDA of the libraries, 12 or 13
     */
    public static Path build(Path folder, int cuda) throws IOException, InterruptedException {
        buildDriver(folder);
        String telltale = "-DFAKE_TELLTALE=\"libcublasLt.so." + cuda + "\"";
        String version = "-DFAKE_VERSION=" + cuda;
        compile(folder, "cublaslt.c", "libcublasLt.so." + cuda, true, version);
        compile(folder, "cublas.c", "libcublas.so." + cuda, true, version);
        compile(folder, "cudnn.c", "libcudnn.so.9", true);
        for (String part : CUDNN_PARTS) {
            compile(folder, "cudnn_part.c", "libcudnn_" + part + ".so.9", true, telltale);
        }
        return folder;
    }

    /** The driver's libraries alone. Skips as {@link #build} does. */
    public static Path buildDriver(Path folder) throws IOException, InterruptedException {
        assumeTrue(System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64"),
                "not Linux on x86_64: no CUDA backend");
        assumeTrue(hasGcc(), "no gcc: the stand-ins of NVIDIA's libraries cannot be compiled");
        Files.createDirectories(folder);
        for (String s : SOURCES) {
            try (InputStream in = FakeCuda.class.getResourceAsStream("fake/" + s)) {
                Files.write(folder.resolve(s), in.readAllBytes());
            }
        }
        compile(folder, "cuda.c", "libcuda.so.1", false);
        compile(folder, "ptxjitcompiler.c", "libnvidia-ptxjitcompiler.so.1", false);
        return folder;
    }

    /** That of the tests with absolute paths: the process runs in another folder. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(p -> Path.of(p).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static boolean hasGcc() throws InterruptedException {
        try {
            return new ProcessBuilder("gcc", "--version").redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** @param versioned symbols carry the library's name as their version, as NVIDIA's do */
    private static void compile(Path folder, String source, String library, boolean versioned, String... defines)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("gcc", "-O1", "-shared", "-fPIC", "-o", library,
                "-Wl,-soname," + library));
        command.addAll(List.of(defines));
        if (versioned) {
            Files.writeString(folder.resolve("version.map"), library + " { global: *; };\n");
            command.add("-Wl,--version-script=version.map");
        }
        command.addAll(List.of(source, "-lm", "-ldl"));
        Process p = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        String text = new String(p.getInputStream().readAllBytes());
        assertEquals(0, p.waitFor(), "gcc: " + text);
    }

    /**
     * Runs a class of the tests or the program in a process that looks for CUDA libraries in {@code libraries} first.
     *
     * @param scratch the process's home and cache
     */
    public static Outcome run(Path libraries, Path scratch, Map<String, String> environment, String main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", "-cp", classPath(), main));
        command.addAll(List.of(arguments));
        ProcessBuilder b = new ProcessBuilder(command).directory(scratch.toFile()).redirectErrorStream(true);
        b.environment().keySet().removeIf(k -> k.startsWith("FAKE_CUDA") || k.startsWith("JMOCO_") || k.startsWith("CUDA")
                || k.equals("LD_LIBRARY_PATH"));
        b.environment().putAll(Map.of("JMOCO_CUDA_LIBS", libraries.toString(), "HOME", scratch.toString(), "XDG_CACHE_HOME",
                scratch.resolve("cache").toString()));
        b.environment().putAll(environment);
        Process p = b.start();
        String text = new String(p.getInputStream().readAllBytes());
        assertTrue(p.waitFor(60, TimeUnit.SECONDS), main + " hangs");
        return new Outcome(p.exitValue(), text);
    }
}
