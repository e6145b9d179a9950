package org.jmoco.augment;

import java.util.List;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.ViewGeometry.Range;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.UserError;

/**
 * What a random view of an image may look like, as ranges and probabilities; {@link ViewDraw} is one draw from it. The
 * operations follow in this order: crop with resize, flip, colour jitter, grey, blur.
 *
 * @param name       the data set it was made for, for messages
 * @param preResize  shorter side in pixels to which images are resized once when they are loaded; 0 leaves them as they are
 * @param crop       random resized crop
 * @param flip       probability of mirroring left to right
 * @param jitter     colour jitter
 * @param grey       probability of dropping colour
 * @param blur       Gaussian blur
 * @param evaluation how an image becomes size x size without chance
 */
public record ViewRecipe(String name, int preResize, Crop crop, double flip, Jitter jitter, double grey, Blur blur,
        Evaluation evaluation) {

    /**
     * Random resized crop (torchvision's RandomResizedCrop).
     *
     * @param size     output height and width in pixels
     * @param minScale smallest part of the image's area, 0 to 1
     * @param maxScale largest part
     * @param minRatio smallest width / height of the box; the logarithm of the ratio is uniform
     * @param maxRatio largest width / height
     */
    public record Crop(int size, double minScale, double maxScale, double minRatio, double maxRatio) {
        /** Boxes between 3:4 and 4:3, torchvision's default. */
        public Crop(int size, double minScale, double maxScale) {
            this(size, minScale, maxScale, 3.0 / 4, 4.0 / 3);
        }
    }

    /**
     * Colour jitter (torchvision's ColorJitter within RandomApply): with probability p the adjustments whose range is not 0
     * are made in random order, with factors uniform in [max(0, 1 - range), 1 + range], for hue in [-range, range].
     *
     * @param hue  at most 0.5; 1 is the whole colour circle
     */
    public record Jitter(double brightness, double contrast, double saturation, double hue, double p) {
        public static final Jitter NONE = new Jitter(0, 0, 0, 0, 0);
    }

    /** Gaussian blur with probability p, its deviation uniform in [minSigma, maxSigma] pixels. */
    public record Blur(double p, double minSigma, double maxSigma) {
        public static final Blur NONE = new Blur(0, 0.1, 2);
    }

    /** From an image of any size to size x size for evaluation; bilinear with antialiasing in both cases. */
    public enum Evaluation {
        /** Height and width each resized to size, whatever the aspect ratio; nothing where they agree already. */
        EXACT,
        /** Shorter side resized to size, then the central square. */
        SHORTER_SIDE
    }

    /** Height and width at which three channels still fit into one array. */
    static final int LARGEST = (int) Math.sqrt(Integer.MAX_VALUE / 3);

    /** Names that {@link #of} knows. */
    public static final List<String> NAMES =
            List.of("cifar10", "luna", "images", "ct-unlabeled", "covid-ct", "idc", "phantom");

    public ViewRecipe {
        if (crop.size < 1 || crop.size > LARGEST) {
            throw UserError.usage("views: image size is " + crop.size + "; it must be 1 to " + LARGEST + " pixels");
        }
        boolean fits = preResize >= 0 && 0 < crop.minScale && crop.minScale <= crop.maxScale && crop.maxScale <= 1
                && 0 < crop.minRatio && crop.minRatio <= crop.maxRatio && probability(flip) && probability(grey)
                && probability(jitter.p) && jitter.brightness >= 0 && jitter.contrast >= 0 && jitter.saturation >= 0
                && jitter.hue >= 0 && jitter.hue <= 0.5 && probability(blur.p) && 0 < blur.minSigma
                && blur.minSigma <= blur.maxSigma;
        if (!fits) {
            throw UserError.usage("views: the recipe for " + name + " has a range upside down, a probability outside 0 .. 1, "
                    + "a scale outside (0, 1] or a hue above 0.5: " + crop + ", flip " + flip + ", " + jitter + ", grey " + grey
                    + ", " + blur);
        }
    }

    private static boolean probability(double p) {
        return p >= 0 && p <= 1;
    }

    /**
     * The recipe of a data set. Those of cifar10, luna, covid-ct and idc are the published ones (docs/maths/views.md); images
     * and ct-unlabeled, unlabelled pictures of any kind, take luna's, and phantom takes covid-ct's at 32 pixels without
     * a pre-resize, since phantoms are made small.
     *
     * @throws UserError for another name; the message lists {@link #NAMES}
     */
    public static ViewRecipe of(String dataSet) {
        Jitter strong = new Jitter(0.4, 0.4, 0.4, 0.1, 0.8);
        Jitter light = new Jitter(0.2, 0.2, 0, 0, 1);
        return switch (dataSet) {
            case "cifar10" -> new ViewRecipe(dataSet, 0, new Crop(32, 0.08, 1), 0.5, strong, 0.2, Blur.NONE, Evaluation.EXACT);
            case "luna", "images", "ct-unlabeled" ->
                new ViewRecipe(dataSet, 128, new Crop(64, 0.2, 1), 0.5, strong, 0.2, Blur.NONE, Evaluation.EXACT);
            case "covid-ct" ->
                new ViewRecipe(dataSet, 128, new Crop(64, 0.5, 1), 0.5, light, 0, Blur.NONE, Evaluation.EXACT);
            case "idc" ->
                new ViewRecipe(dataSet, 0, new Crop(36, 0.08, 1), 0.5, light, 0, Blur.NONE, Evaluation.SHORTER_SIDE);
            case "phantom" ->
                new ViewRecipe(dataSet, 0, new Crop(32, 0.5, 1), 0.5, light, 0, Blur.NONE, Evaluation.EXACT);
            default -> throw UserError.usage("views: no recipe for data set \"" + dataSet + "\"; there are "
                    + String.join(", ", NAMES));
        };
    }

    /** Output height and width in pixels. */
    public int size() {
        return crop.size;
    }

    /**
     * The same views at another output size, as {@code --image} asks. A pre-resize follows as min(2 size, max(128, 8/7
     * size)): it stays twice the crop, as published for 64, without enlarging images only to shrink them again when size
     * grows; at 224 that is 256, the usual pair.
     */
    public ViewRecipe withSize(int size) {
        Crop c = new Crop(size, crop.minScale, crop.maxScale, crop.minRatio, crop.maxRatio);
        int pre = preResize == 0 ? 0 : (int) Math.min(2L * size, Math.max(128, size * 8L / 7));
        return new ViewRecipe(name, pre, c, flip, jitter, grey, blur, evaluation);
    }

    /** The same views, with images prepared for evaluation in another way. */
    public ViewRecipe withEvaluation(Evaluation evaluation) {
        return new ViewRecipe(name, preResize, crop, flip, jitter, grey, blur, evaluation);
    }

    /**
     * The recipe in the numbers that a backend draws views by.
     *
     * @param tallest height of the tallest image of the set
     * @param widest  width of the widest
     */
    public ViewGeometry geometry(int tallest, int widest, Normalisation n) {
        Range hue = jitter.hue > 0 ? new Range(-jitter.hue, jitter.hue) : null;
        return new ViewGeometry(crop.size, tallest, widest, new Range(crop.minScale, crop.maxScale),
                new Range(crop.minRatio, crop.maxRatio),
                flip, jitter.p, factors(jitter.brightness), factors(jitter.contrast), factors(jitter.saturation), hue, grey,
                blur.p, new Range(blur.minSigma, blur.maxSigma), list(n.mean()), list(n.std()));
    }

    /** Factors of an adjustment; null if it is left out. */
    private static Range factors(double range) {
        return range > 0 ? new Range(Math.max(0, 1 - range), 1 + range) : null;
    }

    private static List<Float> list(float[] three) {
        return List.of(three[0], three[1], three[2]);
    }

    /** MoCo v2's addition: Gaussian blur with probability 0.5, deviation 0.1 to 2 pixels (Chen et al. 2020). */
    public ViewRecipe v2() {
        return new ViewRecipe(name + " v2", preResize, crop, flip, jitter, grey, new Blur(0.5, 0.1, 2), evaluation);
    }
}
