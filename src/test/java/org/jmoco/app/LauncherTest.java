package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ./jmoco as a caller sees it. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of("jmoco").toAbsolutePath();

    private record Outcome(int code, String text) {
    }

    @BeforeAll
    static void needsBashAndTheMavenBuild() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/env")), "no /usr/bin/env: the launcher is a bash script");
        assumeTrue(Files.exists(Path.of("target/classpath")), "not built by Maven (no target/classpath): launcher not tried");
    }

    /** stdout and stderr through one pipe, to its end, as {@code $(./jmoco ... 2>&1)} reads them. */
    private static Outcome launch(Map<String, String> environment, Path launcher, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("JMOCO_JVM_FLAGS");
        builder.environment().put("JMOCO_JAVA", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes());
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
        return new Outcome(process.exitValue(), text);
    }

    @Test
    void startsWithoutAWordFromTheJvm() throws Exception {
        Outcome o = launch(Map.of(), LAUNCHER, "--version");
        assertEquals(0, o.code);
        assertTrue(o.text.startsWith("jmoco "), o.text);
        assertFalse(o.text.contains("WARNING"), o.text);
    }

    /** So that names of files may have letters beyond ASCII where no locale is set, as in containers. */
    @Test
    void theLocaleOfNoLocaleIsUtf8() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "not on Linux: Java takes UTF-8 by itself");
        for (String locale : List.of("C", "POSIX", "C.UTF-8")) {
            Outcome o = launch(Map.of("LC_ALL", locale, "JMOCO_JVM_FLAGS", "-XshowSettings:properties"), LAUNCHER, "--version");
            assertEquals(0, o.code, o.text);
            assertTrue(o.text.contains("sun.jnu.encoding = UTF-8"), locale + ": " + o.text);
        }
    }

    /** A file that the build copies is a source as well: a start after its change must build again. */
    @Test
    void everythingThatTheBuildReadsIsWatched() throws IOException {
        String watched = Files.readAllLines(LAUNCHER).stream().filter(l -> l.contains("for source in ")).findFirst()
                .orElseThrow();
        Matcher resource = Pattern.compile("<resource>(.*?)</resource>", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("pom.xml")));
        int resources = 0;
        for (; resource.find(); resources++) {
            String folder = resource.group(1).replaceAll("(?s).*<directory>(.*)</directory>.*", "$1");
            Matcher include = Pattern.compile("<include>([\\w./]+)</include>").matcher(resource.group(1));
            String source = include.find() ? folder + "/" + include.group(1) : folder;
            assertTrue(Arrays.stream(watched.split("[ ;]")).anyMatch(w -> source.equals(w) || source.startsWith(w + "/")),
                    source);
        }
        assertTrue(resources > 4, "resources of pom.xml: " + resources);
    }

    @Test
    void theJavaOfTheTestsDropsThatLineAndNoOther() throws Exception {
        Path java = Path.of("src/test/bin/java").toAbsolutePath();
        Outcome o = launch(Map.of(), java, "--add-modules=jdk.incubator.vector", "-version");
        assertEquals(0, o.code);
        assertTrue(o.text.startsWith("openjdk version") || o.text.startsWith("java version"), o.text);
        o = launch(Map.of(), java, "--add-modules=jdk.incubator.vector", "NoSuchClass");
        assertEquals(1, o.code);
        assertTrue(o.text.startsWith("Error: Could not find or load main class NoSuchClass"), o.text);
    }

    @Test
    void theWholeErrorTextAndTheExitCodeArrive() throws Exception {
        Outcome o = launch(Map.of(), LAUNCHER, "doctor", "--no-such-option");
        assertEquals(2, o.code);
        assertEquals("jmoco: Unknown option: '--no-such-option'\nSee 'jmoco doctor --help'.\n", o.text);
    }

    @Test
    void whatTheJvmSaysBeforeTheProgramStartsIsNotLost() throws Exception {
        Outcome o = launch(Map.of("JMOCO_JVM_FLAGS", "-XX:NoSuchFlag"), LAUNCHER, "--version");
        assertEquals(1, o.code);
        assertTrue(o.text.contains("NoSuchFlag"), o.text);
    }

    @Test
    void printCommandShowsTheCommandThatRuns() throws Exception {
        Outcome o = launch(Map.of("JMOCO_HEAP", "1g"), LAUNCHER, "--print-command", "doctor", "a b");
        assertEquals(0, o.code);
        assertTrue(o.text.contains("/bin/java --add-modules=jdk.incubator.vector "), o.text);
        assertTrue(o.text.contains(" -Xmx1g "), o.text);
        assertTrue(o.text.endsWith(" org.jmoco.app.Main doctor a\\ b \n"), o.text);
    }

    @Test
    void worksThroughALinkFromAnotherFolder(@TempDir Path folder) throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("jm"), LAUNCHER);
        assertEquals(0, launch(Map.of(), link, "--version").code);
        Files.delete(link); // JUnit warns of links that lead out of its folder
    }

    @Test
    void anUnsuitableJavaIsNamedAndNotReplacedInSilence(@TempDir Path jdk) throws Exception {
        Files.createDirectories(jdk.resolve("bin"));
        Path java = Files.writeString(jdk.resolve("bin/java"), "#!/bin/sh\n");
        assertTrue(java.toFile().setExecutable(true));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
        Outcome o = launch(Map.of("JMOCO_JAVA", jdk.toString()), LAUNCHER, "--version");
        assertEquals(1, o.code);
        assertTrue(o.text.contains("JMOCO_JAVA=" + jdk) && o.text.contains("JDK 25"), o.text);
    }

    @Test
    void killReachesJava() throws Exception {
        Path process = Path.of("/proc");
        assumeTrue(Files.isDirectory(process), "no /proc here: cannot see what the launcher became");
        // Waits inside the JVM, so that there is time to look.
        ProcessBuilder builder = new ProcessBuilder(LAUNCHER.toString(), "doctor").redirectErrorStream(true);
        builder.environment().put("JMOCO_JAVA", System.getProperty("java.home"));
        builder.environment().put("JMOCO_JVM_FLAGS", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0");
        Process p = builder.start();
        try (var lines = p.inputReader()) {
            String line = lines.readLine();
            assertTrue(line != null && line.startsWith("Listening for transport"), "java did not start: " + line);
            assertTrue(Files.readString(process.resolve(p.pid() + "/comm")).startsWith("java"),
                    "the launcher's process is not java");
            p.destroy(); // SIGTERM
            assertTrue(p.waitFor(20, TimeUnit.SECONDS), "SIGTERM to the launcher's process did not end java");
            assertEquals(128 + 15, p.exitValue());
        } finally {
            p.destroyForcibly();
        }
    }

    @Test
    void heapThatTheJvmCannotStartWithIsRefusedByItsName() throws Exception {
        for (String size : List.of("2m", "15M", "64k", "4", "16777215")) {
            Outcome o = launch(Map.of("JMOCO_HEAP", size), LAUNCHER, "doctor");
            assertEquals(1, o.code, o.text);
            assertEquals("jmoco: JMOCO_HEAP=" + size + " is too small; 16m is the least, 4g the default", o.text.strip());
        }
        for (String size : List.of("16m", "16384k", "16777216")) {
            Outcome o = launch(Map.of("JMOCO_HEAP", size), LAUNCHER, "--version");
            assertEquals(0, o.code, o.text);
        }
    }

    @Test
    void aHeapThatIsNoSizeIsNamed() throws Exception {
        Outcome o = launch(Map.of("JMOCO_HEAP", "4x"), LAUNCHER, "doctor");
        assertEquals(1, o.code);
        assertTrue(o.text.startsWith("jmoco: JMOCO_HEAP=4x is no size") && o.text.lines().count() == 1, o.text);
    }

    /** The JVM would end by words of its own about heap and compressed pointers. */
    @Test
    void aHeapLargerThanTheMachineIsNamed() throws Exception {
        for (String size : List.of("900000g", "5000000T", "99999999999999999999", "77777777777m", "9999999999999k")) {
            Outcome o = launch(Map.of("JMOCO_HEAP", size), LAUNCHER, "doctor");
            assertEquals(1, o.code, o.text);
            assertTrue(o.text.matches("jmoco: JMOCO_HEAP=" + size + " is more than this machine has, [0-9]+ MiB; set it to a part"
                    + " of that, as in JMOCO_HEAP=[0-9]+m \\(tensors need memory beside it\\)\n"), o.text);
        }
    }

    /** It is part of another file, which stands alone in an archive. */
    @Test
    void theLauncherOfABundleJudgesTheHeapByTheSameLines(@TempDir Path folder) throws Exception {
        Path bundled = Path.of("src/main/resources/org/jmoco/app/bundle/jmoco");
        Pattern heap = Pattern.compile("# --- the heap -+\n(.*?)\n# --- ", Pattern.DOTALL);
        Matcher ours = heap.matcher(Files.readString(LAUNCHER));
        Matcher theirs = heap.matcher(Files.readString(bundled));
        assertTrue(ours.find() && theirs.find(), "the part on the heap");
        assertEquals(ours.group(1), theirs.group(1));
        Path launcher = Files.copy(bundled, folder.resolve("jmoco"));
        Path java = Files.createDirectories(folder.resolve("jre/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho \"$@\"\n");
        assertTrue(launcher.toFile().setExecutable(true) && java.toFile().setExecutable(true));
        for (String size : List.of("4x", "0", "900000g", "2m")) {
            Outcome o = launch(Map.of("JMOCO_HEAP", size), launcher, "doctor");
            assertEquals(1, o.code, o.text);
            assertTrue(o.text.startsWith("jmoco: JMOCO_HEAP=" + size + " is ") && o.text.lines().count() == 1, o.text);
        }
        assertTrue(launch(Map.of("JMOCO_HEAP", "1g"), launcher, "doctor").text.contains(" -Xmx1g "));
        assertTrue(launch(Map.of(), launcher, "doctor").text.contains(" -Xmx4g "));
    }

    /** As another user than the one who owns the folder, with nothing built. */
    @Test
    void aFolderThatCannotBeWrittenSaysWhoCanBuild(@TempDir Path folder) throws Exception {
        Files.copy(LAUNCHER, folder.resolve("jmoco"));
        String text = doctorOfAnotherUser(folder, folder);
        assertTrue(text.startsWith("jmoco: needs to be built") && text.contains("Let its owner") && !text.contains("line "),
                text);
    }

    /** Built by a user whose home, and so the libraries, others cannot enter: building again would change nothing. */
    @Test
    void librariesThatCannotBeReadAreNamed(@TempDir Path folder) throws Exception {
        Files.copy(LAUNCHER, folder.resolve("jmoco"));
        for (String source : List.of("pom.xml", "src/main", "data", "kernels/ptx", "benchmarks/gate.txt", "benchmarks/shapes")) {
            Files.createDirectories(folder.resolve(source));
        }
        Path home = folder.resolve("home of the owner");
        Path jar = Files.createDirectories(home.resolve("repository")).resolve("a.jar");
        Files.writeString(jar, "");
        Files.createDirectories(folder.resolve("target/classes"));
        Files.writeString(folder.resolve("target/classpath"), "/:" + jar);
        Path target = folder.resolve("target");
        for (Path hidden : List.of(jar, home)) {
            Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("---------"));
            String text = doctorOfAnotherUser(folder, target);
            assertTrue(text.startsWith("jmoco: is built, but ") && text.contains(" cannot read " + hidden + ", where libraries")
                    && text.contains("chmod a+rX") && !text.contains("needs to be built") && !text.contains("line "), text);
            Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    /** What {@code bash folder/jmoco doctor} says, and exits by 1, where the folder {@code closed} cannot be written. */
    private static String doctorOfAnotherUser(Path folder, Path closed) throws IOException, InterruptedException {
        boolean root = "root".equals(System.getProperty("user.name"));
        assumeTrue(!root || Files.isExecutable(Path.of("/usr/bin/setpriv")), "root without setpriv: every folder can be written");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
        List<String> command = new ArrayList<>(root ? List.of("/usr/bin/setpriv", "--reuid", "65534", "--clear-groups")
                : List.of());
        command.addAll(List.of("bash", folder.resolve("jmoco").toString(), "doctor"));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JMOCO_JAVA", System.getProperty("java.home"));
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes());
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(1, process.waitFor());
        return text;
    }
}
