package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaInstallCommandTest {
    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), args);
    }

    private Path jar() throws IOException {
        Path jar = folder.resolve("redist.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (String name : List.of("libcublas.so.12", "libcublasLt.so.12", "libcudnn.so.9", "libnvrtc.so.12",
                    "libnvrtc-builtins.so.12.6", "libcufft.so.11")) {
                zip.putNextEntry(new ZipEntry("org/bytedeco/cuda/linux-x86_64/" + name));
                zip.write(name.getBytes());
            }
        }
        return jar;
    }

    @Test
    void aJarThatIsThereIsUnpackedOnce() throws IOException {
        Path to = folder.resolve("libs");
        assertEquals(0, run("cuda", "install", "--from", jar().toString(), "--to", to.toString()), err.toString());
        assertEquals("libcudnn.so.9", Files.readString(to.resolve("libcudnn.so.9")));
        assertTrue(out.toString().contains("use them by --cuda-libs " + to), out.toString());
        Files.writeString(to.resolve("libcudnn.so.9"), "mine");
        assertEquals(0, run("cuda", "install", "--from", jar().toString(), "--to", to.toString()));
        assertEquals("mine", Files.readString(to.resolve("libcudnn.so.9")));
        assertEquals(0, run("cuda", "install", "--again", "--from", jar().toString(), "--to", to.toString()));
        assertEquals("libcudnn.so.9", Files.readString(to.resolve("libcudnn.so.9")));
    }

    @Test
    void errorsAreOneLine() throws IOException {
        assertEquals(1, run("cuda", "install", "--from", folder.resolve("no.jar").toString(), "--to",
                folder.resolve("libs").toString()));
        assertEquals("jmoco: " + folder.resolve("no.jar") + ": no such file or folder\n", err.toString());
        err.getBuffer().setLength(0);
        Path text = Files.writeString(folder.resolve("text.jar"), "hello");
        assertEquals(1, run("cuda", "install", "--from", text.toString(), "--to", folder.resolve("libs").toString()));
        assertTrue(err.toString().startsWith("jmoco: " + text + ": is no jar or cut off") && err.toString().lines().count() == 1,
                err.toString());
        assertEquals(2, run("cuda"));
    }

    @Test
    void mavensAnswerMayBeColoured() {
        assertEquals(Optional.of(Path.of("/home/someone/repository")),
                CudaInstallCommand.repositoryIn("\u001b[0m/home/someone/repository\u001b[0m"));
        assertEquals(Optional.of(Path.of("/r")), CudaInstallCommand.repositoryIn("[INFO] Downloading\n/r\n"));
        assertEquals(Optional.empty(), CudaInstallCommand.repositoryIn(""));
    }
}
