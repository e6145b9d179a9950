package org.jmoco.app.bundle;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;

/** A Java runtime with the modules that the program needs and no others, made by jdeps and jlink of the JDK that runs this. */
final class RuntimeImage {
    /** Asked for by name at a start ({@code --add-modules}), so that no class file names it. */
    private static final String VECTOR_API = "jdk.incubator.vector";

    private RuntimeImage() {
    }

    /**
     * @param folder must not exist
     * @param classPath what the modules are read off, the program first
     * @throws UserError if this Java has no jlink, or it fails
     */
    static void link(Path folder, List<Path> classPath) throws IOException, InterruptedException {
        TreeSet<String> modules = modules(classPath);
        // Uncompressed, since xz does better on the whole; without line numbers; legal notices stay.
        run(tool("jlink"), List.of("--add-modules", String.join(",", modules), "--strip-java-debug-attributes",
                "--no-header-files", "--no-man-pages", "--compress", "zip-0", "--output", folder.toString()));
        stripSymbols(folder);
    }

    /** By what the class files use; what they name and nobody has (optional parts of libraries) is left out. */
    static TreeSet<String> modules(List<Path> classPath) throws IOException, InterruptedException {
        String path = classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
        List<String> arguments = new ArrayList<>(List.of("--multi-release", "base", "--ignore-missing-deps",
                "--print-module-deps", "--add-modules", VECTOR_API, "--class-path", path));
        arguments.add(classPath.getFirst().toString()); // and what can be reached from it
        String answer = run(tool("jdeps"), arguments).lines().reduce((a, b) -> b).orElse("");
        if (!answer.matches("[a-z.,\\d]+")) {
            throw UserError.failed("bundle: jdeps names no modules: " + answer);
        }
        TreeSet<String> modules = new TreeSet<>(List.of(answer.split(",")));
        modules.add(VECTOR_API);
        return modules;
    }

    /** Symbol tables of the JVM's own libraries (5 MB), where this machine has strip. */
    private static void stripSymbols(Path folder) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("strip", "--strip-unneeded"));
        try (Stream<Path> files = Files.walk(folder.resolve("lib"))) {
            files.filter(f -> f.toString().endsWith(".so")).map(Path::toString).forEach(command::add);
        }
        try {
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start()
                    .waitFor();
        } catch (IOException e) {
            return; // not installed: the archive grows by 1 MB, which its size check sees
        }
    }

    private static Path tool(String name) {
        Path tool = Path.of(System.getProperty("java.home"), "bin", name);
        if (!Files.isExecutable(tool)) {
            throw UserError.failed("bundle: there is no " + tool
                    + "; start by ./jmoco with a JDK (not a JRE, not a bundle), see JMOCO_JAVA");
        }
        return tool;
    }

    private static String run(Path tool, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(tool.toString()));
        command.addAll(arguments);
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        p.getOutputStream().close();
        String text = new String(p.getInputStream().readAllBytes());
        if (p.waitFor() != 0) {
            throw UserError.failed("bundle: " + tool.getFileName() + " failed: " + text.strip()
                    + "\n  a JDK with its jmods folder, or one that can link without (Temurin 25), is needed; see JMOCO_JAVA");
        }
        return text;
    }
}
