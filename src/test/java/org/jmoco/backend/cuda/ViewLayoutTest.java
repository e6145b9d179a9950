package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.ViewGeometry.Range;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ViewLayoutTest {
    /** Largest shared memory of a block (CUDA C++ Programming Guide): RTX 20, V100, RTX 30 and 40, A100, H100 and H200. */
    private static final int[] LIMITS = {64 << 10, 96 << 10, 99 << 10, 163 << 10, 227 << 10};

    private static ViewGeometry views(int size, int tallest, int widest) {
        Range one = new Range(1, 1);
        return new ViewGeometry(size, tallest, widest, one, one, 0, 0, null, null, null, null, 0, 1, new Range(0.1, 2),
                List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
    }

    /**
     * Every output row finds its input rows in the strip, the table and two lines of the blur fit into it, and all fits the
     * device.
     */
    @Test
    void whatFitsIsLargeEnough() {
        int made = 0;
        for (int limit : LIMITS) {
            for (int size : new int[] {1, 7, 13, 31, 32, 36, 64, 96, 128, 160, 224}) {
                for (int in : new int[] {1, 7, 32, 50, 128, 171, 341, 1000, 4000}) {
                    ViewGeometry g = views(size, in, in + 5);
                    ViewLayout l;
                    try {
                        l = ViewLayout.of(g, limit);
                    } catch (UserError e) {
                        assertTrue(in > 1000, g + ": " + e.getMessage());
                        continue;
                    }
                    made++;
                    int taps = 2 * Math.max(1, Math.ceilDiv(in, size)) + 1;
                    assertTrue(l.stripRows() >= Math.min(in, taps), g + ": " + l);
                    assertTrue(l.stripBytes() >= Math.max(3L * size * l.stripRows(), Math.max(3 * 256 * 4, 2 * size)),
                            g + ": " + l);
                    long picture = l.outside() ? 0 : 3L * size * size;
                    assertTrue(l.bytes() == 4L * size * (4 + l.tapsX() + l.tapsY()) + l.stripBytes() + picture, g + ": " + l);
                    assertTrue(l.outside() || 2L * l.bytes() <= limit, g + ": " + l);
                    assertTrue(l.bytes() + 256 <= limit, g + ": " + l);
                }
            }
        }
        assertTrue(made > 300, "only " + made + " layouts fit");
    }

    /** The recipes stay below what needs no opt-in, so that several blocks share a multiprocessor; 224 runs on every device. */
    @Test
    void usualSizesFit() {
        assertEquals(7424, ViewLayout.of(views(32, 32, 32), 99 << 10).bytes());
        assertTrue(ViewLayout.of(views(64, 171, 171), 99 << 10).bytes() <= 48 << 10);
        for (int limit : LIMITS) {
            ViewLayout l = ViewLayout.of(views(224, 341, 341), limit);
            assertTrue(l.outside() && l.bytes() <= 48 << 10, limit + ": " + l);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithAWayOut() {
        UserError e = assertThrows(UserError.class, () -> ViewLayout.of(views(224, 5000, 5000), 64 << 10));
        assertTrue(e.getMessage().startsWith("random views of 224 x 224 pixels from images of up to 5000 x 5000 take "),
                e.getMessage());
        assertTrue(e.getMessage().contains("--feed host"), e.getMessage());
    }
}
