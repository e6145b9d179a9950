package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A named pipe in the place of a file: reading it would wait for a writer, for ever, and renaming over it would remove it. */
@ExtendWith(HomeOfItsOwn.class)
class PipesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void pipes() throws Exception {
        for (String ending : List.of("", ".pth", ".safetensors", ".yaml", ".json", ".png", ".jar", ".txt")) {
            pipe(folder.resolve("pipe" + ending));
        }
    }

    /** @return the same path */
    private static Path pipe(Path at) throws IOException, InterruptedException {
        Files.createDirectories(at.getParent());
        assumeTrue(new ProcessBuilder("mkfifo", at.toString()).start().waitFor() == 0, "no mkfifo: pipes not tried");
        return at;
    }

    /** @return what is said; the exit code is not 0 */
    private static String refused(Path pipe, String... line) {
        StringWriter text = new StringWriter();
        int code = assertTimeoutPreemptively(Duration.ofSeconds(30),
                () -> Main.run(new PrintWriter(text), new PrintWriter(text), line), () -> String.join(" ", line) + " hangs");
        String said = text.toString();
        assertTrue(code == 1 || code == 2, code + ": " + said);
        assertFalse(said.contains("internal error") || said.contains("\tat "), said);
        List<String> named = said.substring(said.indexOf("jmoco: ")).lines().filter(l -> l.contains(pipe.toString())).toList();
        assertTrue(named.size() == 1 && said.substring(said.indexOf(named.getFirst())).lines().count() <= 2, said);
        assertTrue(Files.exists(pipe) && !Files.isRegularFile(pipe), "the pipe is gone");
        return said;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "pretrain --out @/run --from @/pipe",
        "pretrain --out @/run --from @/pipe.pth",
        "finetune --out @/run --from @/pipe.safetensors",
        "evaluate --from @/pipe",
        "knn --from @/pipe",
        "export --from @/pipe --format onnx @/x.onnx",
        "run @/pipe.yaml --dry-run",
        "golden @/pipe.json",
        "bench kernels --shapes @/pipe.txt",
        "bench report --page @/pipe.txt",
        "cuda install --from @/pipe.jar --to @/libs",
    })
    void aPipeIsNotRead(String line) {
        String[] words = line.replace("@", folder.toString()).split(" ");
        Path pipe = Path.of(List.of(words).stream().filter(w -> w.contains("/pipe")).findFirst().orElseThrow());
        String said = refused(pipe, words);
        assertTrue(said.contains("is no regular file but a pipe, socket or device"), said);
        assertFalse(Files.exists(folder.resolve("run")), "a run folder was made");
    }

    @ParameterizedTest
    @ValueSource(strings = {"data show --out @/pipe.png", "export --from random --format onnx @/pipe", "report @ --out @/pipe",
        "bench step --save @/pipe.txt", "bench scaling --vary queue --values 8 --png @/pipe.png", "pretrain --out @/pipe"})
    void aPipeIsNotReplaced(String line) {
        String[] words = line.replace("@", folder.toString()).split(" ");
        refused(Path.of(words[words.length - 1]), words);
    }

    @Test
    void pipesAmongTheFilesOfADataSetAreNotRead() throws Exception {
        refused(pipe(folder.resolve("cifar/slice.txt")), "data", "info", "--data", "cifar10=" + folder.resolve("cifar"));
        for (int i = 1; i <= 5; i++) {
            pipe(folder.resolve("c/data_batch_" + i + ".res.gz"));
        }
        pipe(folder.resolve("c/test_batch.res.gz"));
        refused(folder.resolve("c"), "data", "info", "--data", "cifar10=" + folder.resolve("c"));
    }

    @Test
    void pipesAmongTheFilesOfARunAreNotRead() throws Exception {
        Path run = folder.resolve("trained");
        Path data = DarkAndLight.write(folder.resolve("data"));
        CommandRuns.train(0, "finetune", run, "--data", "images=" + data, "--vote", "1");
        Path image = data.resolve("test/dark/0.png");
        Path pipe = folder.resolve("pipe.png");
        refused(pipe, "predict", "--from", run.toString(), pipe.toString());
        String said = CommandRuns.run(1, "predict", "--from", run.toString(), pipe.toString(), image.toString());
        assertTrue(said.contains(image + ":  "), "the other is classified: " + said);
        String checkpoint = "checkpoint-00000002.safetensors";
        assertTrue(Files.exists(run.resolve(checkpoint)), "the test's own idea of the run");
        for (String file : List.of("options.json", "metrics.csv", "result.json", "predictions.json", checkpoint)) {
            Path at = run.resolve(file);
            Path kept = Files.move(at, folder.resolve("kept"), StandardCopyOption.REPLACE_EXISTING);
            pipe(at);
            List<String> commands = switch (file) {
                case "metrics.csv" -> List.of("report", "finetune --resume --progress none --out");
                case "result.json" -> List.of("report", "predict " + image + " --from");
                case "options.json" -> List.of("evaluate --from", "finetune --resume --progress none --out");
                default -> List.of("evaluate --from", "predict " + image + " --from");
            };
            for (String command : commands) {
                refused(at, (command + " " + run).split(" "));
            }
            Files.delete(at);
            Files.move(kept, at);
        }
        CommandRuns.run(0, "report", run.toString());
    }
}
