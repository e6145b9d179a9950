package org.jmoco.backend.reference;

import org.jmoco.backend.Backend;
import org.jmoco.backend.BackendConformanceTest;
import org.jmoco.tensor.DType;

/** The yardstick against itself: guards, poison, repeatability and independence of the number of threads. */
class ReferenceConformanceTest extends BackendConformanceTest {
    @Override
    protected Backend open(int threads) {
        return ReferenceBackend.open(DType.F32, threads);
    }
}
