package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTest {
    @Test
    void numbersInNamesCountAsNumbers() {
        assertTrue(Host.compareVersions("cuda-9.2", "cuda-12.6") < 0);
        assertTrue(Host.compareVersions("cuda-12.10", "cuda-12.6") > 0);
        assertTrue(Host.compareVersions("python3.9", "python3.12") < 0);
        assertEquals(0, Host.compareVersions("cuda-12", "cuda-12"));
        assertTrue(Host.compareVersions("cuda", "cuda-12") < 0);
    }

    @Test
    void aCommandThatIsMissingOrFailsPrintsNothing() {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no /bin/sh");
        Host here = Host.here();
        assertEquals(List.of(), here.lines("no-such-command-of-jmoco"));
        assertEquals(List.of(), here.lines("/bin/sh", "-c", "echo x; exit 3"));
        assertEquals(List.of("a", "b"), here.lines("/bin/sh", "-c", "echo a; echo b"));
    }

    @Test
    void anEmptyVariableIsNone() {
        Host h = new Host(Path.of("/"), Map.of("A", " ", "B", " x "), c -> List.of());
        assertEquals(null, h.variable("A"));
        assertEquals(null, h.variable("C"));
        assertEquals("x", h.variable("B"));
    }

    @Test
    void cachedFilesAreWrittenOnceAndWhole(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("jmoco/cuda/lib.so");
        CacheFolder.write(file, new byte[] {1, 2, 3});
        var written = Files.getLastModifiedTime(file);
        CacheFolder.write(file, new byte[] {1, 2, 3});
        assertEquals(written, Files.getLastModifiedTime(file));
        CacheFolder.write(file, new byte[] {1, 2, 4}); // another version, or somebody changed it
        assertEquals(4, Files.readAllBytes(file)[2]);
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertEquals(List.of(file), files.toList());
        }
        assertEquals("rwx------", java.nio.file.attribute.PosixFilePermissions.toString(
                Files.getPosixFilePermissions(file.getParent())));
    }

    @Test
    void theCacheFollowsTheEnvironment() {
        assertEquals(Path.of("/j/cuda"), CacheFolder.of(new Host(Path.of("/"),
                Map.of("JMOCO_CACHE", "/j", "XDG_CACHE_HOME", "/x"), c -> List.of())));
        assertEquals(Path.of("/x/jmoco/cuda"), CacheFolder.of(new Host(Path.of("/"), Map.of("XDG_CACHE_HOME", "/x", "HOME", "/h"),
                c -> List.of())));
        assertEquals(Path.of("/h/.cache/jmoco/cuda"), CacheFolder.of(new Host(Path.of("/"), Map.of("HOME", "/h"),
                c -> List.of())));
    }
}
