package org.jmoco.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A file system in memory, small enough to be filled, mounted for one test. It needs Linux and root. */
public final class Tmpfs implements AutoCloseable {
    public final Path root;

    private Tmpfs(Path root) {
        this.root = root;
    }

    /** Skips the test, with the reason, where nothing can be mounted. */
    public static Tmpfs mountOrSkip(Path folder, String size) throws IOException {
        boolean linux = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
        Assumptions.assumeTrue(linux, "not run: mounting a tmpfs needs Linux");
        Path root = Files.createDirectories(folder.resolve("tmpfs"));
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=" + size, "jmoco-test", root.toString()),
                "not run: mounting a tmpfs needs root");
        return new Tmpfs(root);
    }

    public void remount(String options) throws IOException {
        if (!run("mount", "-o", "remount," + options, root.toString())) {
            throw new IOException("remount " + options + " " + root);
        }
    }

    @Override
    public void close() throws IOException {
        if (!run("umount", root.toString())) {
            throw new IOException("umount " + root);
        }
    }

    private static boolean run(String... command) throws IOException {
        Process p = new ProcessBuilder(command).inheritIO().redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            return p.waitFor(20, TimeUnit.SECONDS) && p.exitValue() == 0;
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
