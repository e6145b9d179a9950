package org.jmoco.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * On what a run was made.
 *
 * @param started     local time with zone
 * @param jmoco       version
 * @param commit      git commit of the sources, with {@code -dirty} if they were changed; {@code unknown} outside a clone
 * @param java        version and vendor
 * @param os          name, version, architecture
 * @param cpu         model
 * @param processors  logical processors that this process may use
 * @param memoryBytes physical memory
 * @param threads     threads that the run uses
 * @param backend     the backend's own description
 * @param command     what was typed: {@code jmoco} and its arguments
 * @param javaCommand the command line of this process
 */
public record RunEnvironment(
        String started,
        String jmoco,
        String commit,
        String java,
        String os,
        String cpu,
        int processors,
        long memoryBytes,
        int threads,
        String backend,
        List<String> command,
        String javaCommand) {

    /** Of this process, now. */
    public static RunEnvironment now(String jmocoVersion, int threads, String backend, List<String> arguments) {
        return new RunEnvironment(
                ZonedDateTime.now().withNano(0).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME),
                jmocoVersion,
                gitCommit(),
                Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
                cpuModel(),
                Runtime.getRuntime().availableProcessors(),
                physicalMemory(),
                threads,
                backend,
                Stream.concat(Stream.of("jmoco"), arguments.stream()).toList(),
                ProcessHandle.current().info().commandLine().orElse("unknown"));
    }

    /** What this virtual machine was started with, without properties and class path. */
    public static String jvmFlags() {
        return String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(a -> !a.startsWith("-D"))
                .toList());
    }

    Map<String, Object> toMap() {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("started", started);
        out.put("jmoco", jmoco);
        out.put("commit", commit);
        out.put("java", java);
        out.put("os", os);
        out.put("cpu", cpu);
        out.put("processors", processors);
        out.put("memory_bytes", memoryBytes);
        out.put("threads", threads);
        out.put("backend", backend);
        out.put("command", command);
        out.put("java_command", javaCommand);
        return out;
    }

    /** System property with the commit, where the program runs without its sources: the launcher of a bundle sets it. */
    public static final String COMMIT_PROPERTY = "jmoco.commit";

    /** Asks git in the clone that this class was built in, which is found by the pom.xml above the class files. */
    private static String gitCommit() {
        String told = System.getProperty(COMMIT_PROPERTY);
        if (told != null) {
            return told;
        }
        try {
            Path classes = Path.of(RunEnvironment.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            for (Path p = classes; p != null; p = p.getParent()) {
                if (Files.exists(p.resolve("pom.xml")) && Files.exists(p.resolve(".git"))) {
                    return describe(p);
                }
            }
        } catch (URISyntaxException | IOException e) {
            return "unknown";
        }
        return "unknown";
    }

    private static String describe(Path clone) throws IOException {
        Process git = new ProcessBuilder("git", "-C", clone.toString(), "describe", "--always", "--dirty", "--abbrev=40",
                "--exclude=*")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            // The answer is one line, so it fits into the pipe and git ends without being read.
            if (git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0) {
                return new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            git.destroyForcibly();
        }
        return "unknown";
    }

    private static String cpuModel() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name"))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException | UncheckedIOException notLinux) {
            // Windows names the processor in the environment; macOS would need a further process to ask.
            return System.getenv().getOrDefault("PROCESSOR_IDENTIFIER", "unknown");
        }
    }

    private static long physicalMemory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : -1;
    }
}
