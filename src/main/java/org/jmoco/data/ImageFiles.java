package org.jmoco.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jmoco.tensor.RegularFile;
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
                images.add(ImageDecoder.decode(file.toString(), Files.readAllBytes(RegularFile.require(file)),
                        () -> faint.add(file.toString())));
            } catch (UserError e) { // a pipe
                unread.accept(e);
            } catch (NoSuchFileException e) {
                unread.accept(UserError.failed(file + ": no such file", e));
            } catch (IOException e) {
                if (Files.isDirectory(file)) {
                    unread.accept(UserError.failed(file + ": is a folder; name its images, as in "
                            + file.resolve("*." + ending(file)), e));
                    continue;
                }
                unread.accept(UserError.failed(file + ": is no image that can be read (" + reason(e)
                        + "); PNG, JPEG, BMP and TIFF are", e));
            }
        }
        return images.isEmpty() ? Optional.empty() : Optional.of(ImageSet.of("images", images).withFaint(faint));
    }

    /** One line of warning where the high byte of 16 bits leaves hardly anything of some images. */
    public static Optional<String> warning(ImageSet images) {
        return FileNotes.faint(images.faint(), images.size()).map("warning: "::concat);
    }

    /** Of the images in a folder, png if there is none. */
    private static String ending(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString()).map(n -> n.substring(n.lastIndexOf('.') + 1))
                    .filter(e -> ImageStore.ENDINGS.contains(e.toLowerCase(Locale.ROOT))).sorted().findFirst().orElse("png");
        } catch (IOException | UncheckedIOException e) {
            return "png"; // only a hint depends on it
        }
    }

    private static String reason(IOException e) {
        return e instanceof AccessDeniedException ? "permission denied" : e.getMessage();
    }
}
