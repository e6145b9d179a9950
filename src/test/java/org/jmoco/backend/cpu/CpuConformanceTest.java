package org.jmoco.backend.cpu;

import org.jmoco.backend.Backend;
import org.jmoco.backend.BackendConformanceTest;

/** Every operation of the CPU backend against the reference backend. */
class CpuConformanceTest extends BackendConformanceTest {
    @Override
    protected Backend open(int threads) {
        return CpuBackend.open(threads);
    }
}
