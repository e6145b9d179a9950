package org.jmoco.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.augment.ViewDraw;
import org.jmoco.augment.ViewLoader;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.ViewRenderer;
import org.jmoco.backend.Backend;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * What a pair of views costs. On the CPU: processor time of one thread, so that other work on the machine counts less, and what
 * the loader delivers when nothing else runs. Images are made, blobs of colour with noise; the costs depend on sizes, hardly on
 * content.
 */
public final class ViewBench {
    private static final Normalisation PLAIN = new Normalisation(new float[] {0.5f, 0.5f, 0.5f},
            new float[] {0.25f, 0.25f, 0.25f});
    private static final int IMAGES = 256;
    private static final int BATCH = 128;

    /**
     * Views of one recipe. Heights and widths are those that training reads: after the pre-resize, where there is one.
     *
     * @param size height and width of a view
     * @param v2 with MoCo v2's blur
     */
    public record Case(String recipe, int height, int width, int size, boolean v2) {
        private static final Pattern TEXT = Pattern.compile("views (\\S+)( v2)? h(\\d{1,5}) w(\\d{1,5}) to (\\d{1,5})");

        /** @throws UserError if the text is none of such as {@code views cifar10 v2 h32 w32 to 32} */
        static Case parse(String text) {
            Matcher m = TEXT.matcher(text);
            if (!m.matches()) {
                throw UserError.usage("views '" + text + "': give them as 'views RECIPE [v2] hHEIGHT wWIDTH to SIZE'");
            }
            return new Case(m.group(1), Integer.parseInt(m.group(3)), Integer.parseInt(m.group(4)), Integer.parseInt(m.group(5)),
                    m.group(2) != null);
        }

        /** Pairs in one timed block: 20 to 60 ms. */
        int pairsPerBlock() {
            return Math.max(20, 500 * 32 * 32 / (size * size));
        }

        ViewRecipe views() {
            ViewRecipe r = ViewRecipe.of(recipe).withSize(size);
            return v2 ? r.v2() : r;
        }

        /** Both views written in f32, and the image, u8, read for each. */
        double bytesPerPair() {
            return 2.0 * (3 * height * width + 3 * Float.BYTES * size * size);
        }

        @Override
        public String toString() {
            return "views " + recipe + (v2 ? " v2" : "") + " h" + height + " w" + width + " to " + size;
        }
    }

    /** Those of benchmarks/shapes/views.txt. */
    public static final List<Case> CASES = ShapeLists.lines("views").stream().map(Case::parse).toList();

    private ViewBench() {
    }

    /**
     * One thread, without loader: microseconds of processor time for a pair.
     *
     * @throws IllegalStateException if views are not drawn
     */
    public static Map<String, Object> render(Case c, Ceilings ceilings, int blocks, WarmUps warmUps) {
        return row(c + " renderer", 1, c, renderMicros(c, blocks, warmUps), ceilings);
    }

    /** Makes the next pair of views with each run, on the calling thread; checked before. */
    public static Runnable renderer(Case c) {
        ImageSet set = images(c);
        ViewRecipe recipe = c.views();
        ViewRenderer renderer = new ViewRenderer(c.size, PLAIN);
        float[] out = new float[3 * c.size * c.size];
        check(c, set, renderer, out);
        int[] next = {0};
        return () -> {
            int i = next[0]++ & Integer.MAX_VALUE;
            for (Philox.Purpose purpose : new Philox.Purpose[] {Philox.Purpose.VIEW_QUERY, Philox.Purpose.VIEW_KEY}) {
                ViewDraw d = ViewDraw.of(recipe, 1, purpose, i / IMAGES, i % IMAGES, c.height, c.width);
                renderer.render(d, set.pixels(i % IMAGES), c.height, c.width, out, 0);
            }
        };
    }

    /** Microseconds of processor time for a pair, one number for each block. */
    static double[] renderMicros(Case c, int blocks, WarmUps warmUps) {
        Runnable pair = renderer(c);
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        Runnable block = () -> {
            for (int i = 0; i < c.pairsPerBlock(); i++) {
                pair.run();
            }
        };
        warmUps.add(c + " renderer", JitWatch.warmUp(blocks / 2, block));
        double[] micros = new double[blocks];
        for (int i = 0; i < blocks; i++) {
            long start = clock.getCurrentThreadCpuTime();
            block.run();
            micros[i] = (clock.getCurrentThreadCpuTime() - start) / 1e3 / c.pairsPerBlock();
        }
        return micros;
    }

    /** The loader with {@code threads} threads: microseconds of wall time for a pair, nothing else running. */
    public static Map<String, Object> load(Case c, Ceilings ceilings, int threads, int blocks, WarmUps warmUps) {
        int batches = threads * Math.max(1, c.pairsPerBlock() * 4 / BATCH / threads); // threads that work in step finish together
        double[] micros = new double[blocks];
        try (ViewLoader loader = ViewLoader.pairs(images(c), c.views(), PLAIN, new ViewLoader.Options(1, BATCH, threads), 0, 0)) {
            Runnable block = () -> {
                for (int i = 0; i < batches; i++) {
                    loader.next();
                }
            };
            warmUps.add(c + " loader", JitWatch.warmUp(blocks / 4, block));
            for (int i = 0; i < blocks; i++) {
                long start = System.nanoTime();
                block.run();
                micros[i] = (System.nanoTime() - start) / 1e3 / (batches * BATCH);
            }
        }
        return row(c + " loader", threads, c, micros, ceilings);
    }

    /**
     * Views made by the backend itself, from images in its memory: microseconds of the device for a pair.
     *
     * @param backend renders views; its memory is used and it serves for nothing else afterwards
     */
    public static Map<String, Object> device(Case c, Ceilings ceilings, Backend backend, int samples, double warmUpSeconds,
            WarmUps warmUps) {
        DeviceViews views = new DeviceViews(backend, images(c), c.views(), PLAIN, BATCH);
        Stopwatch.Timing t = new Stopwatch(samples, warmUpSeconds).time(backend, views::run);
        warmUps.add(c + " device", t.warmUp());
        double perPair = 1e-3 / BATCH;
        return row(c + " device", 1, c, new double[] {t.p10() * perPair, t.median() * perPair, t.p90() * perPair}, ceilings);
    }

    private static Map<String, Object> row(String problem, int threads, Case c, double[] micros, Ceilings ceilings) {
        double[] sorted = micros.clone();
        Arrays.sort(sorted);
        double median = Stopwatch.quantile(sorted, 0.5);
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("problem", problem);
        m.put("threads", threads);
        m.put("us_per_pair_median", median);
        m.put("us_p10", Stopwatch.quantile(sorted, 0.1));
        m.put("us_p90", Stopwatch.quantile(sorted, 0.9));
        m.put("pairs_per_s", 1e6 / median);
        Rates.putBytes(m, ceilings, median * 1e3, c.bytesPerPair());
        return m;
    }

    private static ImageSet images(Case c) {
        List<Image> images = new ArrayList<>();
        for (int n = 0; n < IMAGES; n++) {
            Philox random = new Philox(1, Philox.Purpose.TEST, 0, n);
            double[] a = new double[9];
            for (int i = 0; i < a.length; i++) {
                a[i] = i < 6 ? random.nextDouble(0, 0.5) : random.nextDouble();
            }
            byte[] rgb = new byte[3 * c.height * c.width];
            for (int i = 0; i < rgb.length; i++) {
                int channel = i % 3;
                double wave = Math.sin(a[channel] * (i / 3 % c.width) + a[channel + 3] * (i / 3 / c.width));
                rgb[i] = (byte) Math.clamp((long) (40 + 150 * a[channel + 6] + 50 * wave) + random.nextInt(16), 0, 255);
            }
            images.add(new Image("image " + n, c.height, c.width, rgb));
        }
        return ImageSet.of("made", images);
    }

    /** The renderer draws: two draws of an image differ, the same draw again does not. */
    private static void check(Case c, ImageSet set, ViewRenderer renderer, float[] out) {
        float[][] seen = new float[3][];
        for (int i = 0; i < 3; i++) {
            ViewDraw d = ViewDraw.of(c.views(), 1, Philox.Purpose.VIEW_QUERY, i / 2, 0, c.height, c.width);
            Arrays.fill(out, Float.NaN);
            renderer.render(d, set.pixels(0), c.height, c.width, out, 0);
            seen[i] = out.clone();
        }
        if (!Arrays.equals(seen[0], seen[1]) || Arrays.equals(seen[1], seen[2]) || Float.isNaN(seen[0][out.length - 1])) {
            throw new IllegalStateException(c + ": views are not drawn as they should be");
        }
    }
}
