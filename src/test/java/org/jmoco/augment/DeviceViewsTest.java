package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.augment.ViewRecipe.Blur;
import org.jmoco.augment.ViewRecipe.Crop;
import org.jmoco.augment.ViewRecipe.Evaluation;
import org.jmoco.augment.ViewRecipe.Jitter;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.data.Normalisation;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.ptx.LaunchCounts;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Philox.Purpose;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/**
 * kernels/views.cu, as it ships, on the PTX machine: every pixel of every view is the one that {@link ViewDraw} and
 * {@link ViewRenderer} make, bit for bit.
 */
class DeviceViewsTest {
    private static final Normalisation NORMALISATION =
            new Normalisation(new float[] {0.4914f, 0.4822f, 0.4465f}, new float[] {0.2023f, 0.1994f, 0.2010f});
    private static final List<Purpose> PAIR = List.of(Purpose.VIEW_QUERY, Purpose.VIEW_KEY);
    private static final long SEED = 0x0123_4567_89ab_cdefL; // both halves of the key count

    private static final Jitter STRONG = new Jitter(0.4, 0.4, 0.4, 0.1, 1);
    private static final Jitter WILD = new Jitter(1.5, 2, 3, 0.5, 1);

    private BlockOrder[] orders = {BlockOrder.FORWARD};
    private EmulatedGpu gpu; // of the last launch

    // ---- images ------------------------------------------------------------------------------------------------

    private static byte[][] images(int... sizes) {
        byte[][] all = new byte[sizes.length / 2][];
        for (int i = 0; i < all.length; i++) {
            all[i] = image(i, sizes[2 * i], sizes[2 * i + 1]);
        }
        return all;
    }

    /** By turns noise, slopes and grey noise. */
    private static byte[] image(int i, int height, int width) {
        Philox random = new Philox(7, Purpose.TEST, 0, i);
        byte[] rgb = new byte[3 * height * width];
        for (int k = 0; k < rgb.length; k++) {
            int pixel = k / 3;
            rgb[k] = (byte) switch (i % 3) {
                case 0 -> random.nextInt(256);
                case 1 -> Math.clamp(pixel % width * 5L + pixel / width * (k % 3) + random.nextInt(30), 0, 255);
                default -> k % 3 == 0 ? random.nextInt(256) : rgb[k - 1];
            };
        }
        return rgb;
    }

    // ---- both sides --------------------------------------------------------------------------------------------

    /** Views of images {@code chosen} on the device, one tensor for each purpose. */
    private List<HostTensor> onDevice(ViewRecipe recipe, int[] sizes, byte[][] images, int[] chosen, int ofEpoch,
            List<Purpose> purposes, Precision precision) {
        gpu = new EmulatedGpu(80);
        gpu.blockOrders(orders);
        try (Backend backend = CudaBackend.open(gpu, CudaOptions.of(precision))) {
            int n = images.length;
            int gap = 5; // bytes between images, so that places are odd
            int total = gap;
            int[] places = new int[4 * n];
            int tallest = 0;
            int widest = 0;
            for (int i = 0; i < n; i++) {
                places[4 * i] = total;
                places[4 * i + 2] = sizes[2 * i];
                places[4 * i + 3] = sizes[2 * i + 1];
                tallest = Math.max(tallest, sizes[2 * i]);
                widest = Math.max(widest, sizes[2 * i + 1]);
                total += images[i].length + gap;
            }
            byte[] bytes = new byte[total];
            for (int i = 0; i < n; i++) {
                System.arraycopy(images[i], 0, bytes, places[4 * i], images[i].length);
            }
            Buffer pixels = backend.memory().declare(Region.DATA, "pixels", DType.U8, Shape.of(total));
            Buffer table = ints(backend, "places", Shape.of(n, 4));
            Buffer which = ints(backend, "chosen", Shape.of(chosen.length));
            Buffer epoch = ints(backend, "epoch", Shape.SCALAR);
            Shape shape = Shape.of(chosen.length, recipe.size(), recipe.size(), 3);
            List<Buffer> views = new ArrayList<>();
            for (Purpose p : purposes) {
                views.add(backend.memory().declare(Region.INPUT, "view " + p, backend.featureMaps(), shape));
            }
            Recorder rec = backend.record("views");
            rec.randomViews("views", recipe.geometry(tallest, widest, NORMALISATION), SEED, purposes, views, pixels, table, which,
                    epoch);
            Program program = rec.finish();
            backend.allocate();
            backend.upload(pixels, HostTensor.of(pixels.shape(), bytes));
            backend.upload(table, HostTensor.of(table.shape(), places));
            backend.upload(which, HostTensor.of(which.shape(), chosen));
            backend.set(epoch, ofEpoch);
            for (Buffer v : views) {
                gpu.memory().poison(v.address(), v.bytes());
            }
            program.run();
            return views.stream().map(backend::download).toList();
        }
    }

    private static Buffer ints(Backend backend, String name, Shape shape) {
        return backend.memory().declare(Region.INPUT, name, DType.I32, shape);
    }

    /** Compares all views with the host's. @return the draws */
    private List<ViewDraw> compare(ViewRecipe recipe, int[] sizes, int[] chosen, int epoch, List<Purpose> purposes,
            Precision precision) {
        byte[][] images = images(sizes);
        List<HostTensor> views = onDevice(recipe, sizes, images, chosen, epoch, purposes, precision);
        ViewRenderer renderer = new ViewRenderer(recipe.size(), NORMALISATION);
        int each = 3 * recipe.size() * recipe.size();
        float[] expected = new float[each];
        List<ViewDraw> draws = new ArrayList<>();
        for (int v = 0; v < purposes.size(); v++) {
            float[] got = views.get(v).floats();
            for (int n = 0; n < chosen.length; n++) {
                int i = chosen[n];
                ViewDraw d = ViewDraw.of(recipe, SEED, purposes.get(v), epoch, i, sizes[2 * i], sizes[2 * i + 1]);
                draws.add(d);
                renderer.render(d, images[i], sizes[2 * i], sizes[2 * i + 1], expected, 0);
                for (int e = 0; e < each; e++) {
                    float x = switch (precision) {
                        case BF16 -> roundedToBf16(expected[e]);
                        case F16 -> Float.float16ToFloat(Float.floatToFloat16(expected[e]));
                        default -> expected[e];
                    };
                    assertEquals(Float.floatToRawIntBits(x), Float.floatToRawIntBits(got[n * each + e]), recipe.name() + " "
                            + purposes.get(v)
                            + " of image " + i + " (" + sizes[2 * i] + " x " + sizes[2 * i + 1] + "), element " + e + ": " + d);
                }
            }
        }
        return draws;
    }

    /** To nearest, ties to even. */
    private static float roundedToBf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
    }

    private static int[] all(int n) {
        int[] a = new int[n];
        Arrays.setAll(a, i -> i);
        return a;
    }

    private static int[] repeat(int n, int height, int width) {
        int[] sizes = new int[2 * n];
        for (int i = 0; i < n; i++) {
            sizes[2 * i] = height;
            sizes[2 * i + 1] = width;
        }
        return sizes;
    }

    // ---- recipes -----------------------------------------------------------------------------------------------

    @Test
    void cifarTens() {
        List<ViewDraw> draws = compare(ViewRecipe.of("cifar10"), repeat(8, 32, 32), all(8), 3, PAIR, Precision.F32);
        assertTrue(draws.stream().anyMatch(ViewDraw::flip) && draws.stream().anyMatch(d -> !Float.isNaN(d.hue()))
                && draws.stream().anyMatch(ViewDraw::grey), "too few kinds: " + draws);
    }

    @Test
    void lunaAndCovidOfSeveralSizes() {
        compare(ViewRecipe.of("luna"), new int[] {128, 128, 128, 171}, all(2), 1, List.of(Purpose.VIEW_KEY), Precision.F32);
        compare(ViewRecipe.of("covid-ct"), new int[] {180, 128, 128, 131}, all(2), 1, List.of(Purpose.VIEW_TRAIN), Precision.F32);
    }

    @Test
    void idcPatches() {
        compare(ViewRecipe.of("idc"), new int[] {50, 50, 50, 50, 31, 50, 1, 50}, new int[] {3, 1, 0, 2}, 500, PAIR,
                Precision.F32);
    }

    @Test
    void blurOfVersion2() {
        List<ViewDraw> draws = compare(ViewRecipe.of("cifar10").v2(), repeat(6, 32, 32), all(6), 1, PAIR, Precision.F32);
        assertTrue(draws.stream().filter(d -> !Float.isNaN(d.sigma())).count() >= 4, "too few blurs: " + draws);
    }

    /**
     * Images from a pixel on, boxes smaller and larger than the view, views from a pixel on, more adjustments than any recipe
     * has.
     */
    @Test
    void everySizeAndEveryRange() {
        int[] sizes = {1, 1, 1, 40, 33, 1, 7, 13, 60, 31, 2, 3, 90, 90, 5, 64};
        for (int size : new int[] {1, 7, 13}) {
            ViewRecipe wild = new ViewRecipe("wild " + size, 0, new Crop(size, 0.01, 1, 0.1, 7), 0.5, WILD, 0.1,
                    new Blur(0.7, 0.1, 9), Evaluation.EXACT);
            compare(wild, sizes, all(8), 2, PAIR, Precision.F32);
        }
    }

    /** Few boxes of ratio 3/4 to 4/3 fit into a stripe: mostly the central one is taken. */
    @Test
    void centralBoxes() {
        ViewRecipe r = new ViewRecipe("central", 0, new Crop(8, 0.8, 1), 0.5, Jitter.NONE, 0, Blur.NONE, Evaluation.EXACT);
        List<ViewDraw> draws = compare(r, new int[] {4, 40, 40, 4, 10, 11, 3, 90}, all(4), 1, PAIR, Precision.F32);
        assertTrue(draws.stream().anyMatch(d -> d.height() == 4 && d.width() == 5), "no central box: " + draws);
    }

    /** A view of 64 pixels has memory for some 160 rows, these boxes have nearly 400. */
    @Test
    void tallBoxesAreResizedInStrips() {
        ViewRecipe r = new ViewRecipe("strips", 0, new Crop(64, 0.9, 1, 0.1, 0.2), 0.5, STRONG, 0, new Blur(1, 1, 2),
                Evaluation.EXACT);
        List<ViewDraw> draws = compare(r, new int[] {400, 50}, all(1), 1, PAIR, Precision.F32);
        assertTrue(draws.stream().allMatch(d -> d.height() > 320), draws.toString());
    }

    /** The same where the picture lies in global memory: beside the weights there is room for some 80 rows. */
    @Test
    void tallBoxesOfLargePicturesAreResizedInStrips() {
        ViewRecipe r = new ViewRecipe("strips", 0, new Crop(168, 0.9, 1, 0.1, 0.2), 0.5, STRONG, 0, Blur.NONE, Evaluation.EXACT);
        for (Precision p : new Precision[] {Precision.F32, Precision.BF16}) {
            List<ViewDraw> draws = compare(r, new int[] {190, 25}, all(1), 1, List.of(Purpose.VIEW_KEY), p);
            assertTrue(draws.stream().allMatch(d -> d.height() > 150), draws.toString());
        }
    }

    /**
     * Pictures of 168 x 168 fill more than half of a block's shared memory: they lie in global memory, each in a place of its
     * own.
     */
    @Test
    void largePicturesLieInGlobalMemory() {
        ViewRecipe r = new ViewRecipe("large", 0, new Crop(168, 0.5, 1), 0.5, STRONG, 0.5, new Blur(1, 0.5, 2), Evaluation.EXACT);
        for (Precision p : new Precision[] {Precision.F32, Precision.BF16}) {
            compare(r, new int[] {40, 33, 21, 50}, all(2), 1, PAIR, p);
            assertTrue(gpu.counts("random_views_" + p + "_outside").globalBytesWritten() > 2L * 2 * 3 * 168 * 168);
        }
    }

    @Test
    void allOrdersOfTheAdjustments() {
        ViewRecipe r = new ViewRecipe("orders", 0, new Crop(4, 0.5, 1), 0.5, WILD, 0, Blur.NONE, Evaluation.EXACT);
        List<ViewDraw> draws = compare(r, repeat(100, 6, 6), all(100), 1, PAIR, Precision.F32);
        assertEquals(24, draws.stream().map(ViewDraw::order).distinct().count());
    }

    // ---- precision, order, edges -------------------------------------------------------------------------------

    @Test
    void f16IsTheRoundedView() {
        compare(ViewRecipe.of("cifar10"), repeat(2, 32, 32), all(2), 1, PAIR, Precision.F16);
        // no whole packs
        compare(ViewRecipe.of("phantom").withSize(7), new int[] {9, 31, 64, 64}, all(2), 1, PAIR, Precision.F16);
    }

    @Test
    void bf16IsTheRoundedView() {
        compare(ViewRecipe.of("cifar10").v2(), repeat(3, 32, 32), all(3), 1, PAIR, Precision.BF16);
        // no whole packs
        compare(ViewRecipe.of("phantom").withSize(7), new int[] {9, 31, 64, 64}, all(2), 1, PAIR, Precision.BF16);
    }

    @Test
    void theOrderOfTheBlocksDoesNotMatter() {
        orders = BlockOrder.values();
        compare(ViewRecipe.of("cifar10").withSize(16).v2(), new int[] {20, 32, 33, 17, 5, 5}, new int[] {2, 0, 1, 0}, 1, PAIR,
                Precision.F32);
    }

    /**
     * What docs/maths/views.md says of a 32 x 32 view: every byte of it is written once and coalesced, its box is read about
     * three times through L1, and it takes no more instructions than now.
     */
    @Test
    void theCostOfAView() {
        int n = 16;
        compare(ViewRecipe.of("cifar10"), repeat(n, 32, 32), all(n), 1, PAIR, Precision.BF16);
        LaunchCounts c = gpu.counts("random_views_bf16");
        assertEquals(2L * n * 3 * 32 * 32 * 2, c.globalBytesWritten());
        assertEquals(1.0, c.globalStores().waste());
        assertTrue(c.globalBytesRead() < 2L * n * 4 * 3 * 32 * 32, c.toString());
        assertTrue(c.warpInstructions() < 2L * n * 20_000, c.toString());
    }

    /** The same image twice in a batch is the same view twice; another epoch, purpose or image is another one. */
    @Test
    void aViewIsAFunctionOfPurposeEpochAndImage() {
        ViewRecipe r = ViewRecipe.of("cifar10").withSize(8);
        byte[] image = image(0, 16, 16);
        int[] sizes = repeat(2, 16, 16);
        List<HostTensor> first = onDevice(r, sizes, new byte[][] {image, image}, new int[] {0, 0, 1}, 1, PAIR, Precision.F32);
        List<HostTensor> second = onDevice(r, sizes, new byte[][] {image, image}, new int[] {0, 0, 1}, 2, PAIR, Precision.F32);
        int each = 3 * 8 * 8;
        float[][] views = new float[5][];
        views[0] = Arrays.copyOfRange(first.get(0).floats(), 0, each);
        views[1] = Arrays.copyOfRange(first.get(0).floats(), each, 2 * each);
        views[2] = Arrays.copyOfRange(first.get(0).floats(), 2 * each, 3 * each);
        views[3] = Arrays.copyOfRange(first.get(1).floats(), 0, each);
        views[4] = Arrays.copyOfRange(second.get(0).floats(), 0, each);
        assertTrue(Arrays.equals(views[0], views[1]));
        for (int i = 2; i < 5; i++) {
            assertTrue(!Arrays.equals(views[0], views[i]), "view " + i);
        }
    }

    @Test
    void anImageThatIsNotThereGivesNaN() {
        ViewRecipe r = ViewRecipe.of("phantom").withSize(5);
        byte[][] images = {image(0, 9, 9)};
        for (Precision p : new Precision[] {Precision.F32, Precision.BF16}) {
            float[] views = onDevice(r, new int[] {9, 9}, images, new int[] {0, 1, -1}, 1, PAIR, p).getFirst().floats();
            for (int e = 0; e < views.length; e++) {
                assertEquals(e >= 75, Float.isNaN(views[e]), p + " element " + e);
            }
        }
    }
}
