package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    Path folder;

    @Test
    void numbersNewFolders() {
        LocalDate date = LocalDate.of(2025, 3, 9);
        Path runs = folder.resolve("runs");
        assertEquals(runs.resolve("2025-03-09-pretrain-1"), RunFolder.newFolder(runs, "pretrain", date));
        assertEquals(runs.resolve("2025-03-09-pretrain-2"), RunFolder.newFolder(runs, "pretrain", date));
        assertEquals(runs.resolve("2025-03-09-demo-1"), RunFolder.newFolder(runs, "demo", date));
    }

    @Test
    void recordsOptionsInTheirOrder() throws IOException {
        Path out = folder.resolve("a/b");
        try (RunFolder run = RunFolder.open(out, "pretrain", false)) {
            assertFalse(run.resumed());
            run.recordOptions(options(0.03, 2), Set.of());
        }
        assertEquals(
                "{\n  \"lr\" : 0.03,\n  \"data\" : [ \"cifar10\" ],\n  \"threads\" : 2\n}\n",
                Files.readString(out.resolve("options.json")));
        assertEquals(options(0.03, 2), RunFolder.storedOptions(out).orElseThrow());
        assertTrue(RunFolder.storedOptions(folder).isEmpty());
    }

    @Test
    void refusesToOverwriteARun() throws IOException {
        begin(folder);
        UserError e = assertThrows(UserError.class, () -> RunFolder.open(folder, "pretrain", false));
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().contains("a run that ended before its first checkpoint. Delete the folder, add --resume"),
                e.getMessage());
        Files.write(folder.resolve("checkpoint-00000012.safetensors"), new byte[3]);
        e = assertThrows(UserError.class, () -> RunFolder.open(folder, "pretrain", false));
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().contains("a run that was interrupted already. Add --resume"), e.getMessage());
        try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
            assertTrue(run.resumed());
            assertFalse(run.isFinished());
            run.finish(Map.of("accuracy", 0.5));
            assertTrue(run.isFinished());
        }
        e = assertThrows(UserError.class, () -> RunFolder.open(folder, "pretrain", false));
        assertTrue(e.getMessage().contains("a finished run already"), e.getMessage());
        try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
            run.unfinish();
            assertFalse(run.isFinished());
        }
    }

    @Test
    void refusesAFolderWithOtherFiles() throws IOException {
        Files.write(folder.resolve("thesis.tex"), new byte[3]);
        for (boolean resume : new boolean[] {false, true}) {
            UserError e = assertThrows(UserError.class, () -> RunFolder.open(folder, "pretrain", resume));
            assertTrue(e.getMessage().contains("holds files (thesis.tex) but no run"), e.getMessage());
        }
        assertThrows(UserError.class, () -> RunFolder.open(folder.resolve("thesis.tex"), "pretrain", false));
    }

    @Test
    void resumingNeedsANameAndStartsWhereNothingWasBegun() {
        assertEquals(2, assertThrows(UserError.class, () -> RunFolder.open(null, "pretrain", true)).exitCode());
        try (RunFolder run = RunFolder.open(folder.resolve("new"), "pretrain", true)) {
            assertFalse(run.resumed());
        }
    }

    @Test
    void removesWhatAProcessKilledAtItsFirstFileLeft() throws IOException {
        Path leftover = Files.write(folder.resolve("options.json.4711.tmp"), new byte[1]);
        try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
            assertFalse(run.resumed());
            assertFalse(Files.exists(leftover));
        }
    }

    @Test
    void resumingNamesOptionsThatDiffer() throws IOException {
        begin(folder);
        String before = Files.readString(folder.resolve("options.json"));
        try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
            UserError e = assertThrows(UserError.class, () -> run.recordOptions(options(0.1, 4), Set.of("threads")));
            assertEquals(2, e.exitCode());
            assertTrue(e.getMessage().contains("--lr was 0.03, now 0.1"), e.getMessage());
            assertFalse(e.getMessage().contains("threads"), e.getMessage());
            assertEquals(before, Files.readString(folder.resolve("options.json")));

            Map<String, Object> more = options(0.03, 2);
            more.put("symmetric", true);
            e = assertThrows(UserError.class, () -> run.recordOptions(more, Set.of()));
            assertTrue(e.getMessage().contains("--symmetric was not there, now true"), e.getMessage());

            run.recordOptions(options(0.03, 4), Set.of("threads"));
        }
        assertEquals(4, RunFolder.storedOptions(folder).orElseThrow().get("threads"));
    }

    @Test
    void damagedOptionsAreNamed() throws IOException {
        for (String damage : List.of("", "{", "[]", "{}", "{\"lr\":1,\"lr\":2}", "{} x")) {
            Files.writeString(folder.resolve("options.json"), damage);
            UserError e = assertThrows(UserError.class, () -> RunFolder.storedOptions(folder), damage);
            assertTrue(e.getMessage().startsWith(folder.resolve("options.json").toString()), e.getMessage());
        }
    }

    @Test
    void recordsEachStartsEnvironment() {
        RunEnvironment environment = RunEnvironment.now("0.1", 2, "cpu: test", List.of("pretrain", "--lr", "0.03"));
        begin(folder);
        for (int i = 0; i < 2; i++) {
            try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
                run.recordEnvironment(environment, Assertions::fail);
            }
        }
        JsonNode starts = Json.read(folder.resolve("environment.json"));
        assertEquals(2, starts.size());
        assertEquals("jmoco pretrain --lr 0.03", String.join(" ", Json.convert(starts.get(1).get("command"), String[].class)));
        assertTrue(starts.get(0).get("java").textValue().startsWith(Runtime.version().toString()));
        assertTrue(starts.get(0).get("memory_bytes").longValue() > 0);
        assertEquals("cpu: test", starts.get(0).get("backend").textValue());
        assertTrue(
                starts.get(0).get("commit").textValue().matches("unknown|[0-9a-f]{40}(-dirty)?"), starts.toString());
    }

    @Test
    void twoRunsCannotShareAFolder() {
        try (RunFolder run = RunFolder.open(folder, "pretrain", false)) {
            UserError e = assertThrows(UserError.class, () -> RunFolder.open(run.path(), "pretrain", true));
            assertTrue(e.getMessage().contains("process " + ProcessHandle.current().pid() + " is writing"), e.getMessage());
        }
        RunFolder.open(folder, "pretrain", true).close();
    }

    /** The child: takes the folder, says so and waits to be killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws InterruptedException {
            RunFolder run = RunFolder.open(Path.of(args[0]), "pretrain", false);
            run.recordOptions(Map.of("lr", 0.03), Set.of());
            System.out.println("holding " + run.path());
            Thread.sleep(60_000);
        }
    }

    @Test
    void aLockOfAnotherProcessHoldsUntilItIsDead() throws Exception {
        Process child = ChildJvm.of(Holder.class, folder.toString()).start();
        try (BufferedReader out = child.inputReader()) {
            assertEquals("holding " + folder, out.readLine());
            UserError e = assertThrows(UserError.class, () -> RunFolder.open(folder, "pretrain", true));
            assertTrue(e.getMessage().contains("process " + child.pid() + " is writing"), e.getMessage());
            child.toHandle().destroyForcibly();
            child.waitFor();
            try (RunFolder run = RunFolder.open(folder, "pretrain", true)) {
                assertTrue(run.resumed());
            }
        } finally {
            child.destroyForcibly();
        }
    }

    private static void begin(Path out) {
        try (RunFolder run = RunFolder.open(out, "pretrain", false)) {
            run.recordOptions(options(0.03, 2), Set.of());
        }
    }

    private static Map<String, Object> options(double lr, int threads) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("lr", lr);
        out.put("data", List.of("cifar10"));
        out.put("threads", threads);
        return out;
    }

    /** Earlier versions wrote 1.0E-4 and COSINE. */
    @Test
    void theSameValueWrittenOtherwiseIsNoDifference() {
        try (RunFolder run = RunFolder.open(folder, "finetune", false)) {
            run.recordOptions(Map.of("--lr", "1.0E-4", "--schedule", "COSINE"), Set.of());
        }
        try (RunFolder run = RunFolder.open(folder, "finetune", true)) {
            run.recordOptions(Map.of("--lr", "0.0001", "--schedule", "cosine"), Set.of());
            assertThrows(UserError.class, () -> run.recordOptions(Map.of("--lr", "0.0002", "--schedule", "cosine"), Set.of()));
            assertThrows(UserError.class, () -> run.recordOptions(Map.of("--lr", "0.0001", "--schedule", "step"), Set.of()));
        }
    }

    @Test
    void aFolderOfRunsNamesThem() throws IOException {
        begin(folder.resolve("one"));
        begin(folder.resolve("two"));
        String said = assertThrows(UserError.class, () -> StoredRun.read(folder)).getMessage();
        assertTrue(said.contains("give " + folder + "/*") && said.contains(folder.resolve("two").toString()), said);
        Files.writeString(folder.resolve("one/options.json"), "{");
        String damaged = assertThrows(UserError.class, () -> StoredRun.read(folder.resolve("one"))).getMessage();
        String why = "Unexpected end-of-input: expected close marker for Object (line 1)";
        assertTrue(damaged.contains("(" + why + "). Restore the file"), damaged);
        String stored = assertThrows(UserError.class, () -> RunFolder.storedOptions(folder.resolve("one"))).getMessage();
        assertTrue(stored.contains("is not valid JSON: " + why + ". Restore the file"), stored);
    }
}
