package org.jmoco.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A path that is going to be read to its end: of a named pipe that end never comes, and of a device it may not either. Every
 * reader of the user's files asks here before it opens one.
 */
public final class RegularFile {
    /** What is wrong with such a path, for messages. */
    public static final String NOT = "is no regular file but a pipe, socket or device";

    private RegularFile() {}

    /**
     * Folders and what does not exist pass: readers speak of them in words of their own.
     *
     * @return the same path
     * @throws UserError if it is a pipe, a socket or a device
     */
    public static Path require(Path path) {
        if (isOther(path)) {
            throw UserError.failed(path + ": " + NOT + ". Copy what it gives into a file, and name that.");
        }
        return path;
    }

    /** True of a pipe, a socket, a device. */
    public static boolean isOther(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).isOther();
        } catch (IOException e) {
            return false; // whoever opens it says why that fails
        }
    }
}
