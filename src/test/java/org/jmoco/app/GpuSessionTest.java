package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** benchmarks/gpu-session.sh with a stand-in for jmoco and Python: every part is tried, and the report says how it went. */
class GpuSessionTest {
    @Test
    void aMachineWithoutGpuGetsAWholeReportOfClearFailures(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/timeout")) && Files.isExecutable(Path.of("/usr/bin/env")), "no timeout or env here");
        Path jmoco = script(folder.resolve("jmoco"), "case \"$1\" in doctor|--version) echo \"$1 works\";; golden) sleep 60;;"
                + " *) echo 'jmoco: cuda backend: no driver' >&2; exit 1;; esac");
        Path python = script(folder.resolve("python"), "echo 'moco_step_torch_gpu: PyTorch sees no GPU' >&2; exit 1");
        Path report = folder.resolve("report");
        ProcessBuilder b = new ProcessBuilder("benchmarks/gpu-session.sh", report.toString()).redirectErrorStream(true);
        b.environment().put("JMOCO", jmoco.toString());
        b.environment().put("PYTHON", python.toString());
        b.environment().put("BATCHES", "128");
        b.environment().put("SCALE", "1"); // golden gets 2 seconds
        b.environment().put("GOLDEN", Files.createDirectories(folder.resolve("golden")).toString());
        Process p = b.start();
        String text = new String(p.getInputStream().readAllBytes());
        assertTrue(p.waitFor(60, TimeUnit.SECONDS), text);
        assertEquals(1, p.exitValue(), text);
        List<String> summary = Files.readAllLines(report.resolve("summary.tsv"));
        assertTrue(summary.stream().anyMatch(l -> l.startsWith("selftest-bf16\tfailed (1)\t")), summary.toString());
        assertTrue(summary.stream().anyMatch(l -> l.startsWith("golden\tout of time (2 s)\t")), summary.toString());
        assertTrue(summary.stream().anyMatch(l -> l.startsWith("step-n128-tf32\tfailed (1)\t")), summary.toString());
        assertTrue(summary.stream().anyMatch(l -> l.startsWith("torch-n128\tfailed (1)\t")), summary.toString());
        assertTrue(text.contains("    jmoco: cuda backend: no driver"), text);
        assertTrue(Files.readString(report.resolve("report.md")).contains("no GPU: see doctor.log"));
    }

    private static Path script(Path file, String body) throws Exception {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }
}
