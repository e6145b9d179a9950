package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Rows, ring, and the choice of max pooling: things that move rather than compute. */
class MemoryTest {
    @Test
    void theQueueWrapsAroundAlsoWhereItsLengthIsNoMultipleOfTheBatch() {
        int n = 3;
        int m = 7;
        try (Rig rig = new Rig(DType.F64)) {
            Buffer queue = rig.real("queue", Shape.of(m, 1), new double[m]);
            Buffer head = rig.ints("head", Shape.SCALAR, 0);
            Buffer keys = rig.real("keys", Shape.of(n, 1), new double[n]);
            Program p = rig.record(rec -> rec.enqueue("queue", queue, head, keys));
            rig.start();
            double[] expected = new double[m];
            int at = 0;
            for (int run = 1; run <= 8; run++) {
                rig.set(keys, 10 * run, 10 * run + 1, 10 * run + 2);
                p.run();
                for (int i = 0; i < n; i++) {
                    expected[at] = 10 * run + i;
                    at = at + 1 == m ? 0 : at + 1;
                }
                assertArrayEquals(expected, rig.get(queue), "run " + run);
                assertEquals(at, rig.getInts(head)[0]);
            }
        }
    }

    @Test
    void aShuffleAndItsInverseRestoreTheBatch() {
        Shape images = Shape.of(5, 2, 3, 3);
        try (Rig rig = new Rig(DType.F32)) {
            Buffer x = rig.uniform("x", images);
            Buffer shuffled = rig.result("shuffled", images);
            Buffer restored = rig.result("restored", images);
            Buffer order = rig.ints("order", Shape.of(5), 3, 0, 4, 1, 2);
            Buffer inverse = rig.ints("inverse", Shape.of(5), 1, 3, 4, 0, 2);
            rig.run(rec -> {
                rec.gatherRows("shuffle", shuffled, x, order);
                rec.gatherRows("unshuffle", restored, shuffled, inverse);
            });
            assertArrayEquals(rig.get(x), rig.get(restored));
            assertEquals(rig.get(x)[3 * 18], rig.get(shuffled)[0]);
        }
    }

    @Test
    void indicesOutsideAreNamed() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer src = rig.uniform("src", Shape.of(4, 2));
            Buffer dst = rig.result("dst", Shape.of(2, 2));
            Buffer index = rig.ints("index", Shape.of(2), 0, 4);
            RuntimeException e = assertThrows(RuntimeException.class, () -> rig.run(rec -> rec.gatherRows("g", dst, src, index)));
            assertTrue(e.getMessage().contains("index[1] is 4 but must lie in 0 .. 3"), e.getMessage());
        }
    }

    @Test
    void maxPoolTakesTheFirstAmongEqualsAndNeverThePadding() {
        ConvGeometry g = new ConvGeometry(1, 3, 3, 1, 1, 3, 3, 2, 1);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.real("x", g.x(), -1, -5, -2, -5, -1, -2, -3, -4, -2);
            Buffer y = rig.result("y", g.y());
            Buffer argmax = rig.ints("argmax", g.y(), -1, -1, -1, -1);
            Buffer dy = rig.real("dy", g.y(), 1, 10, 100, 1000);
            Buffer dx = rig.result("dx", g.x());
            rig.run(rec -> {
                rec.maxPoolForward("pool", g, y, argmax, x);
                rec.maxPoolBackward("pool", g, dx, dy, argmax);
            });
            assertArrayEquals(new double[] {-1, -1, -1, -1}, rig.get(y));
            assertArrayEquals(new int[] {0, 4, 4, 4}, rig.getInts(argmax));
            assertArrayEquals(new double[] {1, 0, 0, 0, 1110, 0, 0, 0, 0}, rig.get(dx));
        }
    }

    @Test
    void fillAndCopyOfBothTypes() {
        try (Rig rig = new Rig(DType.F32)) {
            Buffer a = rig.result("a", Shape.of(7));
            Buffer b = rig.result("b", Shape.of(7));
            Buffer i = rig.ints("i", Shape.of(3), 1, 2, 3);
            Buffer j = rig.ints("j", Shape.of(3), 0, 0, 0);
            rig.run(rec -> {
                rec.fill("a", a, 0.1);
                rec.copy("b", b, a);
                rec.copy("j", j, i);
                rec.fill("i", i, 5);
            });
            assertEquals(0.1f, rig.get(b)[6]);
            assertArrayEquals(new int[] {1, 2, 3}, rig.getInts(j));
            assertArrayEquals(new int[] {5, 5, 5}, rig.getInts(i));
        }
    }
}
