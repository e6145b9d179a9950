package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class StandardOutputTest {
    @TempDir
    Path folder;

    @Test
    void aReaderThatHasSeenEnoughIsNoError() {
        assertEquals("0 ", ended(0, "Broken pipe"));
        assertEquals("0 ", ended(0, null));
        assertEquals("2 ", ended(2, null));
    }

    @Test
    void outputThatDidNotArriveIsAFailure() {
        String words = "jmoco: what was printed could not be written: No space left on device.";
        assertTrue(ended(0, "No space left on device").startsWith("1 " + words));
        assertTrue(ended(2, "No space left on device").startsWith("2 " + words));
    }

    @Test
    @Timeout(120)
    void figuresOnAFullDiskAreNotLostInSilence() throws Exception {
        File full = new File("/dev/full"); // takes nothing: Linux has it
        assumeTrue(full.exists());
        Path said = folder.resolve("stderr.txt");
        Process list = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Main.class.getName(), "data", "list")
                .redirectOutput(full).redirectError(said.toFile()).start();
        int code = list.waitFor();
        String text = Files.readString(said);
        assertEquals(1, code, text);
        assertTrue(text.startsWith("jmoco: what was printed could not be written: ") && text.lines().count() == 1, text);
    }

    /** What the program ends with: exit code and words, after it printed to a stream that answers with this error. */
    private static String ended(int code, String error) {
        StandardOutput stdout = new StandardOutput(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                if (error != null) {
                    throw new IOException(error);
                }
            }
        });
        new PrintStream(stdout, true, StandardCharsets.UTF_8).println("AUC 0.8123");
        StringWriter err = new StringWriter();
        return stdout.judge(code, new PrintWriter(err, true)) + " " + err;
    }
}
