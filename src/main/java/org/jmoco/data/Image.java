package org.jmoco.data;

import java.util.Objects;
import org.jmoco.tensor.UserError;

/**
 * One decoded picture.
 *
 * @param name   where it comes from, relative to the set's folder; for messages only
 * @param height rows H, at least 1
 * @param width  columns W, at least 1
 * @param rgb    u8, H x W x 3, row-major, red first, read with {@code & 0xff}; shared, not copied, so never write it
 */
public record Image(String name, int height, int width, byte[] rgb) {
    public Image {
        Objects.requireNonNull(name, "image name");
        if (height < 1 || width < 1 || rgb.length != 3L * height * width) {
            throw UserError.failed("image " + name + ": " + rgb.length + " bytes do not make " + height + " x " + width
                    + " x 3; height and width must be at least 1 and bytes = 3 x height x width");
        }
    }
}
