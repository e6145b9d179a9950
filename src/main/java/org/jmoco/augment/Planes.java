package org.jmoco.augment;

/** An RGB picture taken apart into three planes H x W of values 0 .. 255; ints, because int loops vectorise. */
final class Planes {
    final int height;
    final int width;
    final int[] red;
    final int[] green;
    final int[] blue;

    Planes(int height, int width) {
        this.height = height;
        this.width = width;
        this.red = new int[height * width];
        this.green = new int[height * width];
        this.blue = new int[height * width];
    }

    /** Pixels a plane. */
    int size() {
        return red.length;
    }

    /** Reads H x W x 3 interleaved bytes. */
    void read(byte[] rgb, int at) {
        for (int i = 0; i < red.length; i++, at += 3) {
            red[i] = rgb[at] & 0xff;
            green[i] = rgb[at + 1] & 0xff;
            blue[i] = rgb[at + 2] & 0xff;
        }
    }

    /** Writes H x W x 3 interleaved bytes. */
    void write(byte[] rgb, int at) {
        for (int i = 0; i < red.length; i++, at += 3) {
            rgb[at] = (byte) red[i];
            rgb[at + 1] = (byte) green[i];
            rgb[at + 2] = (byte) blue[i];
        }
    }
}
