package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.checkpoint.Tmpfs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole commands on damaged files and disks that refuse: a few words, exit code 1 or 2, and nothing that was there is lost. */
class BadFilesTest {
    /** With a network of width 4, so that a checkpoint of a fine-tuning is half a megabyte. */
    private static final List<String> SMALL = List.of("--image", "16", "--batch", "8", "--splits", "2", "--width", "4",
            "--progress", "none", "--backend", "cpu", "--threads", "1");

    @TempDir
    Path folder;

    private Path data;

    @BeforeEach
    void images() throws IOException {
        data = DarkAndLight.write(folder.resolve("data"));
    }

    /** Runs one command. @return all that it printed, which is no stack trace and no internal error */
    private static String run(int code, String... line) {
        StringWriter text = new StringWriter();
        int got = Main.run(new PrintWriter(text), new PrintWriter(text), line);
        assertEquals(code, got, String.join(" ", line) + "\n" + text);
        assertFalse(text.toString().contains("\tat ") || text.toString().contains("internal error"), text.toString());
        return text.toString();
    }

    private String finetune(int code, Path out, String... more) {
        List<String> line = new ArrayList<>(List.of("finetune", "--data", "images=" + data, "--out", out.toString(),
                "--vote", "2"));
        return small(code, line, more);
    }

    private String pretrain(int code, Path out, String... more) {
        List<String> line = new ArrayList<>(List.of("pretrain", "--data", "images=" + data, "--out", out.toString(),
                "--queue", "16", "--dim", "8", "--epochs", "2"));
        return small(code, line, more);
    }

    private static String small(int code, List<String> line, String... more) {
        line.addAll(SMALL);
        for (int i = 0; i < more.length; i += 2) {
            int typed = line.indexOf(more[i]); // an option may be given once only
            if (typed >= 0) {
                line.subList(typed, typed + 2).clear();
            }
            line.addAll(List.of(more[i], more[i + 1]));
        }
        return run(code, line.toArray(String[]::new));
    }

    private static Path latest(Path run) {
        return CheckpointStore.forReading(run).files().getLast();
    }

    private static void assertEnding(String text, String words) {
        String last = text.substring(text.lastIndexOf("jmoco: "));
        assertTrue(last.contains(words), "expected: " + words + "\nfound: " + text);
        assertTrue(last.lines().count() <= 2, last);
    }

    @Test
    void aDiskThatFillsUpDuringARunEndsItInWordsAndTheRunGoesOnWhenThereIsRoom() throws IOException {
        Path whole = folder.resolve("whole");
        finetune(0, whole, "--epochs", "3");
        long bytes = Files.size(latest(whole));
        // Room for two checkpoints and the small files beside them, not for the third, which comes before the first is removed.
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, (bytes * 5 / 2 >> 10) + "k")) {
            Path out = disk.root.resolve("run");
            assertEnding(finetune(1, out, "--epochs", "3"), "the disk is full: " + bytes + " bytes needed, ");
            assertEquals(2, CheckpointStore.forReading(out).files().size(), "the checkpoints before are kept");
            disk.remount("size=100m");
            run(0, "finetune", "--resume", "--out", out.toString(), "--progress", "none");
            assertArrayEquals(Files.readAllBytes(latest(whole)), Files.readAllBytes(latest(out)));
            assertEquals(Files.readString(whole.resolve("result.json")), Files.readString(out.resolve("result.json")));
        }
    }

    @Test
    void aDiskWithoutRoomForTheFirstFilesIsNamed() throws IOException {
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, "16k")) {
            Files.write(disk.root.resolve("filler"), new byte[12 << 10]);
            String text = pretrain(1, disk.root.resolve("run"));
            assertTrue(text.contains("disk is full") || text.contains("No space left on device"), text);
            assertEnding(text, disk.root.toString());
        }
    }

    @Test
    void aSheetForWhichThereIsNoRoomIsNotBegun() throws IOException {
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, "8k")) {
            Path sheet = disk.root.resolve("sheet.png");
            assertEnding(run(1, "data", "show", "--data", "images=" + data, "--out", sheet.toString()), "the disk is full: ");
            assertFalse(Files.exists(sheet), "a part of a picture is no picture");
        }
    }

    @Test
    void placesThatCannotBeWrittenAreNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertEnding(pretrain(2, file), "--out " + file + ": is a file; name a folder");
        assertEnding(pretrain(1, file.resolve("run")), "the folder cannot be made");
        Path full = Files.createDirectories(folder.resolve("full"));
        Files.writeString(full.resolve("letter.txt"), "dear");
        assertEnding(pretrain(2, full), "holds files (letter.txt) but no run");
        assertEquals("dear", Files.readString(full.resolve("letter.txt")));
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, "1m")) {
            disk.remount("ro");
            assertEnding(pretrain(1, disk.root.resolve("run")), "Read-only file system");
            assertEnding(run(1, "data", "show", "--data", "images=" + data, "--out", disk.root.resolve("sheet.png").toString()),
                    "Read-only file system");
            String demo = run(1, "demo", "--quick", "--out", disk.root.resolve("demo").toString());
            assertEnding(demo, "cannot be written: Read-only file system. Choose another folder.");
        }
    }

    @Test
    void aDamagedCheckpointIsSetAsideOrRefusedAndNeverUsed() throws IOException {
        Path whole = folder.resolve("whole");
        finetune(0, whole, "--epochs", "3");
        byte[] good = Files.readAllBytes(latest(whole));
        byte[][] damages = {Arrays.copyOf(good, good.length / 2), good.clone(), new byte[0]};
        damages[1][good.length * 2 / 3] ^= 4;
        for (byte[] damage : damages) {
            Path last = latest(whole);
            Files.write(last, damage);
            for (String command : List.of("evaluate --data images=" + data, "export --format onnx " + folder.resolve("x.onnx"))) {
                String said = run(1, (command + " --from " + whole).split(" "));
                assertEnding(said, last.toString());
                assertTrue(damage.length != good.length || said.contains("bytes have changed since"), said);
            }
            assertEnding(finetune(1, folder.resolve("other"), "--epochs", "1", "--from", whole.toString()), last.toString());
            assertFalse(Files.exists(folder.resolve("other")), "a run was begun from a damaged file");
            String text = run(0, "finetune", "--resume", "--out", whole.toString(), "--progress", "none");
            assertTrue(text.contains("It is kept as " + last.getFileName() + ".damaged; going on from the one before it"), text);
            assertArrayEquals(good, Files.readAllBytes(latest(whole)), "the run ends as it did without the damage");
            assertArrayEquals(damage, Files.readAllBytes(whole.resolve(last.getFileName() + ".damaged")));
        }
    }

    @Test
    void aTrainedProjectionKeepsItsLength() {
        Path pretrained = folder.resolve("pretrained");
        pretrain(0, pretrained);
        Path out = folder.resolve("out");
        String said = finetune(2, out, "--from", pretrained.toString(), "--head", "projection", "--dim", "16");
        assertTrue(said.contains("--dim 16 is the length of a random projection, but that of " + pretrained + " has 8: leave out"
                + " --dim"), said);
        assertFalse(Files.exists(out));
        finetune(0, out, "--from", pretrained.toString(), "--head", "projection", "--epochs", "2", "--dim", "8");
    }

    /** It has as many outputs as there are classes, whatever the projection had that it takes the place of. */
    @Test
    void aFreshHeadTakesNoLength() {
        Path pretrained = folder.resolve("pretrained");
        pretrain(0, pretrained);
        Path out = folder.resolve("out");
        for (String dim : List.of("16", "8")) {
            assertEnding(finetune(2, out, "--from", pretrained.toString(), "--dim", dim), "--dim " + dim + " is the length of a"
                    + " projection, and a fresh head has an output for each class: leave out --dim, or take --head projection");
        }
        assertFalse(Files.exists(out));
        finetune(0, out, "--from", pretrained.toString(), "--epochs", "2");
        run(0, "finetune", "--resume", "--out", out.toString(), "--progress", "none"); // which hands over the recorded value
    }

    @Test
    void anotherArchitectureIsNamedWithTheOptionThatDiffers() {
        Path four = folder.resolve("four");
        pretrain(0, four);
        Path out = folder.resolve("out");
        assertEnding(finetune(1, out, "--epochs", "1", "--from", four.toString(), "--width", "2").replace("\n", " "),
                "it was trained with --width 4, this run has --width 2");
        assertEnding(pretrain(1, out, "--from", four.toString(), "--dim", "16").replace("\n", " "),
                "its last layer has 8 outputs, this run's 16");
        assertEnding(pretrain(1, out, "--from", four.toString(), "--stem", "imagenet").replace("\n", " "), "change --stem");
        String picture = data.resolve("train/dark/0.png").toString();
        assertEnding(run(1, "evaluate", "--data", "images=" + data, "--from", picture), picture);
        assertFalse(Files.exists(out), "a run was begun that cannot start");
        // A pretrained encoder is no classifier, though it has outputs enough.
        assertEnding(run(1, "predict", "--from", four.toString(), picture), "is a pretraining run");
    }
}
