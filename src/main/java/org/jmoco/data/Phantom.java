package org.jmoco.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jmoco.tensor.UserError;

/**
 * Chest-CT-like slices made by the program, with (label 1) and without (label 0) ground-glass-like lesions, so that
 * everything can be tried where no data set is at hand. They are not patients, and a result on them says nothing about
 * a diagnosis: every output that uses them says "phantom".
 *
 * <p>Slice {@code i} is a pure function of (seed, i, size); odd numbers have lesions. The same number at another size is
 * the same chest. The lesions change nothing else, so they must be seen against ribs, vessels, haze along the back
 * and a window that varies more than they do: mean brightness does not tell the classes apart.
 */
public final class Phantom {
    public static final List<String> CLASS_NAMES = List.of("no lesion", "lesion");
    public static final int LESION = 1;

    /** Each split has its own range of slice numbers, so that changing one count leaves the other splits as they were. */
    private static final int SPLIT_STRIDE = 1 << 28;

    private Phantom() {
    }

    /**
     * What to make.
     *
     * @param seed        which endless series
     * @param size        height and width in pixels, 16 to 1024
     * @param unlabelled  number of slices for pretraining; half of them have lesions, which nobody is told
     * @param train       labelled slices, half with lesions; likewise val and test; 0 leaves a split out
     */
    public record Spec(long seed, int size, int unlabelled, int train, int val, int test) {
        public static final Spec DEFAULT = new Spec(1, 64, 2000, 200, 200, 400);

        public Spec {
            if (size < 16 || size > 1024) {
                throw UserError.usage("phantom: size " + size + " is outside 16 to 1024 pixels");
            }
            for (int n : new int[] {unlabelled, train, val, test}) {
                if (n < 0 || n > SPLIT_STRIDE) {
                    throw UserError.usage("phantom: a split of " + n + " slices; use 0 to " + SPLIT_STRIDE);
                }
            }
            if ((long) unlabelled + train + val + test == 0) {
                throw UserError.usage("phantom: all splits are empty; ask for at least one slice");
            }
        }
    }

    /** True if slice {@code item} has lesions. */
    public static boolean hasLesion(int item) {
        return (item & 1) == LESION;
    }

    /** Slice {@code item} of the series: size x size x 3, three equal channels. */
    public static Image slice(long seed, int item, int size) {
        byte[] grey = PhantomSlice.draw(seed, item, size, hasLesion(item));
        byte[] rgb = new byte[3 * grey.length];
        for (int i = 0; i < grey.length; i++) {
            rgb[3 * i] = grey[i];
            rgb[3 * i + 1] = grey[i];
            rgb[3 * i + 2] = grey[i];
        }
        return new Image("phantom " + seed + "/" + item, size, size, rgb);
    }

    /** Splits unlabelled, train, val and test as far as their counts are above 0. */
    public static DataSet dataSet(long seed, int size, int unlabelled, int train, int val, int test) {
        return dataSet(new Spec(seed, size, unlabelled, train, val, test));
    }

    public static DataSet dataSet(Spec spec) {
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        add(splits, DataSet.UNLABELLED, spec, 0, spec.unlabelled());
        add(splits, DataSet.TRAIN, spec, 1, spec.train());
        add(splits, DataSet.VAL, spec, 2, spec.val());
        add(splits, DataSet.TEST, spec, 3, spec.test());
        return new DataSet("phantom", splits, DatasetCard.load("phantom").normalisation(), CLASS_NAMES, LESION);
    }

    private static void add(Map<String, ImageSet> splits, String split, Spec spec, int range, int n) {
        if (n == 0) {
            return;
        }
        int first = range * SPLIT_STRIDE;
        List<Image> images = IntStream.range(0, n).parallel()
                .mapToObj(i -> slice(spec.seed(), first + i, spec.size()))
                .toList();
        ImageSet set = ImageSet.of("phantom " + split, images).markedPhantom();
        splits.put(split, split.equals(DataSet.UNLABELLED)
                ? set
                : set.withLabels(IntStream.range(0, n).map(i -> hasLesion(first + i) ? LESION : 0).toArray(), CLASS_NAMES));
    }
}
