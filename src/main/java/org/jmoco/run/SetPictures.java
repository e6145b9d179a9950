package org.jmoco.run;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jmoco.augment.ContactSheet;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.report.Pictures;

/** Pictures for a report that come from a data set: held-out images by name, examples of views. */
public final class SetPictures {
    /** Height and width of a thumbnail, in pixels. */
    private static final int THUMBNAIL = 112;
    private static final int EXAMPLES = 6;

    private record Place(ImageSet set, int index) {}

    private SetPictures() {
    }

    /** The images that a run is judged on; empty where the set has none. */
    public static Optional<ImageSet> heldOut(DataSet set) {
        return List.of(DataSet.TEST, DataSet.VAL).stream().filter(set::has).findFirst().map(set::split);
    }

    /** Images by their names, held-out ones first, and the given sections. */
    public static Pictures of(DataSet set, List<Pictures.Exhibit> exhibits) {
        Map<String, Place> places = new HashMap<>();
        // The splits of a run may have been drawn at random, so the image may be in any of them here.
        List<String> splits = new ArrayList<>(List.of(DataSet.TEST, DataSet.VAL));
        splits.addAll(set.splits().keySet());
        splits.stream().filter(set::has).map(set::split)
                .forEach(s -> IntStream.range(0, s.size()).forEach(i -> places.putIfAbsent(s.imageName(i), new Place(s, i))));
        return new Pictures() {
            @Override
            public Optional<byte[]> image(String name) {
                return Optional.ofNullable(places.get(name)).map(p -> png(picture(p.set, p.index)));
            }

            @Override
            public List<Exhibit> exhibits() {
                return exhibits;
            }
        };
    }

    /** Some images of a set with random views of them. */
    public static Pictures.Exhibit views(DataSet set, ViewRecipe views) {
        ImageSet images = set.pretraining();
        int[] which = IntStream.range(0, Math.min(EXAMPLES, images.size())).toArray();
        return new Pictures.Exhibit("Random views of " + set.title(), "An image, then what training sees of it.",
                List.of(new Pictures.Shown("Images of " + set.title() + ", left, and views of them",
                        png(ContactSheet.views(images, views, 1, 1, which, EXAMPLES, THUMBNAIL)))));
    }

    private static BufferedImage picture(ImageSet set, int i) {
        byte[] rgb = set.pixels(i);
        BufferedImage image = new BufferedImage(set.width(i), set.height(i), BufferedImage.TYPE_INT_RGB);
        for (int pixel = 0; pixel < rgb.length / 3; pixel++) {
            image.setRGB(pixel % set.width(i), pixel / set.width(i),
                    (rgb[3 * pixel] & 0xff) << 16 | (rgb[3 * pixel + 1] & 0xff) << 8 | rgb[3 * pixel + 2] & 0xff);
        }
        return image;
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory only
        }
        return out.toByteArray();
    }
}
