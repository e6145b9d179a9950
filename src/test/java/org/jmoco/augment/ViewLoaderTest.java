package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jmoco.augment.ViewLoader.Options;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Philox.Purpose;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ViewLoaderTest {
    private static final Normalisation PLAIN = new Normalisation(new float[3], new float[] {1, 1, 1});
    private static final ViewRecipe RECIPE = ViewRecipe.of("cifar10").withSize(7);
    private static final int IMAGES = 31;
    private static final ImageSet SET = set();

    private static ImageSet set() {
        Philox random = new Philox(4, Purpose.TEST, 0, 0);
        List<Image> images = new ArrayList<>();
        int[] labels = new int[IMAGES];
        for (int i = 0; i < IMAGES; i++) {
            byte[] rgb = new byte[3 * 9 * (8 + i % 3)];
            for (int p = 0; p < rgb.length; p++) {
                rgb[p] = (byte) random.nextInt();
            }
            images.add(new Image("image " + i, 9, 8 + i % 3, rgb));
            labels[i] = i % 2;
        }
        return ImageSet.of("set", images).withLabels(labels, List.of("even", "odd"));
    }

    /** A batch, copied. */
    private record Copy(int epoch, int step, int count, float[] query, float[] key, int[] labels, int[] images) {
        static Copy of(ViewBatch b, boolean pairs) {
            return new Copy(b.epoch(), b.step(), b.count(), b.query().floats().clone(), pairs ? b.key().floats().clone() : null,
                    b.labels().ints().clone(), b.images.clone());
        }
    }

    private static void assertSame(Copy a, Copy b) {
        String where = "epoch " + a.epoch + " step " + a.step;
        assertEquals(where + " count " + a.count, "epoch " + b.epoch + " step " + b.step + " count " + b.count);
        assertArrayEquals(a.images, b.images, where);
        assertArrayEquals(a.labels, b.labels, where);
        assertArrayEquals(a.query, b.query, where);
        assertArrayEquals(a.key, b.key, where);
    }

    private static List<Copy> take(int batches, Options o, boolean pairs, int epoch, int step) {
        List<Copy> all = new ArrayList<>();
        try (ViewLoader l = pairs ? ViewLoader.pairs(SET, RECIPE, PLAIN, o, epoch, step)
                : ViewLoader.single(SET, RECIPE, PLAIN, o, epoch, step)) {
            for (int i = 0; i < batches; i++) {
                all.add(Copy.of(l.next(), pairs));
            }
        }
        return all;
    }

    @AfterEach
    void noThreadIsLeft() {
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            assertFalse(t.getName().startsWith("jmoco-views"), "still running: " + t.getName());
        }
    }

    @Test
    void batchesDoNotDependOnThreadsOrRing() {
        List<Copy> one = take(20, new Options(5, 7, 1), true, 1, 0);
        for (Options o : new Options[] {new Options(5, 7, false, 1, 2), new Options(5, 7, false, 3, 2),
                new Options(5, 7, false, 4, 9)}) {
            List<Copy> many = take(20, o, true, 1, 0);
            for (int i = 0; i < 20; i++) {
                assertSame(one.get(i), many.get(i));
            }
        }
        assertFalse(Arrays.equals(one.getFirst().query, take(1, new Options(6, 7, 1), true, 1, 0).getFirst().query));
    }

    @Test
    void startsAnywhereAsIfItHadComeThere() {
        List<Copy> all = take(12, new Options(5, 7, 2), true, 1, 0);
        assertEquals(4, ViewLoader.steps(IMAGES, new Options(5, 7, 2)));
        for (int from = 0; from < 11; from++) {
            Copy there = take(1, new Options(5, 7, 2), true, 1 + from / 4, from % 4).getFirst();
            assertSame(all.get(from), there);
        }
        assertSame(all.get(4), take(1, new Options(5, 7, 2), true, 1, 4).getFirst());
    }

    @Test
    void anEpochTakesImagesInTheOrderOfItsPermutation() {
        List<Copy> all = take(8, new Options(5, 7, 2), true, 3, 0);
        for (int epoch = 3; epoch < 5; epoch++) {
            int[] order = new Philox(5, Purpose.ORDER, epoch, 0).permutation(IMAGES);
            for (int step = 0; step < 4; step++) {
                Copy c = all.get((epoch - 3) * 4 + step);
                assertEquals(epoch, c.epoch);
                assertArrayEquals(Arrays.copyOfRange(order, step * 7, step * 7 + 7), c.images);
                for (int n = 0; n < 7; n++) {
                    assertEquals(c.images[n] % 2, c.labels[n]);
                }
            }
        }
    }

    @Test
    void rowsAreTheViewsOfTheirKeys() {
        Copy c = take(2, new Options(5, 7, 2), true, 1, 0).get(1);
        ViewRenderer renderer = new ViewRenderer(7, PLAIN);
        float[] expected = new float[147];
        for (int n = 0; n < 7; n++) {
            int i = c.images[n];
            for (Purpose p : new Purpose[] {Purpose.VIEW_QUERY, Purpose.VIEW_KEY}) {
                ViewDraw d = ViewDraw.of(RECIPE, 5, p, 1, i, SET.height(i), SET.width(i));
                renderer.render(d, SET.pixels(i), SET.height(i), SET.width(i), expected, 0);
                float[] got = p == Purpose.VIEW_QUERY ? c.query : c.key;
                assertArrayEquals(expected, Arrays.copyOfRange(got, n * 147, n * 147 + 147), p + " of image " + i);
            }
        }
    }

    @Test
    void aPartialBatchIsKeptWhenAsked() {
        Options keep = new Options(5, 7, true, 2, 3);
        List<Copy> all = take(6, keep, false, 0, 0);
        Set<Integer> seen = new HashSet<>();
        for (Copy c : all.subList(0, 5)) {
            for (int n = 0; n < c.count; n++) {
                seen.add(c.images[n]);
            }
        }
        assertEquals(IMAGES, seen.size(), "every image once in an epoch");
        Copy last = all.get(4);
        assertEquals(3, last.count);
        for (int i = 3 * 147; i < last.query.length; i++) {
            assertEquals(0, last.query[i]);
        }
        assertEquals(7, all.get(5).count);
        assertEquals(1, all.get(5).epoch);
        int i = all.getFirst().images[0];
        float[] expected = new float[147];
        new ViewRenderer(7, PLAIN).render(ViewDraw.of(RECIPE, 5, Purpose.VIEW_TRAIN, 0, i, SET.height(i), SET.width(i)),
                SET.pixels(i), SET.height(i), SET.width(i), expected, 0);
        assertArrayEquals(expected, Arrays.copyOf(all.getFirst().query, 147), "one view has a purpose of its own");
    }

    @Test
    void oneViewHasNoKey() {
        try (ViewLoader l = ViewLoader.single(SET, RECIPE, PLAIN, new Options(5, 7, 1), 0, 0)) {
            assertThrows(IllegalStateException.class, () -> l.next().key());
        }
    }

    @Test
    void buffersAreUsedAgain() {
        try (ViewLoader l = ViewLoader.pairs(SET, RECIPE, PLAIN, new Options(5, 7, false, 2, 3), 0, 0)) {
            Set<Object> buffers = new HashSet<>();
            for (int i = 0; i < 50; i++) {
                buffers.add(l.next().query().floats());
            }
            assertEquals(3, buffers.size());
            assertTrue(l.waitedNanos() >= 0);
        }
    }

    @Test
    void whatStopsAThreadReachesTheTaker() {
        ImageSet broken = SET.map(image -> image.name().equals("image 17") ? null : image);
        try (ViewLoader l = ViewLoader.pairs(broken, RECIPE, PLAIN, new Options(5, 7, 3), 0, 0)) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> {
                for (int i = 0; i < 8; i++) {
                    l.next();
                }
            });
            assertInstanceOf(NullPointerException.class, e.getCause());
        }
    }

    @Test
    void closingStopsThreadsThatWaitAndIsHarmlessTwice() {
        ViewLoader l = ViewLoader.pairs(SET, RECIPE, PLAIN, new Options(5, 7, 4), 0, 0);
        l.close();
        l.close();
        assertThrows(IllegalStateException.class, () -> {
            for (int i = 0; i < 10; i++) {
                l.next();
            }
        });
    }

    @Test
    void impossibleBatchesAndPositionsAreRefused() {
        UserError big = assertThrows(UserError.class,
                () -> ViewLoader.pairs(SET, RECIPE, PLAIN, new Options(5, 32, 1), 0, 0));
        assertTrue(big.getMessage().contains("31 images") && big.getMessage().contains("32"), big.getMessage());
        assertEquals(2, big.exitCode());
        assertThrows(UserError.class, () -> ViewLoader.pairs(SET, RECIPE, PLAIN, new Options(5, 7, 1), 0, 5));
        assertThrows(UserError.class, () -> new Options(5, 0, 1));
        assertThrows(UserError.class, () -> new Options(5, 7, false, 1, 1));
        assertNotEquals(0, ViewLoader.steps(31, new Options(5, 32, true, 1, 2)));
    }
}
