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

    /** The plan overwrites; to accumulate, it writes to scratch, which is then added to dw. */
    static final class BackwardWeights extends ConvWork {
        private final ConvBackwardWeights plan;
        private final Buffer dw;
        private final Buffer x;
        private final Buffer dy;
        private final boolean accumulate;
        private final Elementwise sum;
        private long result;

        BackwardWeights(Workers workers, ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
            this.sum = new Elementwise(workers, dw.size()) {
                @Override
                void piece(long from, int count) {
                    VectorSum.add(dw.address() + from * Float.BYTES, result + from * Float.BYTES, count);
                }
            };
            this.plan = new ConvBackwardWeights(problem(g), workers);
            this.dw = dw;
            this.x = x;
            this.dy = dy;
            this.accumulate = accumulate;
        }

        private long resultBytes() {
            return accumulate ? Scratch.roundUp(dw.bytes()) : 0;
        }

        @Override
        public long scratchBytes() {
            return resultBytes() + plan.scratchBytes();
        }

        @Override
        public void bind(long scratch) {
            plan.bind(scratch + resultBytes());
            result = accumulate ? scratch : dw.address();
        }

        @Override
        public void run() {
            plan.run(x.address(), dy.address(), result);
            if (accumulate) {
                sum.run();
            }
        }

        @Override
        public void close() {
            plan.close();
        }
    }
}
