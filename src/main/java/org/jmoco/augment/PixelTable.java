package org.jmoco.augment;

import org.jmoco.data.Normalisation;

/**
 * (v / 255 - mean) / std for the 256 values of each channel, each step rounded to f32 as torchvision's ToTensor and
 * Normalize do it.
 */
final class PixelTable {
    private final float[][] of = new float[3][256];

    PixelTable(Normalisation n) {
        float[] mean = n.mean();
        float[] std = n.std();
        for (int c = 0; c < 3; c++) {
            for (int v = 0; v < 256; v++) {
                of[c][v] = (v / 255f - mean[c]) / std[c];
            }
        }
    }

    /** Writes H x W x 3 floats from {@code at} on. */
    void write(Planes x, float[] out, int at) {
        float[] red = of[0];
        float[] green = of[1];
        float[] blue = of[2];
        for (int i = 0; i < x.size(); i++, at += 3) {
            out[at] = red[x.red[i]];
            out[at + 1] = green[x.green[i]];
            out[at + 2] = blue[x.blue[i]];
        }
    }

    /** Writes {@code rgb.length} floats from {@code at} on. */
    void write(byte[] rgb, float[] out, int at) {
        for (int i = 0; i < rgb.length; i += 3, at += 3) {
            out[at] = of[0][rgb[i] & 0xff];
            out[at + 1] = of[1][rgb[i + 1] & 0xff];
            out[at + 2] = of[2][rgb[i + 2] & 0xff];
        }
    }
}
