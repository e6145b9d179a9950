package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;
import org.jmoco.train.FeatureExtractor.Output;
import org.junit.jupiter.api.Test;

class FeatureExtractorTest {
    private static HostTensor extract(Output output, int batch, ImageSet images) {
        try (Backend backend = CpuBackend.open(1)) {
            ResNet18 encoder = new ResNet18(backend, "q", Fixture.encoder(), false);
            FeatureExtractor e = new FeatureExtractor(backend, encoder, output, batch, Fixture.SIZE);
            backend.allocate();
            encoder.weights().upload(backend, Initializer.weights(encoder.weights().specs(), 3));
            encoder.statistics().upload(backend, Initializer.weights(encoder.statistics().specs(), 3));
            return e.extract(images, Fixture.half());
        }
    }

    private static ImageSet images() {
        return Views.evaluation(Fixture.textures(13, 0), Fixture.textureViews());
    }

    /** 13 images in batches of 1, 5 (last one filled up) and 13 are the same features up to rounding, in the same order. */
    @Test
    void theBatchDoesNotMatter() {
        for (Output output : Output.values()) {
            HostTensor single = extract(output, 1, images());
            for (int batch : new int[] {5, 13}) {
                HostTensor f = extract(output, batch, images());
                assertEquals(single.shape(), f.shape());
                for (int i = 0; i < f.size(); i++) {
                    // Sums of at most 9 x 32 products in another order, through 17 convolutions: a few hundred roundings.
                    double tolerance = 500 * 0x1p-24 * Math.max(1, Math.abs(single.get(i)));
                    assertEquals(single.get(i), f.get(i), tolerance, output + " batch " + batch + " element " + i);
                }
            }
        }
    }

    @Test
    void shapesAndScales() {
        assertEquals("13x32", extract(Output.POOLED, 4, images()).shape().toString());
        HostTensor embedding = extract(Output.EMBEDDING, 4, images());
        HostTensor probability = extract(Output.PROBABILITIES, 4, images());
        for (int i = 0; i < 13; i++) {
            double squares = 0;
            double sum = 0;
            for (int d = 0; d < 16; d++) {
                squares += Math.pow(embedding.get(i * 16 + d), 2);
                sum += probability.get(i * 16 + d);
            }
            assertEquals(1, squares, 16 * 0x1p-23);
            assertEquals(1, sum, 16 * 0x1p-23);
        }
    }

    @Test
    void imagesDiffer() {
        HostTensor f = extract(Output.EMBEDDING, 4, images());
        double difference = 0;
        for (int d = 0; d < 16; d++) {
            difference += Math.abs(f.get(d) - f.get(16 + d));
        }
        assertTrue(difference > 1e-3, "two images have the same features");
    }
}
