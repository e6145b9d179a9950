package org.jmoco.train;

import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * An encoder in evaluation mode (stored statistics, nothing changes) over a set of images in batches of one size. The last batch
 * is filled up with zeros; evaluation treats each image by itself, so the filling is of no consequence.
 */
public final class FeatureExtractor {
    /** What is taken from the encoder. */
    public enum Output {
        /** After the average pool, N x 8 width. */
        POOLED,
        /** The last layer's outputs scaled to unit length, N x dim. */
        EMBEDDING,
        /** Softmax of the last layer's outputs, N x dim. */
        PROBABILITIES
    }

    private final Backend backend;
    private final int batch;
    private final Buffer images; // N x H x W x 3
    private final Buffer features; // N x D
    private final Program program;

    /**
     * Records the program; runs after {@link Backend#allocate()}.
     *
     * @param batch images per run; memory is needed for as many
     * @param image height and width
     */
    public FeatureExtractor(Backend backend, ResNet18 encoder, Output output, int batch, int image) {
        encoder.config().withSplits(1).requireBatch(batch, image); // evaluation has no groups
        this.backend = backend;
        this.batch = batch;
        images = backend.declare(Region.INPUT, "eval.images", Shape.of(batch, image, image, 3));
        Recorder rec = backend.record("evaluate");
        Buffer y = output == Output.POOLED ? encoder.inferFeatures(rec, images) : encoder.infer(rec, images);
        features = backend.declare(Region.OUTPUT, "eval.features", y.shape());
        switch (output) {
            case POOLED -> rec.copy("eval.features", features, y);
            case EMBEDDING -> rec.l2NormalizeForward("eval.normalize", features, rec.activation("eval.norm", Shape.of(batch)), y);
            case PROBABILITIES -> rec.softmax("eval.softmax", features, y);
        }
        program = rec.finish();
    }

    /**
     * N x D values of the backend's real type for all images, in order.
     *
     * @param evaluation from {@link Views#evaluation}
     */
    public HostTensor extract(ImageSet evaluation, Normalisation normalisation) {
        int n = evaluation.size();
        int d = features.shape().dim(1);
        HostTensor out = HostTensor.zeros(backend.real(), Shape.of(n, d));
        HostTensor x = HostTensor.zeros(DType.F32, images.shape());
        for (int first = 0; first < n; first += batch) {
            int count = Views.evalBatch(evaluation, first, normalisation, x);
            backend.upload(images, x);
            program.run();
            HostTensor y = backend.download(features);
            Object from = y.dtype() == DType.F64 ? y.doubles() : y.floats();
            Object to = y.dtype() == DType.F64 ? out.doubles() : out.floats();
            System.arraycopy(from, 0, to, first * d, count * d);
        }
        return out;
    }

    /** Features of an image: D. */
    int width() {
        return features.shape().dim(1);
    }

    public Program program() {
        return program;
    }
}
