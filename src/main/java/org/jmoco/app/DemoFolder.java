package org.jmoco.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.UserError;

/** The demo's folder: an earlier demo is removed, anything else is left alone. */
final class DemoFolder {
    private static final String MARK = "demo.txt";

    private DemoFolder() {}

    /** @throws UserError if the folder holds something that no demo has written */
    static void replace(Path folder) {
        try {
            if (Files.exists(folder)) {
                if (!Files.isDirectory(folder)) {
                    throw UserError.usage("--out " + folder + ": is a file; name a folder");
                }
                removeDemo(folder);
            }
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(MARK), "Written by jmoco demo; the next demo replaces this folder.\n");
        } catch (IOException e) {
            throw UserError.failed("--out " + folder + ": cannot be written: " + AtomicFile.reason(e)
                    + ". Choose another folder.", e);
        }
    }

    private static void removeDemo(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        if (all.size() > 1 && !Files.exists(folder.resolve(MARK))) {
            throw UserError.usage("--out " + folder + ": holds files that no demo has written; name another folder");
        }
        for (Path p : all) {
            Files.delete(p);
        }
    }
}
