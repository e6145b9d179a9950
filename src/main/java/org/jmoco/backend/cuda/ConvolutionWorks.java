package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Region;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.ConvolutionChoices.Choice;
import org.jmoco.backend.cuda.Dnn.Direction;

/**
 * Convolutions, by cuDNN: which call carries out which operation of {@link org.jmoco.backend.Ops}.
 *
 * <p>In bf16 and f16 cuDNN reads the copy of the filters in that type. It writes filter gradients in the type of its operands, so
 * they go to scratch memory as such first and are then widened into the f32 gradients, or added to them.
 */
final class ConvolutionWorks implements AutoCloseable {
    /** cuDNN asks for workspaces at multiples of 16; 256 is what allocations have. */
    private static final long ALIGNMENT = 256;

    private final CudaContext cuda;
    private final ConvolutionChoices choices;

    ConvolutionWorks(CudaContext cuda, CudaOptions options) {
        this.cuda = cuda;
        choices = new ConvolutionChoices(cuda.gpu(), options);
    }

    Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        requireWeights(w);
        return new Call(Direction.FORWARD, g, y, x, w, false);
    }

    Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        requireWeights(w);
        return new Call(Direction.BACKWARD_DATA, g, dx, dy, w, accumulate);
    }

    Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        return cuda.precision().featureMaps() == dw.dtype()
                ? new Call(Direction.BACKWARD_WEIGHTS, g, dw, x, dy, accumulate)
                : new WidenedGradient(g, dw, x, dy, accumulate);
    }

    private void requireWeights(Buffer w) {
        if (cuda.precision().featureMaps() != w.dtype() && !cuda.hasComputeCopy(w)) {
            throw new IllegalArgumentException("conv2d: w is " + w + " in region " + w.region() + ", but in precision "
                    + cuda.precision() + " filters must be in region " + Region.PARAMETERS + ", which has copies in "
                    + cuda.precision().featureMaps());
        }
    }

    /** Remembers on disk what was measured. */
    void save() {
        choices.save();
    }

    @Override
    public void close() {
        choices.close();
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** One cuDNN call, straight into the result. */
    private final class Call implements LibraryWork {
        private final Choice choice;
        private final Buffer out;
        private final Buffer first;
        private final Buffer second;
        private final boolean secondIsFilter;
        private final float beta;
        private long secondAddress;
        private long workspace;

        Call(Direction direction, ConvGeometry g, Buffer out, Buffer first, Buffer second, boolean accumulate) {
            this.choice = choices.choose(direction, g, accumulate);
            this.out = out;
            this.first = first;
            this.second = second;
            this.secondIsFilter = direction != Direction.BACKWARD_WEIGHTS;
            this.beta = accumulate ? 1 : 0;
        }

        @Override
        public long scratchBytes() {
            return choice.workspaceBytes();
        }

        @Override
        public void bind(long scratch) {
            workspace = scratchBytes() == 0 ? 0 : scratch;
            secondAddress = secondIsFilter ? cuda.computeAddress(second) : second.address();
        }

        @Override
        public void run() {
            choice.run(out.address(), first.address(), secondAddress, beta, workspace);
        }
    }

    /** The filters' gradient in the maps' type to scratch, then into dw. */
    private final class WidenedGradient implements LibraryWork {
        private final Choice choice;
        private final Buffer dw;
        private final Buffer x;
        private final Buffer dy;
        private final boolean accumulate;
        private final long narrowBytes;
        private long narrow;
        private long workspace;
        private Launch widen;

        WidenedGradient(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
            this.choice = choices.choose(Direction.BACKWARD_WEIGHTS, g, false);
            this.dw = dw;
            this.x = x;
            this.dy = dy;
            this.accumulate = accumulate;
            this.narrowBytes = aligned(dw.size() * cuda.precision().featureMaps().bytes);
        }

        @Override
        public long scratchBytes() {
            return narrowBytes + choice.workspaceBytes();
        }

        @Override
        public void bind(long scratch) {
            narrow = scratch;
            workspace = choice.workspaceBytes() == 0 ? 0 : scratch + narrowBytes;
            widen = Conversions.widen(cuda, dw.address(), narrow, dw.size(), accumulate);
        }

        @Override
        public void run() {
            choice.run(narrow, x.address(), dy.address(), 0, workspace);
            cuda.gpu().launch(widen);
        }
    }
}
