package org.jmoco.data;

import org.jmoco.tensor.Philox;

/**
 * Smooth noise on the plane: random values in [-1, 1) on an integer lattice that repeats every 32 cells, interpolated
 * with smoothstep weights (value noise; Perlin, "An image synthesizer", SIGGRAPH 1985). Only + - * are used, so the
 * values are the same on every machine.
 */
final class Lattice {
    private static final int CELLS = 32;
    private final float[] values = new float[CELLS * CELLS];

    Lattice(Philox random) {
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt() * 0x1p-31f;
        }
    }

    /** Standard deviation about 0.4. */
    float at(float x, float y) {
        int ix = floor(x);
        int iy = floor(y);
        float tx = x - ix;
        float ty = y - iy;
        tx = tx * tx * (3 - 2 * tx);
        ty = ty * ty * (3 - 2 * ty);
        int x0 = ix & CELLS - 1;
        int x1 = ix + 1 & CELLS - 1;
        int y0 = (iy & CELLS - 1) * CELLS;
        int y1 = (iy + 1 & CELLS - 1) * CELLS;
        float a = values[y0 + x0] + tx * (values[y0 + x1] - values[y0 + x0]);
        float b = values[y1 + x0] + tx * (values[y1 + x1] - values[y1 + x0]);
        return a + ty * (b - a);
    }

    private static int floor(float v) {
        int i = (int) v;
        return v < i ? i - 1 : i;
    }
}
