package org.jmoco.augment;

/**
 * Brightness, contrast, saturation, hue and grey of 8-bit RGB, bit for bit as torchvision's adjust_* functions do it on PIL
 * images (ImageEnhance, Image.blend and the HSV conversion of Pillow 9.4). Formulas and roundings: docs/maths/views.md.
 */
final class Colour {
    /** ITU-R 601-2 luma 0.299, 0.587, 0.114 in 16-bit fixed point. */
    private static final int LUMA_RED = 19595;
    private static final int LUMA_GREEN = 38470;
    private static final int LUMA_BLUE = 7471;

    /**
     * Hue in sixths of the colour circle is {@code BASE + SIGN * (max - mid) / range}, by which of three comparisons hold:
     * bit 2 red &lt; green, bit 1 red &lt; blue, bit 0 green &lt; blue. Red leads for 0 and 1, green for 4 and 6, blue for 3
     * and 7; 2 and 5 cannot occur.
     */
    private static final double[] BASE = {1, -1, 5, 5, 1, 3, 3, 3};
    private static final double[] SIGN = {-1, 1, -1, -1, 1, 1, -1, 1};

    /** How far 8-bit hue is into its sixth of the circle, 0 to 1. */
    private static final float[] WITHIN_SIXTH = new float[256];

    /** By 8-bit hue, where each channel stands in the word q p t v (v lowest): the bits to shift right. */
    private static final byte[] RED_AT = new byte[256];
    private static final byte[] GREEN_AT = new byte[256];
    private static final byte[] BLUE_AT = new byte[256];

    /** 8-bit saturation as a fraction. */
    private static final float[] FRACTION = new float[256];

    static {
        final byte v = 0;
        final byte t = 8;
        final byte p = 16;
        final byte q = 24;
        byte[] red = {v, q, p, p, t, v, v}; // hue 255 makes the seventh, which is the first again
        byte[] green = {t, v, v, q, p, p, t};
        byte[] blue = {p, p, t, v, v, q, p};
        for (int i = 0; i < 256; i++) {
            double sixths = i * 6.0 / 255.0;
            int sixth = (int) sixths;
            WITHIN_SIXTH[i] = (float) (sixths - sixth);
            RED_AT[i] = red[sixth];
            GREEN_AT[i] = green[sixth];
            BLUE_AT[i] = blue[sixth];
            FRACTION[i] = (float) (i / 255.0);
        }
    }

    private Colour() {
    }

    /** Luma of one pixel, 0 .. 255, rounded. */
    static int luma(int red, int green, int blue) {
        return (red * LUMA_RED + green * LUMA_GREEN + blue * LUMA_BLUE + 0x8000) >> 16;
    }

    /** from + factor (to - from) in f32, cut to 0 .. 255, fraction dropped: one value of Image.blend. */
    static int blend(int from, int to, float factor) {
        return Math.min(Math.max((int) (from + factor * (to - from)), 0), 255); // Math.clamp goes through long
    }

    /** Blends with black: x <- factor x. */
    static void brightness(Planes x, float factor) {
        blendWith(0, x.red, factor);
        blendWith(0, x.green, factor);
        blendWith(0, x.blue, factor);
    }

    /** Blends with the mean luma, rounded to a grey level. */
    static void contrast(Planes x, float factor) {
        long sum = 0;
        for (int i = 0; i < x.size(); i++) {
            sum += luma(x.red[i], x.green[i], x.blue[i]);
        }
        int mean = (int) ((double) sum / x.size() + 0.5);
        blendWith(mean, x.red, factor);
        blendWith(mean, x.green, factor);
        blendWith(mean, x.blue, factor);
    }

    /** Blends each pixel with its own luma. */
    static void saturation(Planes x, float factor) {
        int[] red = x.red;
        int[] green = x.green;
        int[] blue = x.blue;
        for (int i = 0; i < red.length; i++) {
            int l = luma(red[i], green[i], blue[i]);
            red[i] = blend(l, red[i], factor);
            green[i] = blend(l, green[i], factor);
            blue[i] = blend(l, blue[i], factor);
        }
    }

    /** All three channels become the luma. */
    static void grey(Planes x) {
        int[] red = x.red;
        int[] green = x.green;
        int[] blue = x.blue;
        for (int i = 0; i < red.length; i++) {
            int l = luma(red[i], green[i], blue[i]);
            red[i] = l;
            green[i] = l;
            blue[i] = l;
        }
    }

    /**
     * Turns the hue by {@code factor} of the colour circle. The way through 8-bit hue and saturation is lossy: even
     * factor 0 changes pixels, so leave the call out where the hue should stay.
     *
     * @param factor -0.5 .. 0.5
     */
    static void hue(Planes x, double factor) {
        int shift = (int) (factor * 255);
        for (int i = 0; i < x.size(); i++) {
            int hsv = toHsv(x.red[i], x.green[i], x.blue[i]);
            int rgb = toRgb((hsv >> 16) + shift & 0xff, hsv >> 8 & 0xff, hsv & 0xff);
            x.red[i] = rgb >> 16;
            x.green[i] = rgb >> 8 & 0xff;
            x.blue[i] = rgb & 0xff;
        }
    }

    /**
     * Hue, saturation and value, 8 bits each, hue highest; fractions are dropped. Pillow forms (max - c) / range for all
     * three channels, of which the largest channel's is 0 and the smallest's is 1, so one quotient and a table do.
     * Types matter to the last bit: quotients and results are f32, what is between is f64.
     */
    static int toHsv(int red, int green, int blue) {
        int max = Math.max(red, Math.max(green, blue));
        int min = Math.min(red, Math.min(green, blue));
        if (max == min) {
            return max;
        }
        int mid = red + green + blue - max - min;
        int order = (red - green) >>> 31 << 2 | (red - blue) >>> 31 << 1 | (green - blue) >>> 31;
        float range = max - min;
        float sixths = (float) (BASE[order] + SIGN[order] * ((max - mid) / range));
        double turns = sixths / 6.0 + 1.0; // 5/6 .. 11/6
        float hue = (float) (turns - (int) turns);
        float saturation = range / max;
        return (int) (hue * 255.0) << 16 | (int) (saturation * 255.0) << 8 | max;
    }

    /** Red, green and blue, 8 bits each, red highest; rounded to nearest. */
    static int toRgb(int hue, int saturation, int value) {
        float f = WITHIN_SIXTH[hue];
        float s = FRACTION[saturation];
        int p = (int) (value * (1.0 - s) + 0.5);
        int q = (int) (value * (1.0 - s * f) + 0.5); // s f is an f32 product
        int t = (int) (value * (1.0 - s * (1.0 - f)) + 0.5);
        int word = q << 24 | p << 16 | t << 8 | value;
        return (word >>> RED_AT[hue] & 0xff) << 16 | (word >>> GREEN_AT[hue] & 0xff) << 8 | word >>> BLUE_AT[hue] & 0xff;
    }

    private static void blendWith(int from, int[] x, float factor) {
        for (int i = 0; i < x.length; i++) {
            x[i] = blend(from, x[i], factor);
        }
    }
}
