package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;

/** A convolution's plan as a prepared launch over buffers. */
final class ConvWork implements Work, AutoCloseable {
    private final ConvPlan plan;
    private final Buffer a;
    private final Buffer b;
    private final Buffer result;

    private ConvWork(ConvPlan plan, Buffer a, Buffer b, Buffer result) {
        this.plan = plan;
        this.a = a;
        this.b = b;
        this.result = result;
    }

    static ConvWork forward(Workers workers, ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        return new ConvWork(new ConvForward(problem(g), workers), x, w, y);
    }

    static ConvWork backwardData(Workers workers, ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        return new ConvWork(new ConvBackwardData(problem(g), accumulate, workers), dy, w, dx);
    }

    static ConvWork backwardWeights(Workers workers, ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        return new ConvWork(new ConvBackwardWeights(problem(g), accumulate, workers), x, dy, dw);
    }

    private static ConvProblem problem(ConvGeometry g) {
        return new ConvProblem(g.n(), g.h(), g.w(), g.c(), g.k(), g.r(), g.s(), g.stride(), g.pad());
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
        plan.run(a.address(), b.address(), result.address());
    }

    @Override
    public void close() {
        plan.close();
    }
}
