package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.ConvGeometry;

/** The part of cuDNN that jmoco uses: 2-d cross-correlation without bias, x N x H x W x C, w K x R x S x C, y N x P x Q x K. */
public interface Dnn {
    enum Direction {
        /** y from x and w. */
        FORWARD,
        /** dx from dy and w. */
        BACKWARD_DATA,
        /** dw from x and dy. */
        BACKWARD_WEIGHTS
    }

    /** Prepares descriptors. All three operands are of {@code precision.featureMaps()}; sums are f32. */
    Convolution convolution(Direction direction, ConvGeometry geometry, Precision precision);

    /**
     * The same problem for cuDNN's graph interface, whose engines are others than the algorithms of {@link #convolution}.
     *
     * @param accumulate what {@code beta} of {@link Convolution#run} will be, 1 or 0: it is part of the graph
     * @throws GpuException if the interface does not take the problem
     */
    Convolution graphConvolution(Direction direction, ConvGeometry geometry, Precision precision, boolean accumulate);

    /** One problem with its descriptors. */
    interface Convolution extends AutoCloseable {
        /** What can solve the problem, in cuDNN's own order of expectation. */
        List<Algorithm> algorithms();

        /**
         * Enqueues it: out = result + beta out.
         *
         * @param out y, dx or dw; {@code first} and {@code second} in the order named at {@link Direction}
         * @param beta 0 or 1
         * @param workspace device address of at least {@code algorithm.workspaceBytes()}, aligned to 256; 0 if those are 0
         */
        void run(Algorithm algorithm, long out, long first, long second, float beta, long workspace, long workspaceBytes);

        @Override
        void close();
    }

    /**
     * @param id cuDNN's number of the algorithm, or a number of ours for an engine
     * @param name cuDNN's name of it; of an engine its number and its knobs
     * @param deterministic same bits in every run
     */
    record Algorithm(int id, String name, long workspaceBytes, boolean deterministic) {
    }
}
