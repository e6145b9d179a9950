package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedistTest {
    private static final String INSIDE = "org/bytedeco/cuda/linux-x86_64/";
    private static final List<String> NEEDED = List.of("libcublas.so.12", "libcublasLt.so.12", "libcudnn.so.9",
            "libcudnn_ops.so.9", "libnvrtc.so.12", "libnvrtc-builtins.so.12.6");

    @TempDir
    private Path folder;

    /** A jar in the form of the published one; every file holds its own name 10,000 times. */
    static Path jar(Path file, List<String> libraries) throws IOException {
        try (OutputStream out = Files.newOutputStream(file); ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String name : libraries) {
                zip.putNextEntry(new ZipEntry(INSIDE + name));
                zip.write(contents(name));
            }
            zip.putNextEntry(new ZipEntry(INSIDE + "libnccl.so.2"));
            zip.write(1);
            zip.putNextEntry(new ZipEntry("META-INF/libcudnn.txt"));
            zip.write(1);
        }
        return file;
    }

    static Path jar(Path file) throws IOException {
        return jar(file, NEEDED);
    }

    private static byte[] contents(String name) {
        return name.repeat(10_000).getBytes(StandardCharsets.US_ASCII);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatIsNeededIsUnpackedAndNothingElse() throws IOException {
        Path jar = jar(folder.resolve("redist.jar"));
        Path to = folder.resolve("cache/libs");
        long[] done = new long[1];
        Redist.unpack(jar, to, n -> done[0] += n);
        assertEquals(NEEDED.stream().sorted().toList(), names(to));
        assertArrayEquals(contents("libcudnn_ops.so.9"), Files.readAllBytes(to.resolve("libcudnn_ops.so.9")));
        assertEquals(Redist.unpackedBytes(jar), done[0]);
        assertEquals(List.of("libs"), names(to.getParent()), "nothing is left beside");
        Files.writeString(to.resolve("libcudnn_old.so.9"), "of an older one");
        Redist.unpack(jar, to, n -> { });
        assertEquals(NEEDED.stream().sorted().toList(), names(to));
    }

    @Test
    void anotherJarIsRefused() throws IOException {
        Path jar = jar(folder.resolve("other.jar"), List.of("libcublas.so.12"));
        String message = assertThrows(IOException.class, () -> Redist.unpack(jar, folder.resolve("to"), n -> { })).getMessage();
        assertTrue(message.contains("it is not " + Redist.ARTIFACT), message);
        assertFalse(Files.exists(folder.resolve("to")));
    }

    @Test
    void aDamagedJarLeavesNothingBehind() throws IOException {
        byte[] good = Files.readAllBytes(jar(folder.resolve("good.jar")));
        Path cut = Files.write(folder.resolve("cut.jar"), java.util.Arrays.copyOf(good, good.length / 2));
        String message = assertThrows(IOException.class, () -> Redist.unpack(cut, folder.resolve("cache/to"), n -> { }))
                .getMessage();
        assertTrue(message.contains("is no jar or cut off"), message);
        // A wrong checksum in the entry of the directory at the end of the file (offset 16 behind its mark).
        byte[] bad = good.clone();
        bad[new String(good, StandardCharsets.ISO_8859_1).indexOf("PK\1\2") + 16] ^= 1;
        Path damaged = Files.write(folder.resolve("bad.jar"), bad);
        message = assertThrows(IOException.class, () -> Redist.unpack(damaged, folder.resolve("cache/to"), n -> { }))
                .getMessage();
        assertTrue(message.contains("is damaged (its checksum differs)"), message);
        assertEquals(List.of(), names(folder.resolve("cache")));
    }

    @Test
    void tooSmallADiskIsSaidBeforehand() {
        String message = assertThrows(IOException.class, () -> Redist.requireSpace(folder, 1L << 60, "for it")).getMessage();
        assertTrue(message.contains(" MB are free, ") && message.contains("JMOCO_CACHE"), message);
    }
}
