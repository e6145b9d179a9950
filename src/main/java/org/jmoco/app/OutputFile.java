package org.jmoco.app;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** A single file that a command is told to write: a name that cannot be meant is refused before any work is done. */
final class OutputFile {
    private OutputFile() {
    }

    /**
     * @param what the option and its value, or the value alone
     * @throws UserError if the file's folder does not exist, or if the name is that of a folder, a pipe or a device
     */
    static void require(String what, Path file) {
        Path into = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file)) {
            throw UserError.usage(what + ": is a folder; name a file in it");
        }
        if (RegularFile.isOther(file)) { // the new file would take its place
            throw UserError.usage(what + ": " + RegularFile.NOT + "; name a file");
        }
        if (!Files.isDirectory(into)) {
            throw UserError.failed(what + ": there is no folder " + into + "; make it, or name a file elsewhere");
        }
    }
}
