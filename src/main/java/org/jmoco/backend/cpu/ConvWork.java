package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;

/** The convolution plans as prepared launches over buffers. */
abstract class ConvWork implements Work, AutoCloseable {
    private static ConvProblem problem(ConvGeometry g) {
        return new ConvProblem(g.n(), g.h(), g.w(), g.c(), g.k(), g.r(), g.s(), g.stride(), g.pad());
    }

    @Override
    public abstract void close();

    static final class Forward extends ConvWork {
        private final ConvForward plan;
        private final Buffer y;
        private final Buffer x;
        private final Buffer w;

        Forward(Workers workers, ConvGeometry g, Buffer y, Buffer x, Buffer w) {
            this.plan = new ConvForward(problem(g), workers);
            this.y = y;
            this.x = x;
            this.w = w;
        }

        @Override
        public long scratchBytes() {
            return plan.scratchBytes();
        }

        @Override
        public void bind(long scratch) {
            plan.bind(scratch);
        }

        @Override
        public void run() {
            plan.run(x.address(), w.address(), y.address());
        }

        @Override
        public void close() {
            plan.close();
        }
    }

    static final class BackwardData extends ConvWork {
        private final ConvBackwardData plan;
        private final Buffer dx;
        private final Buffer dy;
        private final Buffer w;

        BackwardData(Workers workers, ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
            this.plan = new ConvBackwardData(problem(g), accumulate, workers);
            this.dx = dx;
            this.dy = dy;
            this.w = w;
        }

        @Override
        public long scratchBytes() {
            return plan.scratchBytes();
        }

        @Override
        public void bind(long scratch) {
            plan.bind(scratch);
        }

        @Override
        public void run() {
            plan.run(dy.address(), w.address(), dx.address());
        }

        @Override
        public void close() {
            plan.close();
        }
    }

    static final class BackwardWeights extends ConvWork {
        private final ConvBackwardWeights plan;
        private final Buffer dw;
        private final Buffer x;
        private final Buffer dy;

        BackwardWeights(Workers workers, ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
            this.plan = new ConvBackwardWeights(problem(g), accumulate, workers);
            this.dw = dw;
            this.x = x;
            this.dy = dy;
        }

        @Override
        public long scratchBytes() {
            return plan.scratchBytes();
        }

        @Override
        public void bind(long scratch) {
            plan.bind(scratch);
        }

        @Override
        public void run() {
            plan.run(x.address(), dy.address(), dw.address());
        }

        @Override
        public void close() {
            plan.close();
        }
    }
}
