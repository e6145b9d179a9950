package org.jmoco.augment;

import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * One batch of views. It belongs to its {@link ViewLoader}, which fills it again after the next call of
 * {@link ViewLoader#next}: upload it before.
 */
public final class ViewBatch {
    final HostTensor query; // N x H x W x 3
    final HostTensor key; // N x H x W x 3, null with one view
    final HostTensor labels; // N
    final int[] images; // N
    int epoch;
    int step;
    int count;

    ViewBatch(int batch, int size, boolean pairs) {
        Shape shape = Shape.of(batch, size, size, 3);
        query = HostTensor.zeros(DType.F32, shape);
        key = pairs ? HostTensor.zeros(DType.F32, shape) : null;
        labels = HostTensor.zeros(DType.I32, Shape.of(batch));
        images = new int[batch];
    }

    /** Epoch whose draws these are. */
    public int epoch() {
        return epoch;
    }

    /** Number of the batch within its epoch, from 0. */
    public int step() {
        return step;
    }

    /** Images in it: N, but for the last batch of an epoch that keeps what is left. Rows behind are zero. */
    public int count() {
        return count;
    }

    /** First view, or the only one: f32, N x H x W x 3, normalised. */
    public HostTensor query() {
        return query;
    }

    /** Second view. @throws IllegalStateException if the loader makes one view only */
    public HostTensor key() {
        if (key == null) {
            throw new IllegalStateException("view batch: this loader makes one view of each image; open it with pairs for keys");
        }
        return key;
    }

    /** Labels, i32, N; zero for a set without labels. */
    public HostTensor labels() {
        return labels;
    }

    /** Index in the set of the image in row {@code n}. */
    public int image(int n) {
        return images[n];
    }
}
