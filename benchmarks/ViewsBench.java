import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.augment.ViewDraw;
import org.jmoco.augment.ViewLoader;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.ViewRenderer;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;

/**
 * What a pair of views costs: processor time of one thread (so that other work on the machine counts less), median and 10
 * to 90 % of blocks of pairs, and what the loader delivers when nothing else runs. Images are made: blobs of colour with
 * noise; the costs depend on sizes, hardly on content.
 *
 * <p>From the project's folder, built: {@code java --add-modules jdk.incubator.vector -cp target/classes
 * benchmarks/ViewsBench.java}
 */
public final class ViewsBench {
    private static final Normalisation PLAIN =
            new Normalisation(new float[] {0.5f, 0.5f, 0.5f}, new float[] {0.25f, 0.25f, 0.25f});
    private static final int IMAGES = 256;
    private static final int BLOCKS = 40;

    private record Problem(String recipe, int height, int width, int size, boolean v2, int pairsPerBlock) {
        ViewRecipe views() {
            ViewRecipe r = ViewRecipe.of(recipe).withSize(size);
            return v2 ? r.v2() : r;
        }

        @Override
        public String toString() {
            return "views " + recipe + (v2 ? " v2" : "") + " h" + height + " w" + width + " to " + size;
        }
    }

    /** Heights and widths are those that training reads: after the pre-resize, where there is one. */
    private static final Problem[] PROBLEMS = {
        new Problem("cifar10", 32, 32, 32, false, 500),
        new Problem("cifar10", 32, 32, 32, true, 500),
        new Problem("idc", 50, 50, 36, false, 500),
        new Problem("covid-ct", 128, 176, 64, false, 200),
        new Problem("luna", 128, 128, 64, false, 200),
        new Problem("images", 256, 340, 224, true, 20),
    };

    public static void main(String[] args) {
        System.out.println(Runtime.version() + ", " + Runtime.getRuntime().availableProcessors() + " processors");
        for (Problem p : PROBLEMS) {
            time(p);
        }
        for (int threads = 1; threads <= 2; threads++) {
            load(PROBLEMS[0], threads);
        }
    }

    private static ImageSet images(Problem p) {
        List<Image> images = new ArrayList<>();
        for (int n = 0; n < IMAGES; n++) {
            Philox random = new Philox(1, Philox.Purpose.TEST, 0, n);
            double[] a = numbers(random);
            byte[] rgb = new byte[3 * p.height * p.width];
            for (int i = 0; i < rgb.length; i++) {
                int c = i % 3;
                double wave = Math.sin(a[c] * (i / 3 % p.width) + a[c + 3] * (i / 3 / p.width));
                rgb[i] = (byte) Math.clamp((long) (40 + 150 * a[c + 6] + 50 * wave) + random.nextInt(16), 0, 255);
            }
            images.add(new Image("image " + n, p.height, p.width, rgb));
        }
        return ImageSet.of("made", images);
    }

    private static double[] numbers(Philox random) {
        double[] a = new double[9];
        for (int i = 0; i < a.length; i++) {
            a[i] = i < 6 ? random.nextDouble(0, 0.5) : random.nextDouble();
        }
        return a;
    }

    private static void time(Problem p) {
        ImageSet set = images(p);
        ViewRecipe recipe = p.views();
        ViewRenderer renderer = new ViewRenderer(p.size, PLAIN);
        float[] out = new float[3 * p.size * p.size];
        check(p, set, renderer, out);
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        double[] micros = new double[BLOCKS];
        for (int block = -BLOCKS / 2; block < BLOCKS; block++) { // those below 0 warm up
            long start = clock.getCurrentThreadCpuTime();
            for (int i = 0; i < p.pairsPerBlock; i++) {
                int image = i % IMAGES;
                for (Philox.Purpose purpose : new Philox.Purpose[] {Philox.Purpose.VIEW_QUERY, Philox.Purpose.VIEW_KEY}) {
                    ViewDraw d = ViewDraw.of(recipe, 1, purpose, block + BLOCKS, i, p.height, p.width);
                    renderer.render(d, set.pixels(image), p.height, p.width, out, 0);
                }
            }
            if (block >= 0) {
                micros[block] = (clock.getCurrentThreadCpuTime() - start) / 1e3 / p.pairsPerBlock;
            }
        }
        Arrays.sort(micros);
        System.out.printf("%-36s %8.1f us a pair (10 %% %.1f, 90 %% %.1f), %.0f pairs/s of one thread%n", p,
                micros[BLOCKS / 2], micros[BLOCKS / 10], micros[BLOCKS * 9 / 10], 1e6 / micros[BLOCKS / 2]);
    }

    /** The renderer draws: two draws of an image differ, the same draw again does not. */
    private static void check(Problem p, ImageSet set, ViewRenderer renderer, float[] out) {
        float[][] seen = new float[3][];
        for (int i = 0; i < 3; i++) {
            ViewDraw d = ViewDraw.of(p.views(), 1, Philox.Purpose.VIEW_QUERY, i / 2, 0, p.height, p.width);
            Arrays.fill(out, Float.NaN);
            renderer.render(d, set.pixels(0), p.height, p.width, out, 0);
            seen[i] = out.clone();
        }
        if (!Arrays.equals(seen[0], seen[1]) || Arrays.equals(seen[1], seen[2]) || Float.isNaN(seen[0][out.length - 1])) {
            throw new AssertionError(p + ": views are not drawn as they should be");
        }
    }

    private static void load(Problem p, int threads) {
        int batch = 128;
        int batches = 200;
        try (ViewLoader loader = ViewLoader.pairs(images(p), p.views(), PLAIN, new ViewLoader.Options(1, batch, threads), 0, 0)) {
            for (int i = 0; i < batches / 4; i++) {
                loader.next();
            }
            long start = System.nanoTime();
            for (int i = 0; i < batches; i++) {
                loader.next();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf("loader %s n%d threads %d: %.0f pairs/s%n", p, batch, threads, batches * batch / seconds);
        }
    }
}
