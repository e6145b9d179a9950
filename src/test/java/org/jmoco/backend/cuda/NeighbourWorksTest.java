package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

/** What the conformance cases of top_k leave open: how much a device takes, and at a time. */
class NeighbourWorksTest {
    @Test
    void moreNeighboursThanTheDeviceSortsAreRefused() {
        try (Backend b = CudaBackend.open(new EmulatedGpu(70), CudaOptions.of(Precision.F32))) {
            int k = NeighbourWorks.MOST + 1;
            Buffer index = b.memory().declare(Region.OUTPUT, "index", DType.I32, Shape.of(1, k));
            Buffer similarity = b.declare(Region.OUTPUT, "similarity", Shape.of(1, k));
            Buffer queries = b.declare(Region.INPUT, "queries", Shape.of(1, 2));
            Buffer bank = b.declare(Region.INPUT, "bank", Shape.of(k, 2));
            Recorder rec = b.record("test");
            String message = assertThrows(UserError.class, () -> rec.topK("rank", index, similarity, queries, bank)).getMessage();
            assertTrue(message.contains("4097") && message.contains("--knn-k 4096"), message);
        }
    }

    /** The workspace bounds how many queries are worked on at a time, in whole tiles, but never below one tile. */
    @Test
    void queriesAtATime() {
        assertEquals(7, NeighbourWorks.queriesAtOnce(7, 50_000));
        assertEquals(128, NeighbourWorks.queriesAtOnce(10_000, 50_000), "64 MiB / 400,000 bytes = 167");
        assertEquals(64, NeighbourWorks.queriesAtOnce(10_000, 10_000_000));
        assertEquals(10_000, NeighbourWorks.queriesAtOnce(10_000, 425));
    }
}
