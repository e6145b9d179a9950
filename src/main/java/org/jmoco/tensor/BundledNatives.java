package org.jmoco.tensor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Native libraries that lie unpacked in a folder because {@code jmoco bundle} put them there: nothing is then extracted at a
 * start, neither to /tmp nor to a cache. The launcher of the bundle names the folder; elsewhere there is none.
 */
public final class BundledNatives {
    /** System property with the folder. */
    public static final String PROPERTY = "jmoco.natives";

    private BundledNatives() {
    }

    /** The folder, if this program runs from a bundle. */
    public static Optional<Path> folder() {
        String folder = System.getProperty(PROPERTY);
        return folder == null ? Optional.empty() : Optional.of(Path.of(folder));
    }

    /**
     * One library of the bundle, or nothing outside of one.
     *
     * @throws UserError if the bundle lacks it
     */
    public static Optional<Path> file(String name) {
        return folder().map(f -> {
            Path file = f.resolve(name);
            if (!Files.isRegularFile(file)) {
                throw UserError.failed("this bundle lacks " + file + "; unpack the archive again");
            }
            return file;
        });
    }
}
