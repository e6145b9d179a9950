package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jmoco.bench.PerformancePage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** benchmarks/gpu-session.sh with stand-ins for jmoco and Python: every part is tried, and the report says how it went. */
class GpuSessionTest {
    /** The launcher of a machine without a GPU. */
    private static final String NO_GPU = "case \"$1\" in doctor|--version) echo \"$1 works\";;"
            + " *) echo 'jmoco: cuda backend: no driver' >&2; echo '  cure: install it' >&2; exit 1;; esac";

    /**
     * One whose commands work at once, as far as the script can see: images/s are 1000 for the first round and 1200 for the
     * second.
     */
    private static final String GPU = """
            case "$*" in
              "--print-command x") echo 'java -Djmoco.commit=0123456789abcdef0123456789abcdef01234567 org.jmoco.app.Main x';;
              doctor) echo 'ok      CUDA driver         CUDA 13.0'
                echo 'ok      CUDA device         Paper GPU, compute capability 9.0';;
              *"bench step"*--json*) echo '{"backend":"cuda","batch":512,"images_per_s":'\
            $((${0##*/} 2>/dev/null || echo 0))',"ms_median":0.5,"ms_min":0.4,"ms_max":0.6}';;
              *) echo works;;
            esac
            """;

    private record Outcome(int code, String text, Path out) {
        List<String> summary() throws Exception {
            return Files.readAllLines(out.resolve("summary.tsv"));
        }

        void has(String line) throws Exception {
            assertTrue(summary().stream().anyMatch(l -> l.startsWith(line)),
                    line + " is not in\n" + String.join("\n", summary()));
        }
    }

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsBash() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/timeout")) && Files.isExecutable(Path.of("/usr/bin/env")),
                "no timeout or env here");
    }

    private static Path script(Path file, String body) throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/bash\n" + body + "\n");
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }

    private Outcome session(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("benchmarks/gpu-session.sh", "--out", folder.resolve("out").toString(),
                "--work", folder.resolve("work").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder b = new ProcessBuilder(command).redirectErrorStream(true);
        b.environment().putAll(environment);
        Process p = b.start();
        String text = new String(p.getInputStream().readAllBytes());
        assertTrue(p.waitFor(60, TimeUnit.SECONDS), text);
        return new Outcome(p.exitValue(), text, folder.resolve("out"));
    }

    private String bundle(String launcher) throws Exception {
        return script(folder.resolve("bundle/jmoco"), launcher).getParent().toString();
    }

    private String python(String body) throws Exception {
        return script(folder.resolve("python"), body).toString();
    }

    @Test
    void aMachineWithoutGpuGetsAWholeReportOfClearFailures() throws Exception {
        Path data = Files.createDirectories(folder.resolve("images"));
        Files.createDirectories(data.resolve("cifar10"));
        Files.createDirectories(data.resolve("covid-ct"));
        Path golden = Files.createDirectories(folder.resolve("golden"));
        Files.writeString(golden.resolve("moco.json"), "{}");
        Outcome o = session(Map.of(), "--bundle", bundle(NO_GPU), "--python",
                python("echo 'moco_step_torch_gpu: PyTorch sees no GPU' >&2; exit 1"), "--data", data.toString(), "--golden",
                golden.toString());
        assertEquals(1, o.code, o.text);
        o.has("version\tok\t");
        o.has("doctor\tok\t");
        for (String part : List.of("first-step", "selftest-f32", "selftest-bf16", "golden-tf32-moco", "selftest-branches",
                "selftest-cudnn-graph", "step-n512-bf16-a", "step-n128-bf16-branches", "step-n128-bf16-cudnn-graph",
                "step-n1024-f32-a", "layers-bf16",
                "step-breakdown", "epoch-phantom", "epoch-cifar10", "info-nce-bf16", "kernels-own-tf32", "kernels-network-bf16",
                "cifar", "cifar-knn", "covid-random", "covid-random-evaluate")) {
            o.has(part + "\tfailed (1): jmoco: cuda backend: no driver\t");
        }
        for (String part : List.of("torch-n128", "torch-views", "torch-epoch-cifar10", "info-nce-torch")) {
            o.has(part + "\tfailed (1): moco_step_torch_gpu: PyTorch sees no GPU\t");
        }
        String report = Files.readString(o.out.resolve("report.md"));
        assertTrue(report.startsWith("# GPU session: no GPU\n"), report);
        assertTrue(report.contains("| selftest-bf16 | failed (1): jmoco: cuda backend: no driver | "), report);
        assertTrue(Files.size(o.out.resolve("results.tar.gz")) > 0);
    }

    /**
     * compute-sanitizer counts errors that calls return unless told not to, and the self-test asks for more memory than there is
     * on purpose; it gives a process ten seconds to reach the driver unless told to wait.
     */
    @Test
    void theSanitizerReportsKernelsAlone() throws Exception {
        Path tools = script(folder.resolve("tools/compute-sanitizer"), """
                case " $* " in *" --report-api-errors=no "*) ;;
                  *) echo '========= ERROR SUMMARY: 1 error'; exit 9;; esac
                case " $* " in *" --launch-timeout=0 "*) ;;
                  *) echo '========= Error: No attachable process found. compute-sanitizer timed-out.'; exit 1;; esac
                echo '========= ERROR SUMMARY: 0 errors'
                """).getParent();
        Outcome o = session(Map.of("PATH", tools + ":" + System.getenv("PATH")), "--bundle", bundle("echo works"), "sanitizer");
        assertEquals(0, o.code, o.text);
        for (String part : List.of("memcheck-f32", "memcheck-bf16", "racecheck-f32", "racecheck-bf16", "memcheck-step")) {
            o.has(part + "\tok\t");
        }
    }

    /** The driver's cache of compiled kernels: that of the caller, else one that all parts and the next call share. */
    @Test
    void compiledKernelsAreKeptFromPartToPart() throws Exception {
        String bundle = bundle("echo compiled in $CUDA_CACHE_PATH");
        Path log = folder.resolve("work/logs/first-step.log");
        session(Map.of("CUDA_CACHE_PATH", ""), "--bundle", bundle, "doctor");
        String own = Files.readString(log);
        assertTrue(own.contains("compiled in " + folder.resolve("work/compiled")), own);
        session(Map.of("CUDA_CACHE_PATH", "/there"), "--bundle", bundle, "doctor");
        String callers = Files.readString(log);
        assertTrue(callers.contains("compiled in /there"), callers);
    }

    @Test
    void aPartThatHangsIsKilledAndTheNextOneFollows() throws Exception {
        Outcome o = session(Map.of(), "--scale", "1", "--bundle", bundle("[ \"$1\" != doctor ] || sleep 60; echo works"),
                "doctor");
        assertEquals(1, o.code, o.text);
        o.has("doctor\tout of time (1 s)\t");
        o.has("first-step\tok\t");
    }

    @Test
    void nothingRunsBeyondTheTotalTime() throws Exception {
        long start = System.nanoTime();
        Outcome o = session(Map.of(), "--total", "7", "--bundle", bundle("[ \"$1\" != selftest ] || sleep 60; echo works"),
                "selftest", "golden");
        assertTrue(System.nanoTime() - start < 30e9, o.text);
        assertEquals(1, o.code, o.text);
        o.has("selftest-f32\tout of time (");
        o.has("selftest-tf32\tskipped: the time of --total is over\t");
    }

    @Test
    void whereSeveralStagesShareTheTotalAPartThatHangsLeavesTimeForTheRest() throws Exception {
        String bundle = bundle("case \"$*\" in *\" f32\"*) sleep 60;; esac; echo works");
        Outcome o = session(Map.of(), "--total", "12", "--bundle", bundle, "selftest", "golden", "cifar", "covid");
        o.has("selftest-f32\tout of time (3 s)\t");
        o.has("selftest-tf32\tok\t");
        Outcome alone = session(Map.of(), "--total", "7", "--bundle", bundle, "selftest");
        assertTrue(alone.summary().stream().anyMatch(l -> l.matches("selftest-f32\tout of time \\([567] s\\)\t.*")), alone.text);
    }

    /** A slice in the bundle is found; a folder or a tar that is given takes its place, and leaves the bundle's own as it is. */
    @Test
    void imagesOfTheBundleAreFoundAndGiveWayToGivenOnes() throws Exception {
        String bundle = bundle("case \"$1\" in pretrain) for a in \"$@\"; do case $a in cifar10=*) cat ${a#cifar10=}/name;;"
                + " esac; done; echo;; *) echo works;; esac");
        Path own = Files.createDirectories(folder.resolve("bundle/data/cifar10"));
        Files.writeString(own.resolve("name"), "of the bundle");
        Outcome o = session(Map.of(), "--bundle", bundle, "cifar");
        o.has("cifar\tok\t");
        Path log = folder.resolve("work/logs/cifar.log");
        assertTrue(Files.readString(log).contains("of the bundle"), Files.readString(log));
        Path given = Files.createDirectories(folder.resolve("given/cifar10"));
        Files.writeString(given.resolve("name"), "given");
        assertEquals(0, new ProcessBuilder("tar", "-cf", "given.tar", "-C", "given", "cifar10").directory(folder.toFile()).start()
                .waitFor());
        for (String data : List.of("given", "given.tar")) {
            session(Map.of(), "--bundle", bundle, "--data", folder.resolve(data).toString(), "cifar");
            assertTrue(Files.readString(log).contains("given\n"), data + ": " + Files.readString(log));
        }
        assertEquals("of the bundle", Files.readString(own.resolve("name")));
    }

    @Test
    void aKilledSessionHasKeptWhatItHad() throws Exception {
        String bundle = bundle("[ \"$1\" != doctor ] || sleep 60; echo works");
        ProcessBuilder b = new ProcessBuilder("benchmarks/gpu-session.sh", "--out", folder.resolve("out").toString(), "--work",
                folder.resolve("work").toString(), "--bundle", bundle, "doctor").redirectErrorStream(true);
        Process p = b.start();
        Path report = folder.resolve("out/report.md");
        for (int i = 0; i < 200 && !(Files.exists(report) && Files.readString(report).contains("| version | ok |")); i++) {
            Thread.sleep(50);
        }
        p.descendants().forEach(ProcessHandle::destroyForcibly);
        p.destroyForcibly();
        assertTrue(Files.readString(report).contains("| version | ok |"));
    }

    @Test
    void aSecondCallGoesOnWithTheFolderOfTheFirst() throws Exception {
        String bundle = bundle("echo works");
        session(Map.of(), "--bundle", bundle, "doctor");
        Outcome o = session(Map.of(), "--bundle", bundle, "selftest");
        assertEquals(0, o.code, o.text);
        o.has("doctor\tok\t");
        o.has("selftest-f32\tok\t");
        assertEquals(1, o.summary().stream().filter(l -> l.startsWith("doctor\t")).count());
    }

    @Test
    void anArchiveIsUnpackedAndOneThatIsNoneIsNamed() throws Exception {
        bundle("echo works");
        Files.move(folder.resolve("bundle"), folder.resolve("jmoco"));
        assertEquals(0, new ProcessBuilder("tar", "-cf", "b.tar", "jmoco").directory(folder.toFile()).start().waitFor());
        Outcome o = session(Map.of(), "--bundle", folder.resolve("b.tar").toString(), "selftest");
        assertEquals(0, o.code, o.text);
        o.has("unpack\tok\t");
        Files.writeString(folder.resolve("b.tar"), "nothing");
        Outcome broken = session(Map.of(), "--bundle", folder.resolve("b.tar").toString(), "selftest");
        assertEquals(1, broken.code, broken.text);
        broken.has("unpack\tfailed (");
        Outcome none = session(Map.of(), "--bundle", folder.resolve("nowhere").toString(), "selftest");
        assertEquals(1, none.code, none.text);
        assertTrue(none.text.contains("there is no launcher jmoco in " + folder.resolve("nowhere")), none.text);
    }

    /** The tables of the report are those that jmoco bench report makes, so that the page can go into docs/gpu as it is. */
    @Test
    void rowsOfJmocoAndPyTorchMeetInOneTable() throws Exception {
        Path count = folder.resolve("count"); // jmoco's first round is at 1000 images/s, the second at 1200
        String jmoco = GPU.replace("$((${0##*/} 2>/dev/null || echo 0))",
                "$(echo >>" + count + "; echo $((800 + 200 * $(wc -l <" + count + "))))");
        Outcome o = session(Map.of(), "--batches", "512", "--bundle", bundle(jmoco), "--python",
                python("echo '{\"setting\": \"eager-bf16\", \"batch\": 512, \"images_per_s\": 500.0, \"ms_median\": 1.0,"
                + " \"ms_min\": 0.9, \"ms_max\": 1.1}'"),
                "doctor", "step", "torch");
        assertEquals(0, o.code, o.text);
        String report = Files.readString(o.out.resolve("report.md"));
        assertTrue(report.startsWith("# GPU session: Paper GPU, compute capability 9.0\n"), report);
        assertTrue(report.contains(", commit 01234567, Paper GPU, compute capability 9.0: `benchmarks/gpu-session.sh doctor"
                + " step torch`\n"), report);
        // bf16 was measured first (1000) and again after PyTorch (2000), the options between, other engines before branches.
        assertTrue(report.contains("| jmoco | bf16 | 512 | 1500.0 | 1000.0 | 2000.0 | 2 | 0.500 | 3.00 |\n"), report);
        assertTrue(report.contains("| jmoco | bf16 --branches | 512 | 1400.0 | 1400.0 | 1400.0 | 1 | 0.500 | 2.80 |\n"), report);
        assertTrue(report.contains("| jmoco | bf16 --cudnn-graph | 512 | 1200.0 | 1200.0 | 1200.0 | 1 | 0.500 | 2.40 |\n"),
                report);
        assertTrue(report.contains("| torch | eager-bf16 | 512 | 500.0 | 500.0 | 500.0 | 1 | 1.000 | 1.00 |\n"), report);
        assertTrue(report.contains("| torch-with-views | eager-bf16 | 512 | 500.0 |"), report);
        assertEquals(PerformancePage.update(report, folder.resolve("work")), report);
        assertTrue(report.contains("results/") && report.contains("_paper-gpu_01234567_step.tsv"), report);
    }

    @Test
    void wrongOptionsAreRefused() throws Exception {
        assertEquals(2, session(Map.of(), "nonsense").code);
        assertEquals(2, session(Map.of(), "--no-such-option").code);
        assertEquals(2, session(Map.of(), "--batches", "12;").code);
        Outcome help = session(Map.of(), "--help");
        assertEquals(0, help.code);
        assertTrue(help.text.startsWith("Everything that is worth knowing") && help.text.contains("--scale PERCENT"), help.text);
        assertFalse(help.text.contains("set -uo"), help.text);
    }
}
