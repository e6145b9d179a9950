package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private long nanos;

    @Test
    void plainLinesGiveShareSpeedTimeLeftAndLoss() {
        // 1000 images a second for 30 s out of 100 s; 10,000 were done before and do not count for the speed.
        try (Progress p = start(Progress.Mode.PLAIN, false, 110_000, 10_000)) {
            p.phase("epoch 1/3");
            p.step(500, 4.75);
            for (int i = 1; i < 60; i++) {
                nanos += 500_000_000L;
                p.step(500, i < 20 ? Double.NaN : 4.25);
                if (i == 30) {
                    p.say("epoch 1 is over");
                }
            }
        }
        List<String> lines = text().lines().toList();
        assertEquals(
                List.of(
                        "pretrain 18.6 %, 20500/110000 images, 1050 images/s, 1 min 25 s left, epoch 1/3, loss 4.2500",
                        "epoch 1 is over",
                        "pretrain 27.7 %, 30500/110000 images, 1025 images/s, 1 min 18 s left, epoch 1/3, loss 4.2500",
                        "pretrain 36.4 %, 40000/110000 images, 1017 images/s, 1 min 09 s left, epoch 1/3, loss 4.2500"),
                lines);
    }

    /** A day of steps gives a log that can still be read. */
    @Test
    void plainLinesGetRarer() {
        try (Progress p = start(Progress.Mode.PLAIN, false, 86_400, 0)) {
            for (int i = 0; i < 86_400; i++) {
                nanos += 1_000_000_000L;
                p.step(1, 1);
            }
        }
        long lines = text().lines().count();
        // 20 in the first 200 s, about ln(6000/200)/ln(1.05) = 70 until 6000 s, then 80,400/300 = 268.
        assertTrue(lines > 300 && lines < 400, lines + " lines");
        assertTrue(text().endsWith("loss 1.0000\n"));
        assertEquals(1, text().lines().filter(l -> l.contains("100.0 %")).count());
    }

    @Test
    void aBarRepaintsOneLineAndSpokenLinesStandAlone() {
        try (Progress p = start(Progress.Mode.AUTO, true, 1000, 0)) {
            p.phase("epoch 1/2");
            nanos += 1_000_000_000L;
            p.step(500, 2.5);
            p.say("epoch 1: loss 2.5");
        }
        String text = text();
        assertTrue(text.contains("\r\033[Kepoch 1: loss 2.5\n"), text);
        String painted = text.substring(text.lastIndexOf('\r'));
        // 80 columns where there is no terminal to ask.
        assertTrue(
                painted.matches("\r\033\\[Kpretrain \\[(=+) +] 50\\.0 %, 500 images/s, 1 s left, epoch 1/2, loss 2\\.5000\n"),
                painted);
        assertTrue(painted.length() < 85, painted);
    }

    @Test
    void autoIsPlainWithoutATerminal() {
        try (Progress p = start(Progress.Mode.AUTO, false, 10, 0)) {
            nanos += 1_000_000_000L;
            p.step(10, Double.NaN);
        }
        assertEquals("pretrain 100.0 %, 10/10 images, 10 images/s\n", text());
    }

    @Test
    void noneStillSays() {
        try (Progress p = start(Progress.Mode.NONE, true, 10, 0)) {
            p.step(10, 1);
            p.say("line");
        }
        assertEquals("line\n", text());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 s", "999, 1 s", "59400, 59 s", "59500, 1 min 00 s", "125000, 2 min 05 s", "11220000, 3 h 07 min",
        "187200000, 2 d 04 h", "-5, 0 s"
    })
    void durationsReadWell(long millis, String expected) {
        assertEquals(expected, Progress.duration(Duration.ofMillis(millis)));
    }

    private Progress start(Progress.Mode mode, boolean terminal, long total, long before) {
        return Progress.start(mode, terminal, "pretrain", total, before, out, () -> nanos);
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
