package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
    @TempDir
    Path folder;

    private final List<String> said = new ArrayList<>();

    @Test
    void savesAndLoadsWhatWasSaved() {
        CheckpointStore store = CheckpointStore.forWriting(folder.resolve("run"));
        assertTrue(store.loadLatest(CheckpointStore.OnDamage.REFUSE, said::add).isEmpty());
        LinkedHashMap<String, HostTensor> tensors = tensors(3);
        Path file = store.save(3, tensors, Map.of("epoch", "3", "command", "pretrain"));
        assertEquals("checkpoint-00000003.safetensors", file.getFileName().toString());

        Checkpoint back = store.loadLatest(CheckpointStore.OnDamage.REFUSE, said::add).orElseThrow();
        assertEquals(file, back.file());
        assertEquals(Map.of("epoch", "3", "command", "pretrain"), back.metadata());
        assertEquals(tensors.keySet(), back.tensors().keySet());
        tensors.forEach((name, t) -> assertTrue(t.bitEquals(back.tensors().get(name)), name));
        assertEquals(List.of(), said);
    }

    @Test
    void keepsTheLastTwo() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        for (int i : new int[] {1, 2, 9, 10, 11}) {
            store.save(i, tensors(i), Map.of());
        }
        assertEquals(List.of(store.file(10), store.file(11)), store.files());
        assertEquals(2, names().size());
    }

    @Test
    void numbersDecideNotLengthsOfNames() {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        store.save(99_999_999L, tensors(1), Map.of());
        store.save(100_000_000L, tensors(2), Map.of());
        assertEquals(List.of(99_999_999L, 100_000_000L), store.files().stream().map(CheckpointStore::position).toList());
    }

    @Test
    void sameArgumentsGiveTheSameBytes() throws IOException {
        Path a = CheckpointStore.forWriting(folder.resolve("a")).save(1, tensors(1), Map.of("x", "1", "y", "2", "z", "3"));
        Map<String, String> otherOrder = new LinkedHashMap<>();
        otherOrder.put("z", "3");
        otherOrder.put("y", "2");
        otherOrder.put("x", "1");
        Path b = CheckpointStore.forWriting(folder.resolve("b")).save(1, tensors(1), otherOrder);
        assertEquals(-1, Files.mismatch(a, b));
        assertEquals(-1, Files.mismatch(a, CheckpointStore.forWriting(folder.resolve("a")).save(1, tensors(1), otherOrder)));
    }

    /** The rule of the checksum, done by hand: SHA-256 of the file with zeros for the digits. */
    @Test
    void theChecksumIsThatOfTheFileWithZerosForItsDigits() throws Exception {
        Path file = CheckpointStore.forWriting(folder).save(1, tensors(1), Map.of("a", "b"));
        byte[] bytes = Files.readAllBytes(file);
        String digits;
        try (SafetensorsFile in = Safetensors.open(file)) {
            digits = in.metadata().get("sha256");
        }
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(digits);
        for (int i = 0; i < 64; i++) {
            bytes[at + i] = '0';
        }
        byte[] sha = java.security.MessageDigest.getInstance("SHA-256").digest(bytes);
        assertEquals(HexFormat.of().formatHex(sha), digits);
    }

    @Test
    void noticesAnyChangedByte() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        LinkedHashMap<String, HostTensor> small = new LinkedHashMap<>();
        small.put("w", SafetensorsTest.random(DType.F32, 7));
        Path file = store.save(1, small, Map.of("epoch", "1"));
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < bytes.length; i++) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            Files.write(file, changed);
            UserError e = assertThrows(UserError.class, () -> CheckpointStore.load(file), "byte " + i);
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        }
        Files.write(file, bytes);
        CheckpointStore.load(file);
    }

    @Test
    void aDamagedLatestIsNamedAndThePreviousOffered() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        store.save(1, tensors(1), Map.of());
        Path latest = store.save(2, tensors(2), Map.of());
        flipLastByte(latest);
        UserError e = assertThrows(
                UserError.class, () -> store.loadLatest(CheckpointStore.OnDamage.REFUSE, said::add));
        assertTrue(e.getMessage().startsWith(latest.toString()), e.getMessage());
        assertTrue(e.getMessage().contains("checkpoint-00000001.safetensors, is whole"), e.getMessage());
        assertEquals(2, e.getMessage().lines().count());
        assertEquals(2, store.files().size());
    }

    @Test
    void thePreviousIsUsedWhenAskedForAndTheDamagedOneKept() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        store.save(1, tensors(1), Map.of());
        Path latest = store.save(2, tensors(2), Map.of());
        flipLastByte(latest);
        Checkpoint c = store.loadLatest(CheckpointStore.OnDamage.USE_PREVIOUS, said::add).orElseThrow();
        assertEquals(store.file(1), c.file());
        assertEquals(1, said.size());
        assertTrue(said.getFirst().contains("going on from the one before it, checkpoint-00000001"), said.getFirst());
        assertEquals(List.of(store.file(1)), store.files());
        assertTrue(Files.exists(folder.resolve("checkpoint-00000002.safetensors.damaged")));
        store.save(2, tensors(2), Map.of());
        assertEquals(2, store.files().size());
    }

    @Test
    void saysWhenNoCheckpointIsWhole() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        flipLastByte(store.save(1, tensors(1), Map.of()));
        flipLastByte(store.save(2, tensors(2), Map.of()));
        for (CheckpointStore.OnDamage onDamage : CheckpointStore.OnDamage.values()) {
            UserError e = assertThrows(UserError.class, () -> store.loadLatest(onDamage, said::add));
            assertTrue(e.getMessage().contains("No earlier checkpoint"), e.getMessage());
            assertTrue(e.getMessage().contains("move the folder of the run away"), e.getMessage());
        }
        assertEquals(2, store.files().size());
    }

    @Test
    void aCheckpointWithoutChecksumIsNotOurs() {
        Path file = CheckpointStore.forWriting(folder).file(4);
        Safetensors.write(file, tensors(4), Map.of());
        assertTrue(assertThrows(UserError.class, () -> CheckpointStore.load(file)).getMessage().contains("no checksum"));
        Path foreign = folder.resolve("resnet18.safetensors");
        Safetensors.write(foreign, tensors(4), Map.of("format", "pt"));
        assertEquals(Map.of("format", "pt"), CheckpointStore.load(foreign).metadata());
    }

    @Test
    void theNextWriterRemovesWhatAKilledOneLeftAndAReaderDoesNot() throws IOException {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        for (int i = 1; i <= 2; i++) {
            store.save(i, tensors(i), Map.of());
        }
        Path leftover = Files.write(folder.resolve("checkpoint-00000003.safetensors.4711.tmp"), new byte[10]);
        Path notOurs = Files.write(folder.resolve("notes.tmp"), new byte[1]);
        // Killed between renaming the new one and deleting the oldest.
        Files.copy(store.file(1), store.file(0));
        CheckpointStore.forReading(folder).loadLatest(CheckpointStore.OnDamage.REFUSE, said::add);
        assertTrue(Files.exists(leftover));
        assertEquals(3, CheckpointStore.forReading(folder).files().size());
        CheckpointStore.forWriting(folder);
        assertFalse(Files.exists(leftover));
        assertTrue(Files.exists(notOurs));
        assertEquals(List.of(store.file(1), store.file(2)), store.files());
    }

    @Test
    void goingBackIsAnErrorOfTheProgram() {
        CheckpointStore store = CheckpointStore.forWriting(folder);
        store.save(5, tensors(5), Map.of());
        assertThrows(IllegalArgumentException.class, () -> store.save(4, tensors(4), Map.of()));
        assertThrows(IllegalArgumentException.class, () -> store.save(6, tensors(4), Map.of("sha256", "mine")));
    }

    static LinkedHashMap<String, HostTensor> tensors(int i) {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        out.put("step", HostTensor.of(Shape.SCALAR, new long[] {i}));
        out.put("layer1.0.conv1.weight", SafetensorsTest.random(DType.F32, 64 + i));
        out.put("fc.bias", SafetensorsTest.random(DType.F32, 2));
        return out;
    }

    private static void flipLastByte(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 0x10;
        Files.write(file, bytes);
    }

    private List<Path> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }
}
