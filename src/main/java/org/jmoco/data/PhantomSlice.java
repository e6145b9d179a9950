package org.jmoco.data;

import org.jmoco.tensor.Philox;

/**
 * Draws one phantom slice in Hounsfield units and shows it through a random grey-level window.
 *
 * <p>Order: fat, muscle, lung and mediastinum pixel by pixel; then bones, airways, vessels and lesions as small shapes
 * painted over their own bounding boxes; then noise and the window. Tissue values are textbook ones: air -1000, lung
 * -870 to -780, fat -100, soft tissue 30 to 60, contrast-filled vessels up to 250, bone 200 to 700; ground glass raises
 * lung by 130 to 520 (Hansell et al., "Fleischner Society: glossary of terms for thoracic imaging", Radiology 2008, for
 * the look: hazy, vessels still seen). Set-up uses StrictMath and the pixel loops only + - * / and square roots, so a
 * slice is the same on every machine.
 */
final class PhantomSlice {
    /** Sub-streams of the random numbers of one image. */
    private static final int ANATOMY = 0;
    private static final int TEXTURE = 1;
    private static final int LESIONS = 2;
    private static final int NOISE = 3;

    private static final float AIR = -1000;

    private final int size;
    private final Philox random;
    private final Philox lesionRandom;
    private final Philox noiseRandom;
    private final Thorax thorax;
    private final Lattice coarse;
    private final Lattice fine;
    /** size x size, Hounsfield units. */
    private final float[] hu;
    /** size x size, part of the pixel that is lung. */
    private final float[] lung;
    // Picture to body: (x, y) = turn * (picture - shift) / scale.
    private final float cos;
    private final float sin;
    private final float shiftX;
    private final float shiftY;
    private final float scale;
    private final float pixel;
    private final float lungBase;

    private PhantomSlice(long seed, int item, int size) {
        this.size = size;
        random = new Philox(seed, Philox.Purpose.PHANTOM, ANATOMY, item);
        lesionRandom = new Philox(seed, Philox.Purpose.PHANTOM, LESIONS, item);
        noiseRandom = new Philox(seed, Philox.Purpose.PHANTOM, NOISE, item);
        Philox texture = new Philox(seed, Philox.Purpose.PHANTOM, TEXTURE, item);
        coarse = new Lattice(texture);
        fine = new Lattice(texture);
        hu = new float[size * size];
        lung = new float[size * size];
        double turn = random.nextDouble(-0.14, 0.14);
        cos = (float) StrictMath.cos(turn);
        sin = (float) StrictMath.sin(turn);
        shiftX = (float) random.nextDouble(-0.08, 0.08);
        shiftY = (float) random.nextDouble(-0.08, 0.08);
        scale = (float) random.nextDouble(0.88, 1.18);
        pixel = 2f / size / scale;
        thorax = new Thorax(random);
        lungBase = (float) random.nextDouble(-880, -760);
    }

    /**
     * Slice {@code item} of the endless series {@code seed}.
     *
     * @param lesions paint ground-glass lesions into the lungs; all else stays the same
     * @return size x size grey values, u8
     */
    static byte[] draw(long seed, int item, int size, boolean lesions) {
        PhantomSlice s = new PhantomSlice(seed, item, size);
        s.tissue();
        s.bones();
        s.airways();
        s.vessels();
        s.nodules();
        if (lesions) {
            s.lesions();
        }
        return s.window();
    }

    private float bodyX(float px, float py) {
        return (cos * (px - shiftX) + sin * (py - shiftY)) / scale;
    }

    private float bodyY(float px, float py) {
        return (cos * (py - shiftY) - sin * (px - shiftX)) / scale;
    }

    private float centre(int i) {
        return (2 * i + 1f) / size - 1;
    }

    /** Everything that fills areas. */
    private void tissue() {
        float soft = (float) random.nextDouble(30, 60);
        float blood = (float) random.nextDouble(40, random.nextBoolean(0.5) ? 220 : 80);
        float dorsal = (float) random.nextDouble(20, 130); // HU from front to back
        float dependent = random.nextBoolean(0.5) ? (float) random.nextDouble(40, 220) : 0; // haze along the back wall
        float dependentDepth = (float) random.nextDouble(0.06, 0.14);
        float mottle = (float) random.nextDouble(15, 55);
        float table = (float) random.nextDouble(0.02, 0.10);
        boolean hasTable = random.nextBoolean(0.6);
        for (int row = 0; row < size; row++) {
            for (int col = 0; col < size; col++) {
                float px = centre(col);
                float py = centre(row);
                float x = bodyX(px, py);
                float y = bodyY(px, py);
                int at = row * size + col;
                float value = AIR;
                if (hasTable) { // a shallow curved board under the back
                    float d = y - (thorax.bodyHeight + table - 0.10f * x * x);
                    value += 750 * Thorax.cover(0.02f - Math.abs(d), pixel);
                }
                float depth = thorax.body.depth(x, y);
                if (depth > -pixel) {
                    float n = fine.at(x * 9, y * 9);
                    value = mix(value, -100 + 25 * n, Thorax.cover(depth, pixel));
                    value = mix(value, soft + 15 * n, Thorax.cover(depth - thorax.fat, pixel));
                    float cavity = thorax.cavity.depth(x, y);
                    float heart = thorax.heart.depth(x, y);
                    float fraction = thorax.lung(x, y, cavity, heart, pixel);
                    if (heart > -pixel) {
                        value = mix(value, blood + 12 * n, Thorax.cover(heart, 2 * pixel));
                    }
                    if (fraction > 0) {
                        float haze = smooth(1 - cavity / dependentDepth)
                                * smooth((y - 0.05f) / (0.6f * thorax.bodyHeight));
                        float air = lungBase + dorsal * (y / thorax.bodyHeight) + dependent * haze
                                + mottle * (coarse.at(x * 5, y * 5) + n);
                        value = mix(value, air, fraction);
                    }
                    lung[at] = fraction;
                }
                hu[at] = value;
            }
        }
    }

    private void bones() {
        float bone = (float) random.nextDouble(250, 600);
        Thorax t = thorax;
        float spineY = t.spineBulge.cy;
        float spineX = t.spineBulge.cx;
        float r = (float) random.nextDouble(0.09, 0.115);
        ellipse(spineX, spineY, 1.15f * r, r, 1, 0, bone, 1, 1, false);
        ellipse(spineX, spineY, 0.9f * r, 0.75f * r, 1, 0, 180, 1, 2, false); // spongy inside
        ellipse(spineX, spineY + 1.45f * r, 0.55f * r, 0.42f * r, 1, 0, 20, 1, 1, false); // canal
        segment(spineX - 0.6f * r, spineY + 1.6f * r, spineX - 1.9f * r, spineY + 1.5f * r, 0.025f, 0.02f, bone, false);
        segment(spineX + 0.6f * r, spineY + 1.6f * r, spineX + 1.9f * r, spineY + 1.5f * r, 0.025f, 0.02f, bone, false);
        segment(spineX, spineY + 1.95f * r, spineX, spineY + 2.5f * r, 0.025f, 0.02f, bone, false);
        ellipse(t.cavity.cx, t.cavity.cy - t.cavity.ay - 0.035f, 0.10f, 0.028f, 1, 0, 0.7f * bone, 1, 1, false); // sternum
        double phase = random.nextDouble();
        int ribs = 5 + random.nextInt(3);
        for (int side = -1; side <= 1; side += 2) {
            for (int k = 0; k < ribs; k++) {
                double angle = -1.15 + 2.35 * (k + 0.25 + 0.5 * phase + random.nextDouble(-0.15, 0.15)) / ribs;
                float c = side * (float) StrictMath.cos(angle);
                float s = (float) StrictMath.sin(angle);
                float x = t.cavity.cx + (t.cavity.ax + 0.035f) * c;
                float y = t.cavity.cy + (t.cavity.ay + 0.035f) * s;
                float norm = (float) Math.sqrt(t.cavity.ax * s * t.cavity.ax * s + t.cavity.ay * c * t.cavity.ay * c);
                ellipse(x, y, (float) random.nextDouble(0.05, 0.12), (float) random.nextDouble(0.018, 0.026),
                        -t.cavity.ax * s / norm, t.cavity.ay * c / norm, bone, 1, 1, false);
            }
        }
    }

    /** Trachea or the two main bronchi, and the aorta beside the spine. */
    private void airways() {
        Thorax t = thorax;
        float blood = (float) random.nextDouble(40, 240);
        ellipse(t.spineBulge.cx + 0.13f, t.spineBulge.cy - 0.13f, 0.075f, 0.075f, 1, 0, blood, 1, 1, false);
        float y = t.spineBulge.cy - (float) random.nextDouble(0.26, 0.34);
        if (t.level < 0.45f) {
            ellipse(t.mediastinum.cx, y, 0.062f, 0.058f, 1, 0, AIR, 1, 1, false);
        } else if (t.level < 0.75f) {
            ellipse(t.mediastinum.cx - 0.10f, y, 0.045f, 0.040f, 1, 0, AIR, 1, 1, false);
            ellipse(t.mediastinum.cx + 0.10f, y, 0.045f, 0.040f, 1, 0, AIR, 1, 1, false);
        }
    }

    /** Branches from each hilum outwards, thinner with every fork, many of them only partly in the plane; and dots. */
    private void vessels() {
        float blood = (float) random.nextDouble(20, 120);
        for (int side = -1; side <= 1; side += 2) {
            float hx = thorax.cavity.cx + side * (float) random.nextDouble(0.18, 0.26);
            float hy = thorax.cavity.cy + (float) random.nextDouble(0.0, 0.12);
            int trunks = 3 + random.nextInt(4);
            for (int k = 0; k < trunks; k++) {
                double angle = -1.5 + 3.0 * (k + random.nextDouble()) / trunks;
                branch(hx, hy, side, angle, random.nextDouble(0.10, 0.22), random.nextDouble(0.010, 0.022), 3, blood);
            }
            int dots = 14 + random.nextInt(22);
            for (int k = 0; k < dots; k++) {
                double angle = random.nextDouble(-1.5, 1.5);
                double far = random.nextDouble(0.1, 0.95);
                float x = hx + side * (float) (StrictMath.cos(angle) * far * (thorax.cavity.ax - 0.22));
                float y = hy + (float) (StrictMath.sin(angle) * far * thorax.cavity.ay);
                float r = (float) ((0.022 - 0.015 * far) * random.nextDouble(0.5, 1.2));
                float along = (float) random.nextDouble(-1, 1);
                float across = (float) Math.sqrt(1 - along * along);
                ellipse(x, y, r * (1 + 2 * random.nextFloat()), r, along, across, blood, 0.9f, 1, true);
            }
        }
    }

    private void branch(float x, float y, int side, double angle, double length, double width, int forks, float blood) {
        float x1 = x + side * (float) (StrictMath.cos(angle) * length);
        float y1 = y + (float) (StrictMath.sin(angle) * length);
        if (random.nextBoolean(forks == 3 ? 0.85 : 0.55)) {
            segment(x, y, x1, y1, (float) width, (float) (0.7 * width), blood, true);
        }
        if (forks > 1) {
            double spread = random.nextDouble(0.15, 0.55);
            double shorter = length * random.nextDouble(0.65, 0.95);
            branch(x1, y1, side, angle + spread, shorter, 0.62 * width, forks - 1, blood);
            branch(x1, y1, side, angle - 0.7 * spread, shorter, 0.58 * width, forks - 1, blood);
        }
    }

    /** Now and then a small solid nodule or a bubble of emphysema, in both classes: not every spot is a lesion. */
    private void nodules() {
        int n = random.nextBoolean(0.3) ? 1 + random.nextInt(2) : 0;
        for (int k = 0; k < n; k++) {
            float x = (float) random.nextDouble(0.3, 0.8) * (random.nextBoolean(0.5) ? 1 : -1);
            float y = (float) random.nextDouble(-0.4, 0.4);
            float r = (float) random.nextDouble(0.02, 0.045);
            ellipse(x, y, r, r, 1, 0, random.nextBoolean(0.5) ? 40 : -970, 1, 1, true);
        }
    }

    /** One to four hazy patches near the pleura, longer along it than across. */
    private void lesions() {
        Philox r = lesionRandom;
        int n = 1 + r.nextInt(4);
        boolean faint = r.nextBoolean(0.2);
        int favoured = r.nextBoolean(0.5) ? 1 : -1;
        for (int k = 0; k < n; k++) {
            int side = r.nextBoolean(0.7) ? favoured : -favoured;
            float x = 0;
            float y = 0;
            float c = 1;
            float s = 0;
            for (int attempt = 0; attempt < 30; attempt++) {
                double angle = r.nextDouble(-0.9, 1.25); // more often towards the back
                double far = r.nextDouble(0.62, 0.95);
                c = side * (float) StrictMath.cos(angle);
                s = (float) StrictMath.sin(angle);
                x = thorax.cavity.cx + (float) far * thorax.cavity.ax * c;
                y = thorax.cavity.cy + (float) far * thorax.cavity.ay * s;
                if (thorax.lung(x, y, 0.01f) > 0.9f) {
                    break;
                }
            }
            float along = (float) r.nextDouble(0.14, 0.32);
            float across = along * (float) r.nextDouble(0.45, 0.85);
            float add = (float) (faint ? r.nextDouble(130, 210) : r.nextDouble(230, 520));
            float ragged = (float) r.nextDouble(0.5, 1.1);
            float ax = thorax.cavity.ax * s;
            float ay = thorax.cavity.ay * c;
            float norm = (float) Math.sqrt(ax * ax + ay * ay);
            haze(x, y, along, across, -ax / norm, ay / norm, add, ragged, 40 * r.nextFloat());
        }
    }

    /** Adds density with a ragged, soft outline, in the lung only; what is already dense (vessels) stays visible. */
    private void haze(float cx, float cy, float along, float across, float dx, float dy, float add, float ragged,
            float offset) {
        Box b = new Box(cx, cy, 1.5f * along);
        for (int row = b.top; row < b.bottom; row++) {
            for (int col = b.left; col < b.right; col++) {
                int at = row * size + col;
                if (lung[at] == 0) {
                    continue;
                }
                float x = bodyX(centre(col), centre(row));
                float y = bodyY(centre(col), centre(row));
                float u = ((x - cx) * dx + (y - cy) * dy) / along;
                float v = ((y - cy) * dx - (x - cx) * dy) / across;
                float noise = coarse.at(x * 7 + offset, y * 7) + 0.5f * fine.at(x * 16 + offset, y * 16);
                float w = smooth((1 - (float) Math.sqrt(u * u + v * v) + ragged * 0.6f * noise) / 0.55f);
                float room = Math.min(1, Math.max(0, (50 - hu[at]) / 800)); // nothing rises above soft tissue
                hu[at] += add * w * lung[at] * room * (1 + 0.35f * noise);
            }
        }
    }

    /** Rows and columns that a shape of this radius can touch. */
    private final class Box {
        final int left;
        final int right;
        final int top;
        final int bottom;

        Box(float x, float y, float radius) {
            float px = shiftX + scale * (cos * x - sin * y);
            float py = shiftY + scale * (sin * x + cos * y);
            float reach = scale * (radius + pixel);
            left = clamp((px - reach + 1) * 0.5f * size);
            right = clamp((px + reach + 1) * 0.5f * size + 1);
            top = clamp((py - reach + 1) * 0.5f * size);
            bottom = clamp((py + reach + 1) * 0.5f * size + 1);
        }

        private int clamp(float v) {
            return Math.max(0, Math.min(size, (int) v));
        }
    }

    /** Paints an ellipse with its long axis along (dx, dy); {@code blur} in pixels; {@code inLung} keeps it to the lung. */
    private void ellipse(float cx, float cy, float ax, float ay, float dx, float dy, float value, float opacity,
            float blur, boolean inLung) {
        Box b = new Box(cx, cy, Math.max(ax, ay));
        // Thinner than a pixel: as wide as a pixel and fainter, as a scanner's finite resolution makes it.
        float min = 0.5f * pixel;
        float strength = opacity * Math.min(1, ax / min) * Math.min(1, ay / min);
        float a = Math.max(ax, min);
        float c = Math.max(ay, min);
        for (int row = b.top; row < b.bottom; row++) {
            for (int col = b.left; col < b.right; col++) {
                if (inLung && lung[row * size + col] == 0) {
                    continue;
                }
                float x = bodyX(centre(col), centre(row)) - cx;
                float y = bodyY(centre(col), centre(row)) - cy;
                float u = (x * dx + y * dy) / a;
                float v = (y * dx - x * dy) / c;
                float r = (float) Math.sqrt(u * u + v * v);
                float w = strength * Thorax.cover((1 - r) * Math.min(a, c), blur * pixel);
                if (w > 0) {
                    int at = row * size + col;
                    hu[at] = mix(hu[at], value, inLung ? w * lung[at] : w);
                }
            }
        }
    }

    /** Paints a tapering stroke of half-widths w0 and w1. */
    private void segment(float x0, float y0, float x1, float y1, float w0, float w1, float value, boolean inLung) {
        float dx = x1 - x0;
        float dy = y1 - y0;
        float square = dx * dx + dy * dy;
        Box b = new Box(0.5f * (x0 + x1), 0.5f * (y0 + y1), 0.5f * (float) Math.sqrt(square) + Math.max(w0, w1));
        for (int row = b.top; row < b.bottom; row++) {
            for (int col = b.left; col < b.right; col++) {
                if (inLung && lung[row * size + col] == 0) {
                    continue;
                }
                float x = bodyX(centre(col), centre(row)) - x0;
                float y = bodyY(centre(col), centre(row)) - y0;
                float t = Math.min(1, Math.max(0, (x * dx + y * dy) / square));
                float ex = x - t * dx;
                float ey = y - t * dy;
                float half = w0 + t * (w1 - w0);
                float drawn = Math.max(half, 0.5f * pixel);
                float w = half / drawn * Thorax.cover(drawn - (float) Math.sqrt(ex * ex + ey * ey), pixel);
                if (w > 0) {
                    int at = row * size + col;
                    hu[at] = mix(hu[at], value, inLung ? w * lung[at] : w);
                }
            }
        }
    }

    /** Noise, then grey = (hu - low) / width, then a little gamma and brightness as of scans printed in papers. */
    private byte[] window() {
        double centre = random.nextDouble(-620, -400);
        double width = random.nextDouble(1100, 1900);
        float low = (float) (centre - width / 2);
        float gain = (float) (random.nextDouble(0.85, 1.05) / width);
        float lift = (float) random.nextDouble(-0.03, 0.10);
        float noise = (float) random.nextDouble(10, 55);
        float bend = (float) random.nextDouble(-0.25, 0.25); // v + bend v (1 - v): below 1 at both ends, a soft gamma
        byte[] grey = new byte[size * size];
        for (int i = 0; i < grey.length; i++) {
            int bits = noiseRandom.nextInt(); // sum of four bytes: close to normal, deviation 147.8
            int sum = (bits & 0xff) + (bits >>> 8 & 0xff) + (bits >>> 16 & 0xff) + (bits >>> 24) - 510;
            float v = (hu[i] + noise * sum / 147.8f - low) * gain;
            v = Math.min(1, Math.max(0, v));
            v = lift + (1 - lift) * (v + bend * v * (1 - v));
            grey[i] = (byte) (255 * Math.min(1, Math.max(0, v)) + 0.5f);
        }
        return grey;
    }

    private static float mix(float a, float b, float w) {
        return a + w * (b - a);
    }

    private static float smooth(float t) {
        return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
    }
}
