package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run folder with one damaged file beside its checkpoints: what needs the file names it and the cure, the rest does not care.
 */
@ExtendWith(HomeOfItsOwn.class)
class DamagedRunTest {
    private static final Map<String, byte[]> DAMAGES = new LinkedHashMap<>();

    static {
        DAMAGES.put("empty", new byte[0]);
        DAMAGES.put("cut", "{\"--data\" : [".getBytes(StandardCharsets.UTF_8));
        DAMAGES.put("of another kind", "[1, 2]\n".getBytes(StandardCharsets.UTF_8));
        DAMAGES.put("bare", "{}\n".getBytes(StandardCharsets.UTF_8));
        DAMAGES.put("no text", new byte[] {(byte) 0xff, 0, (byte) 0xc3, 0x28, '\n'});
    }

    @TempDir
    Path folder;

    private Path run;
    private Path image;

    @BeforeEach
    void train() throws IOException {
        Path data = DarkAndLight.write(folder.resolve("data"));
        run = folder.resolve("run");
        image = data.resolve("test/dark/0.png");
        CommandRuns.train(0, "finetune", run, "--data", "images=" + data, "--vote", "1", "--epochs", "2");
    }

    /** What reads a run, by name, and the files that it cannot do without. */
    private enum Reader {
        RESUME(Set.of("options.json", "metrics.csv", "timings.csv"), "finetune", "--resume", "--progress", "none", "--out", "@"),
        EVALUATE(Set.of("options.json", "predictions.json"), "evaluate", "--backend", "cpu", "--from", "@"),
        KNN(Set.of("options.json"), "knn", "--backend", "cpu", "--from", "@"),
        PREDICT(Set.of("options.json", "result.json", "predictions.json"), "predict", "#", "--backend", "cpu", "--from", "@"),
        REPORT(Set.of("options.json", "result.json", "predictions.json", "metrics.csv"), "report", "@");

        private final Set<String> needs;
        private final List<String> line;

        Reader(Set<String> needs, String... line) {
            this.needs = needs;
            this.line = List.of(line);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"options.json", "environment.json", "metrics.csv", "timings.csv", "result.json", "predictions.json"})
    void theFileIsNamedWithTheCureOrNotNeeded(String name) throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, byte[]> damage : DAMAGES.entrySet()) {
            for (Reader reader : Reader.values()) {
                Path copy = copy(reader + "-" + damage.getKey().replace(' ', '-'));
                Path file = copy.resolve(name);
                Files.write(file, damage.getValue());
                StringWriter text = new StringWriter();
                int code = Main.run(new PrintWriter(text), new PrintWriter(text), reader.line.stream()
                        .map(w -> w.equals("@") ? copy.toString() : w.equals("#") ? image.toString() : w).toArray(String[]::new));
                String said = text.toString();
                boolean needed = reader.needs.contains(name);
                String last = said.substring(Math.max(0, said.lastIndexOf("jmoco: ")));
                boolean right = needed
                        ? code == 1 && last.startsWith("jmoco: ") && last.contains(file.toString()) && last.lines().count() <= 2
                                && last.matches("(?s).*(Restore|--resume).*") && !last.contains("Input length")
                        : code == 0;
                if (!right || said.contains("internal error") || said.contains("\tat ")) {
                    wrong.add(reader + ", " + damage.getKey() + ": exit code " + code + ": " + last);
                }
                if (needed && reader == Reader.RESUME) {
                    assertArrayEquals(damage.getValue(), Files.readAllBytes(file), "it is left as it was");
                }
            }
        }
        assertTrue(wrong.isEmpty(), String.join("\n", wrong));
    }

    private Path copy(String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("copies").resolve(name));
        try (Stream<Path> all = Files.list(run)) {
            for (Path p : all.toList()) {
                Files.copy(p, copy.resolve(p.getFileName()));
            }
        }
        return copy;
    }

    /** It only informs: a run of days is not to end by it. */
    @Test
    void environmentIsWrittenAnewAndTheDamagedOneKept() throws IOException {
        Path file = run.resolve("environment.json");
        byte[] half = java.util.Arrays.copyOf(Files.readAllBytes(file), 20);
        Files.write(file, half);
        String said = CommandRuns.run(0, "finetune", "--resume", "--out", run.toString(), "--progress", "none");
        assertEquals(1, said.lines().filter(l -> l.contains("environment.json")).count(), said);
        assertTrue(said.contains("It is kept as environment.json.damaged; a new one begins with this start."), said);
        assertArrayEquals(half, Files.readAllBytes(run.resolve("environment.json.damaged")));
        JsonNode starts = new ObjectMapper().readTree(file.toFile());
        assertEquals(1, starts.size());
        assertTrue(starts.get(0).has("commit"), starts.toString());
        assertFalse(CommandRuns.run(0, "finetune", "--resume", "--out", run.toString(), "--progress", "none")
                .contains("environment.json"));
    }

    /** Names of classes that are not those of the outputs would be printed beside the wrong numbers. */
    @Test
    void aWrongNumberOfClassesIsNamed() throws IOException {
        Path file = run.resolve("predictions.json");
        String whole = Files.readString(file);
        for (String classes : List.of("[]", "[ \"dark\" ]", "[ \"a\", \"b\", \"c\" ]", "7")) {
            Files.writeString(file, whole.replaceFirst("\"classes\" : \\[[^\\]]*\\]", "\"classes\" : " + classes));
            for (List<String> line : List.of(List.of("predict", image.toString(), "--from", run.toString()),
                    List.of("evaluate", "--from", run.toString()))) {
                String said = CommandRuns.run(1, line);
                assertTrue(said.contains(file.toString()) && said.contains("--resume"), classes + ": " + said);
            }
        }
    }
}
