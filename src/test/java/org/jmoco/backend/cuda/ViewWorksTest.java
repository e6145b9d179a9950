package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.ViewGeometry.Range;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.ptx.EmulatedGpu;
import org.junit.jupiter.api.Test;

/** What cannot be reached through a backend in small memory; pixels are compared in org.jmoco.augment.DeviceViewsTest. */
class ViewWorksTest {
    private static final ViewGeometry VIEWS = new ViewGeometry(4, 6, 6, new Range(0.3, 1), new Range(0.75, 1.25), 0.5, 0.5,
            new Range(0.5, 1.5), null, null, null, 0, 0, new Range(1, 1), List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));

    private final EmulatedGpu gpu = new EmulatedGpu(70);

    private long upload(int... values) {
        long at = gpu.allocate(4L * values.length, "ints");
        gpu.upload(at, MemorySegment.ofArray(values));
        return at;
    }

    /** One view of an image at {@code offset} from {@code pixels}. */
    private float[] view(long pixels, long offset, long seed) {
        int each = 3 * VIEWS.size() * VIEWS.size();
        long out = gpu.allocate(4L * each, "view");
        long table = upload((int) offset, (int) (offset >>> 32), 6, 6);
        ViewLayout layout = ViewLayout.of(VIEWS, gpu.info().sharedBytesPerBlock());
        List<Object> a = new ArrayList<>(List.of(out, out, 0L, 4, 5, pixels, table, upload(0), upload(1), 1));
        a.addAll(ViewWorks.recipe(VIEWS, seed, layout));
        gpu.launch(new Launch(new KernelLibrary(gpu).kernel("views", "random_views_f32"), Dim.of(1), Dim.of(256), layout.bytes(),
                a.toArray()));
        float[] view = new float[each];
        gpu.download(MemorySegment.ofArray(view), out);
        return view;
    }

    /** A set of more than 4 GiB: the pointer stands as far before the image as its offset says. */
    @Test
    void offsetsHave64Bits() {
        byte[] image = new byte[108];
        for (int i = 0; i < image.length; i++) {
            image[i] = (byte) (i * 37);
        }
        long at = gpu.allocate(image.length, "pixels");
        gpu.upload(at, MemorySegment.ofArray(image));
        float[] near = view(at, 0, 1);
        for (long offset : new long[] {1L << 31, 0xffff_fff0L, 3L << 32 | 5}) {
            assertArrayEquals(near, view(at - offset, offset, 1));
        }
        assertFalse(Arrays.equals(near, view(at, 0, 1L << 32 | 1)), "the upper half of the seed does not count");
    }

    /** u < p for u = k / 2^24 exactly when k is below the threshold. */
    @Test
    void thresholdsCountTheNumbersBelow() {
        for (double p : new double[] {0, 0.2, 0.5, 0.8, 1, 0x1p-24, Math.nextUp(0x1p-24), Math.nextDown(1.0)}) {
            ViewGeometry g = new ViewGeometry(4, 6, 6, VIEWS.scale(), VIEWS.ratio(), p, 0, null, null, null, null, 0, 0,
                    VIEWS.sigma(), VIEWS.mean(), VIEWS.std());
            int threshold = (int) ViewWorks.recipe(g, 1, ViewLayout.of(g, 1 << 16)).get(7);
            for (int k : new int[] {0, 1, 2, threshold - 1, threshold, threshold + 1, (1 << 24) - 1}) {
                if (k >= 0 && k < 1 << 24) {
                    assertEquals(k * 0x1p-24f < p, k < threshold, p + " " + k);
                }
            }
        }
    }
}
