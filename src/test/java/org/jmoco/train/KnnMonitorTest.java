package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class KnnMonitorTest {
    private static final KnnMonitor.Task TASK = new KnnMonitor.Task(Fixture.textures(13, 1), Fixture.textures(7, 2),
            Fixture.textureViews(), Fixture.half(), 5, 0.1, 1);

    /** A backend that ranks rows finds the neighbours that the host finds from the same features, in the same order. */
    @Test
    void neighboursByTheBackendAreThoseByTheHost() {
        assertTrue(ReferenceBackend.open(DType.F32, 1).ranksRows());
        try (Backend backend = ReferenceBackend.open(DType.F32, 2)) {
            ResNet18 encoder = new ResNet18(backend, "q", Fixture.encoder(), false);
            FeatureExtractor e = new FeatureExtractor(backend, encoder, FeatureExtractor.Output.EMBEDDING, 4, Fixture.SIZE);
            KnnMonitor monitor = new KnnMonitor(backend, encoder, TASK, 4);
            backend.allocate();
            encoder.weights().upload(backend, Initializer.weights(encoder.weights().specs(), 3));
            encoder.statistics().upload(backend, Initializer.weights(encoder.statistics().specs(), 3));
            HostTensor bank = e.extract(Views.evaluation(TASK.bank(), TASK.views()), TASK.normalisation());
            HostTensor queries = e.extract(Views.evaluation(TASK.queries(), TASK.views()), TASK.normalisation());
            WeightedKnn.Result host = new WeightedKnn(bank.toF64().doubles(), TASK.bank().labels(), 16,
                    TASK.bank().classNames().size(), 5, 0.1)
                    .classify(queries.toF64().doubles(), 1);
            WeightedKnn.Result device = monitor.classify();
            for (int q = 0; q < 7; q++) {
                assertArrayEquals(host.neighbours()[q], device.neighbours()[q], "query " + q);
                for (int c = 0; c < host.scores()[q].length; c++) {
                    // Similarities are rounded to f32, and exp(s / t) turns an error of half a unit of 1 into one of 1 / t
                    // relative.
                    assertEquals(host.scores()[q][c], device.scores()[q][c], 2 * 0x1p-24 / 0.1 * host.scores()[q][c], "query "
                            + q);
                }
            }
            assertEquals(host.accuracy(TASK.queries().labels()), monitor.measure());
        }
    }

    /** Weights that are not finite are an error on both paths, never an accuracy. */
    @Test
    void anEncoderThatDivergedIsAnError() {
        for (Backend backend : new Backend[] {CpuBackend.open(1), ReferenceBackend.open(DType.F32, 1)}) {
            try (backend) {
                ResNet18 encoder = new ResNet18(backend, "q", Fixture.encoder(), false);
                KnnMonitor monitor = new KnnMonitor(backend, encoder, TASK, 4);
                backend.allocate();
                encoder.statistics().upload(backend, Initializer.weights(encoder.statistics().specs(), 3));
                Map<String, HostTensor> weights = Initializer.weights(encoder.weights().specs(), 3);
                weights.values().forEach(w -> Arrays.fill(w.floats(), Float.NaN));
                encoder.weights().upload(backend, weights);
                String message = assertThrows(UserError.class, monitor::measure).getMessage();
                assertTrue(message.startsWith("knn: feature 0 of bank image 0 is NaN"), message);
            }
        }
    }
}
