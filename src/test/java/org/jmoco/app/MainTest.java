package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private String report(Throwable e, int expectedCode) {
        assertEquals(expectedCode, Failure.report(e, false, new PrintWriter(err)));
        return err.toString();
    }

    @Test
    void everyCommandHasHelpThatNamesEveryOptionInWords() {
        assertEquals(0, run("--help"));
        var top = new picocli.CommandLine(new Main());
        for (var command : top.getSubcommands().values()) {
            var spec = command.getCommandSpec();
            assertTrue(spec.usageMessage().description().length > 0, spec.name() + " has no description");
            assertTrue(out.toString().contains(spec.name()), spec.name() + " is not in the list of commands");
            assertEquals(0, run(spec.name(), "--help"));
            for (var option : spec.options()) {
                assertTrue(option.longestName().startsWith("--"), spec.name() + ": " + option + " has no long name");
                assertTrue(option.description().length > 0, spec.name() + ": " + option + " has no help text");
            }
        }
    }

    /** picocli falls back to the Java field's name in angle brackets where an option names no value. */
    @Test
    void helpOfNoCommandShowsTheNameOfAJavaField() {
        assertNoFieldNames(new picocli.CommandLine(new Main()));
    }

    private static void assertNoFieldNames(picocli.CommandLine command) {
        String usage = command.getUsageMessage();
        assertFalse(usage.contains("=<"), usage);
        command.getSubcommands().values().forEach(MainTest::assertNoFieldNames);
    }

    @Test
    void versionIsThatOfTheBuild() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().matches("(?s)jmoco \\d+\\.\\d+.*Java \\d+.*"), out.toString());
    }

    @Test
    void unknownOptionSuggestsTheNearest() {
        assertEquals(2, run("doctor", "--stacktrase"));
        assertTrue(err.toString().contains("Unknown option: '--stacktrase'"), err.toString());
        assertTrue(err.toString().contains("--stacktrace"), err.toString());
        assertEquals(3, err.toString().lines().count(), err.toString());
    }

    @Test
    void missingAndUnknownCommandsAreUsageErrors() {
        assertEquals(2, run());
        assertEquals(2, run("doctro"));
        assertTrue(err.toString().contains("doctor"), err.toString());
        assertEquals(2, run("cuda", "doctor"));
        assertTrue(err.toString().contains("unknown command 'doctor'; there is install"), err.toString());
    }

    @Test
    void userErrorPrintsItsMessageAloneAndItsCode() {
        assertEquals("jmoco: batch 7 is odd\n", report(UserError.usage("batch 7 is odd"), 2));
    }

    @Test
    void userErrorIsFoundBelowTheWrappingOfAWorkerThread() {
        assertEquals("jmoco: no such set\n", report(new ExecutionException(UserError.failed("no such set")), 1));
    }

    @Test
    void stacktraceIsPrintedOnlyOnRequest() {
        assertFalse(report(new IllegalStateException("odd"), 1).contains("\tat "));
        assertEquals(1, Failure.report(new IllegalStateException("odd"), true, new PrintWriter(err)));
        assertTrue(err.toString().contains("\tat org.jmoco.app.MainTest"), err.toString());
    }

    @Test
    void unexpectedErrorsAreOneLineAndSayHowToSeeMore() {
        assertEquals("jmoco: internal error: IllegalStateException: odd (run with --stacktrace to see where)\n",
                report(new IllegalStateException("odd"), 1));
    }

    @Test
    void heapAndNativeMemoryHaveDifferentCures() {
        String full = report(new OutOfMemoryError("Java heap space"), 1);
        assertTrue(full.contains("JMOCO_HEAP=") && full.contains("full in MainTest.heapAndNativeMemoryHaveDifferentCures"), full);
        err.getBuffer().setLength(0);
        String text = report(new RuntimeException(new OutOfMemoryError("Physical memory usage is too high")), 1);
        assertTrue(text.contains("--batch") && !text.contains("JMOCO_HEAP="), text);
    }

    @Test
    void fileErrorsNameTheFileInWords() {
        report(new NoSuchFileException("/a"), 1);
        report(new UncheckedIOException(new AccessDeniedException("/b")), 1);
        report(new FileSystemException("/c", null, "No space left on device"), 1);
        report(new IOException("unexpected end"), 1);
        assertEquals("""
                jmoco: /a: no such file or folder
                jmoco: /b: permission denied
                jmoco: /c: No space left on device
                jmoco: unexpected end
                """, err.toString());
    }

    @Test
    void anUnknownCommandIsCalledSoAndTheOthersAreListed() {
        assertEquals(2, run("bogus"));
        assertTrue(err.toString().startsWith("jmoco: unknown command 'bogus'; there are demo, run, pretrain"), err.toString());
        err.getBuffer().setLength(0);
        assertEquals(2, run("data"));
        assertTrue(err.toString().contains("list, fetch, info, show or clear-cache"), err.toString());
    }

    @Test
    void choicesAreShownAsTheyAreTyped() {
        assertEquals(2, run("pretrain", "--backend", "gpu"));
        assertTrue(err.toString().contains("[auto, cuda, cpu, reference]"), err.toString());
        for (String command : new String[] {"pretrain", "finetune", "probe", "knn", "evaluate"}) {
            assertEquals(0, run(command, "--help"));
        }
        String help = out.toString();
        assertFalse(help.matches("(?s).*\\b(COSINE|CONSTANT|FRESH|PROJECTION|ADAM|CIFAR|IMAGENET)\\b.*"), help);
        assertFalse(help.matches("(?s).*\\d\\.\\dE-\\d.*"), help);
        assertTrue(help.contains("default: 0.0001") && help.contains("default: cosine") && help.contains("default: cifar"), help);
    }

    @Test
    void aPictureIsNoNetwork(@TempDir Path folder) throws IOException {
        Path png = folder.resolve("slice.png");
        javax.imageio.ImageIO.write(new java.awt.image.BufferedImage(20, 20, java.awt.image.BufferedImage.TYPE_INT_RGB), "png",
                png.toFile());
        assertEquals(1, run("evaluate", "--from", png.toString()));
        assertTrue(err.toString().contains("slice.png: is no safetensors file"), err.toString());
    }

    @Test
    void theDemoLeavesOtherFoldersAlone(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        assertEquals(2, run("demo", "--out", folder.toString()));
        assertTrue(err.toString().contains("no demo has written"), err.toString());
        assertEquals("mine", Files.readString(folder.resolve("mine.txt")));
    }
}
