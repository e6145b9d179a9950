package org.jmoco.data;

import org.jmoco.tensor.Philox;

/**
 * The drawn shape of one chest: where in an axial slice the body, the two lungs, heart, spine, ribs and airways lie.
 *
 * <p>Body coordinates: x to the right of the picture (the patient's left), y downwards (towards the back), the body's
 * half-width = 1. All choices are drawn in the constructor; the queries are pure. Shapes are ellipses whose radius
 * wobbles with the angle, and the lungs are what the mediastinum leaves of the chest cavity, which gives them their
 * crescent form. Proportions are by eye, after CT slices between the aortic arch and the liver dome.
 */
final class Thorax {
    /** An ellipse with a wobbling radius: inside where {@link #depth} is positive. */
    static final class Blob {
        final float cx;
        final float cy;
        final float ax;
        final float ay;
        private final float perAx;
        private final float perAy;
        private final float mean;
        private final float c2;
        private final float s2;
        private final float c3;
        private final float s3;

        /** 0: an ellipse; 1: its corners filled out as those of |u|^4 + |v|^4 = 1. */
        private final float square;

        Blob(double cx, double cy, double ax, double ay, double wobble, Philox random) {
            this(cx, cy, ax, ay, wobble, 0, random);
        }

        Blob(double cx, double cy, double ax, double ay, double wobble, double square, Philox random) {
            this.cx = (float) cx;
            this.cy = (float) cy;
            this.ax = (float) ax;
            this.ay = (float) ay;
            perAx = 1 / this.ax;
            perAy = 1 / this.ay;
            mean = 0.5f * (this.ax + this.ay);
            this.square = (float) square;
            c2 = (float) random.nextDouble(-wobble, wobble);
            s2 = (float) random.nextDouble(-wobble, wobble);
            c3 = (float) random.nextDouble(-wobble, wobble);
            s3 = (float) random.nextDouble(-wobble, wobble);
        }

        /**
         * Roughly the distance to the outline, positive inside. Far from it only the sign and the order count, so the
         * square root and the wobble, which take most of the time of a slice, are left out.
         */
        float depth(float x, float y) {
            float u = (x - cx) * perAx;
            float v = (y - cy) * perAy;
            float square2 = u * u + v * v;
            if (square2 < 0.3f || square2 > 2.5f) {
                return (1 - square2) * 0.5f * mean;
            }
            float r = (float) Math.sqrt(square2);
            float perR = 1 / r;
            float c = u * perR;
            float s = v * perR;
            float cc = 2 * c * c - 1; // cos 2t, sin 2t, cos 3t, sin 3t without trigonometry
            float ss = 2 * c * s;
            float edge = 1 + c2 * cc + s2 * ss + c3 * (cc * c - ss * s) + s3 * (ss * c + cc * s);
            if (square > 0) {
                float c4 = c * c * c * c;
                float s4 = s * s * s * s;
                r *= 1 - square + square * (float) Math.sqrt(Math.sqrt(c4 + s4));
            }
            return (edge - r) * mean;
        }
    }

    final Blob body;
    final Blob cavity;
    final Blob mediastinum;
    final Blob heart;
    final Blob spineBulge;
    final Blob liver; // null where the slice lies above it
    final float bodyHeight;
    final float fat;
    /** Height of the slice: 0 near the aortic arch, 1 near the liver dome. */
    final float level;

    Thorax(Philox r) {
        level = (float) r.nextDouble();
        double h = r.nextDouble(0.62, 0.86);
        bodyHeight = (float) h;
        fat = (float) r.nextDouble(0.015, 0.10);
        body = new Blob(0, 0, 1, h, 0.02, r.nextDouble(0.3, 0.7), r);
        double wall = fat + r.nextDouble(0.07, 0.11);
        double cavityHeight = (h - wall) * r.nextDouble(0.94, 1.0);
        cavity = new Blob(r.nextDouble(-0.02, 0.02), -0.02 * h, 1 - wall - r.nextDouble(0.0, 0.08), cavityHeight, 0.025,
                r.nextDouble(0.2, 0.5), r);
        mediastinum = new Blob(r.nextDouble(-0.02, 0.04), r.nextDouble(-0.10, 0.02), r.nextDouble(0.09, 0.19),
                h * 1.1, 0.06, r);
        double grown = 0.35 + 0.65 * level;
        heart = new Blob(r.nextDouble(0.04, 0.14), -0.20 * h + r.nextDouble(-0.05, 0.05),
                r.nextDouble(0.24, 0.38) * grown + 0.07, r.nextDouble(0.24, 0.36) * grown + 0.08, 0.06, r);
        spineBulge = new Blob(r.nextDouble(-0.02, 0.02), cavity.cy + cavityHeight - r.nextDouble(0.10, 0.18),
                r.nextDouble(0.15, 0.20), r.nextDouble(0.18, 0.26), 0.05, r);
        Blob dome = new Blob(r.nextDouble(-0.40, -0.26), r.nextDouble(-0.22, 0.0), r.nextDouble(0.18, 0.32),
                r.nextDouble(0.16, 0.30), 0.07, r);
        liver = level > 0.8 ? dome : null;
    }

    /** How much of a spot of width {@code pixel} at (x, y) is lung: 0 to 1. */
    float lung(float x, float y, float pixel) {
        return lung(x, y, cavity.depth(x, y), heart.depth(x, y), pixel);
    }

    /** The same, where the depths in the cavity and the heart are known already. */
    float lung(float x, float y, float inCavity, float inHeart, float pixel) {
        if (inCavity < -pixel) {
            return 0;
        }
        float other = Math.max(Math.max(mediastinum.depth(x, y), inHeart), spineBulge.depth(x, y));
        if (liver != null) {
            other = Math.max(other, liver.depth(x, y));
        }
        return cover(Math.min(inCavity, -other), pixel);
    }

    /** Part of a pixel of this width that lies inside an edge at this distance. */
    static float cover(float depth, float pixel) {
        float c = 0.5f + depth / pixel;
        return c <= 0 ? 0 : c >= 1 ? 1 : c; // cheaper than Math.min and max, which care for NaN and -0
    }
}
