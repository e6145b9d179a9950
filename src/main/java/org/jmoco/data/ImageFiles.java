package org.jmoco.data;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.tensor.UserError;

/** Single image files that the user names: PNG, JPEG, BMP, TIFF. */
public final class ImageFiles {
    private ImageFiles() {
    }

    /**
     * @param unread takes what is to be said of each file that is missing or cannot be decoded: none is left out in silence
     * @return an unlabelled set of the others in the order given, named by their paths; empty if there is none
     */
    public static Optional<ImageSet> read(List<Path> files, Consumer<UserError> unread) {
        List<Image> images = new ArrayList<>();
        List<String> faint = new ArrayList<>();
        for (Path file : files) {
            try {
                images.add(ImageDecoder.decode(file.toString(), Files.readAllBytes(file),
                        () -> faint.add(file.toString())));
            } catch (NoSuchFileException e) {
                unread.accept(UserError.failed(file + ": no such file", e));
            } catch (IOException e) {
                unread.accept(UserError.failed(file + ": is no image that can be read (" + reason(file, e)
                        + "); PNG, JPEG, BMP and TIFF are", e));
            }
        }
        return images.isEmpty() ? Optional.empty() : Optional.of(ImageSet.of("images", images).withFaint(faint));
    }

    /** One line of warning where the high byte of 16 bits leaves hardly anything of some images. */
    public static Optional<String> warning(ImageSet images) {
        return FileNotes.faint(images.faint(), images.size()).map("warning: "::concat);
    }

    private static String reason(Path file, IOException e) {
        if (Files.isDirectory(file)) {
            return "it is a folder";
        }
        return e instanceof AccessDeniedException ? "permission denied" : e.getMessage();
    }
}
