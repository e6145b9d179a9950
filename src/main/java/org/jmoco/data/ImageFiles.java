package org.jmoco.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jmoco.tensor.UserError;

/** Single image files that the user names: PNG, JPEG, BMP, TIFF. */
public final class ImageFiles {
    private ImageFiles() {
    }

    /**
     * @return an unlabelled set of the images in the order given, named by their paths
     * @throws UserError naming the first that is missing or cannot be decoded: none is left out in silence
     */
    public static ImageSet read(List<Path> files) {
        List<Image> images = new ArrayList<>();
        for (Path file : files) {
            try {
                images.add(ImageDecoder.decode(file.toString(), Files.readAllBytes(file)));
            } catch (NoSuchFileException e) {
                throw UserError.usage(file + ": no such file");
            } catch (IOException e) {
                throw UserError.failed(file + ": is no image that can be read (" + e.getMessage() + "); PNG, JPEG, BMP and TIFF are");
            }
        }
        return ImageSet.of("images", images);
    }
}
