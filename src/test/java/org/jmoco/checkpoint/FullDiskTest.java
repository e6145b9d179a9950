package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are full or may not be written: a clear message, and nothing lost. */
class FullDiskTest {
    @TempDir
    Path folder;

    @Test
    void aFullDiskLosesNothing() throws IOException {
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, "1m")) {
            CheckpointStore store = CheckpointStore.forWriting(disk.root.resolve("run"));
            store.save(1, floats(50_000), Map.of());
            store.save(2, floats(50_000), Map.of());
            UserError e = assertThrows(UserError.class, () -> store.save(3, floats(250_000), Map.of()));
            String message = e.getMessage();
            assertTrue(message.startsWith(store.file(3) + ": cannot be written: the disk is full: "), message);
            // 1,000,000 bytes of values and a header; 1 MiB less two files of 200,000 bytes leaves 648 KB at most.
            assertTrue(message.matches("(?s).*: 1000\\d\\d\\d bytes needed, 6\\d{5} free\\. Make room.*"), message);
            assertEquals(1, e.exitCode());
            try (Stream<Path> all = Files.list(disk.root.resolve("run"))) {
                assertEquals(List.of(store.file(1), store.file(2)), all.sorted().toList());
            }
            assertEquals(store.file(2), store.loadLatest(CheckpointStore.OnDamage.REFUSE, s -> {}).orElseThrow().file());
            store.save(3, floats(50_000), Map.of());
        }
    }

    @Test
    void aDiskThatMayOnlyBeReadIsNamed() throws IOException {
        try (Tmpfs disk = Tmpfs.mountOrSkip(folder, "1m")) {
            CheckpointStore store = CheckpointStore.forWriting(disk.root);
            store.save(1, floats(10), Map.of());
            disk.remount("ro");
            String message = assertThrows(UserError.class, () -> store.save(2, floats(10), Map.of())).getMessage();
            assertTrue(message.startsWith(store.file(2) + ": cannot be written: Read-only file system"), message);
            message = assertThrows(UserError.class, () -> CheckpointStore.forWriting(disk.root.resolve("run"))).getMessage();
            assertTrue(message.contains("Read-only file system"), message);
            assertEquals(1, CheckpointStore.forReading(disk.root).files().size());
        }
    }

    @Test
    void aFolderWithoutWritePermissionIsNamed() throws IOException {
        Assumptions.assumeFalse(
                "root".equals(System.getProperty("user.name")), "not run: root may write everywhere, so nothing is refused");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            Path file = folder.resolve("a.safetensors");
            String message =
                    assertThrows(UserError.class, () -> Safetensors.write(file, floats(1), Map.of())).getMessage();
            assertTrue(message.contains("no permission to write in " + folder), message);
        } finally {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void aFileWhereAFolderIsWantedIsNamed() throws IOException {
        Path file = Files.write(folder.resolve("run"), new byte[1]);
        String message = assertThrows(UserError.class, () -> CheckpointStore.forWriting(file)).getMessage();
        assertTrue(message.startsWith(file + ": cannot be used for checkpoints"), message);
    }

    private static LinkedHashMap<String, HostTensor> floats(int n) {
        return new LinkedHashMap<>(Map.of("w", SafetensorsTest.random(DType.F32, n)));
    }
}
