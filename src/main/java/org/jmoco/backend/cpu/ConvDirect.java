package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.Dnnl.ARG_DIFF_DST;
import static org.jmoco.backend.cpu.Dnnl.ARG_DIFF_SRC;
import static org.jmoco.backend.cpu.Dnnl.ARG_DIFF_WEIGHTS;
import static org.jmoco.backend.cpu.Dnnl.ARG_DST;
import static org.jmoco.backend.cpu.Dnnl.ARG_SRC;
import static org.jmoco.backend.cpu.Dnnl.ARG_WEIGHTS;
import static org.jmoco.backend.cpu.Dnnl.QUERY_DIFF_DST_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_DIFF_SRC_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_DIFF_WEIGHTS_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_DST_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_SRC_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_WEIGHTS_MD;

/**
 * Convolution by oneDNN's own direct kernels, one single-threaded call per chunk of images. x, y and their gradients stay
 * NHWC; the filters are brought into the layout that the kernel prefers and back.
 */
final class ConvDirect implements ConvKernel {
    /** Which of the three operations. */
    enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS }

    private final ConvProblem problem;
    private final Direction direction;
    private final boolean accumulate;
    private final Workers workers;
    private final ImageChunks chunks;
    private final DnnlPrimitive[] primitives; // full chunk, short last chunk (null if none)
    private final DnnlCall[][] calls; // [worker][as primitives]
    private final DnnlPrimitive reorder; // filters into or out of the kernel's layout; null when it takes K x R x S x C
    private final DnnlCall reorderCall;
    private final long filterBytes; // in the kernel's layout
    private final Workers.Task task = this::runChunk;
    private final Workers.Task reduction = this::addPartials;

    private final Scratch layout = new Scratch();
    private final long filterOffset;
    private final long[] callOffsets;
    private final long[] chunkOffsets; // per worker, dx of a chunk before it is added; with accumulate only
    private final long reorderOffset;
    private final long sumOffset;

    private long scratch;
    private long a;
    private long b;
    private long result;
    private long target; // where dw is put together: the result, or scratch when it is added to the result

    ConvDirect(ConvProblem problem, Direction direction, boolean accumulate, Workers workers) {
        this.problem = problem;
        this.direction = direction;
        this.accumulate = accumulate;
        this.workers = workers;
        chunks = ImageChunks.of(problem);
        Dnnl.oneThread();
        DnnlPrimitive full = primitive(chunks.size(), 0);
        long filters = full.layout(filterQuery());
        primitives = new DnnlPrimitive[] {full,
            chunks.lastSize() == chunks.size() ? null : primitive(chunks.lastSize(), filters)};
        filterBytes = Dnnl.size(filters);
        long plain = Dnnl.channelsLast(problem.k(), problem.c(), problem.r(), problem.s());
        boolean same = Dnnl.sameLayout(plain, filters);
        long stream = Dnnl.stream();
        if (same) {
            reorder = null;
            reorderCall = null;
        } else {
            boolean out = direction == Direction.BACKWARD_WEIGHTS;
            reorder = new DnnlPrimitive(Dnnl.reorderDescriptor(out ? filters : plain, out ? plain : filters));
            reorderCall = new DnnlCall(reorder, stream, ARG_SRC, QUERY_SRC_MD, ARG_DST, QUERY_DST_MD);
        }
        Dnnl.destroyDescriptor(plain);

        boolean partials = direction == Direction.BACKWARD_WEIGHTS;
        filterOffset = layout.region(partials ? chunks.count() * Scratch.roundUp(filterBytes) : same ? 0 : filterBytes);
        reorderOffset = layout.region(reorder == null ? 0 : reorder.scratchBytes());
        sumOffset = layout.region(partials && accumulate ? 4 * problem.wSize() : 0);
        calls = new DnnlCall[workers.count()][2];
        callOffsets = new long[workers.count()];
        chunkOffsets = new long[workers.count()];
        for (int worker = 0; worker < workers.count(); worker++) {
            long own = 0;
            long workerStream = Dnnl.stream();
            for (int i = 0; i < 2; i++) {
                if (primitives[i] != null) {
                    calls[worker][i] = call(primitives[i], workerStream);
                    own = Math.max(own, primitives[i].scratchBytes());
                }
            }
            callOffsets[worker] = layout.region(own);
            chunkOffsets[worker] = layout.region(accumulate && !partials ? xBytes(chunks.size()) : 0);
        }
    }

    /** The primitive for {@code images} images; {@code filters} fixes the filters' layout, 0 leaves it free. */
    private DnnlPrimitive primitive(int images, long filters) {
        ConvProblem p = problem.withImages(images);
        long x = Dnnl.channelsLast(images, p.c(), p.h(), p.w());
        long y = Dnnl.channelsLast(images, p.k(), p.outH(), p.outW());
        long any = Dnnl.any(p.k(), p.c(), p.r(), p.s());
        long w = filters == 0 ? any : filters;
        long forward = Dnnl.forwardDescriptor(p, x, direction == Direction.FORWARD ? w : any, y);
        DnnlPrimitive made;
        if (direction == Direction.FORWARD) {
            made = new DnnlPrimitive(forward);
        } else {
            made = new DnnlPrimitive(direction == Direction.BACKWARD_DATA
                    ? Dnnl.backwardDataDescriptor(p, x, w, y, forward)
                    : Dnnl.backwardWeightsDescriptor(p, x, w, y, forward));
            Dnnl.destroyPrimitiveDescriptor(forward);
        }
        Dnnl.destroyDescriptor(any);
        Dnnl.destroyDescriptor(x);
        Dnnl.destroyDescriptor(y);
        return made;
    }

    private int filterQuery() {
        return direction == Direction.BACKWARD_WEIGHTS ? QUERY_DIFF_WEIGHTS_MD : QUERY_WEIGHTS_MD;
    }

    /** Operands in the order of {@link ConvKernel#run}. */
    private DnnlCall call(DnnlPrimitive p, long stream) {
        return switch (direction) {
            case FORWARD -> new DnnlCall(p, stream,
                    ARG_SRC, QUERY_SRC_MD, ARG_WEIGHTS, QUERY_WEIGHTS_MD, ARG_DST, QUERY_DST_MD);
            case BACKWARD_DATA -> new DnnlCall(p, stream,
                    ARG_DIFF_DST, QUERY_DIFF_DST_MD, ARG_WEIGHTS, QUERY_WEIGHTS_MD, ARG_DIFF_SRC, QUERY_DIFF_SRC_MD);
            case BACKWARD_WEIGHTS -> new DnnlCall(p, stream,
                    ARG_SRC, QUERY_SRC_MD, ARG_DIFF_DST, QUERY_DIFF_DST_MD, ARG_DIFF_WEIGHTS, QUERY_DIFF_WEIGHTS_MD);
        };
    }

    @Override
    public long scratchBytes() {
        return layout.bytes();
    }

    @Override
    public void bind(long scratch) {
        this.scratch = scratch;
        for (int worker = 0; worker < calls.length; worker++) {
            for (DnnlCall call : calls[worker]) {
                if (call != null) {
                    call.scratch(scratch + callOffsets[worker]);
                }
            }
        }
        if (reorderCall != null) {
            reorderCall.scratch(scratch + reorderOffset);
        }
    }

    @Override
    public void run(long a, long b, long result) {
        this.a = a;
        this.b = b;
        this.result = result;
        if (direction == Direction.BACKWARD_WEIGHTS) {
            target = accumulate ? scratch + sumOffset : result;
            workers.run(chunks.count(), task);
            workers.run(slices(), reduction);
            if (reorder != null) {
                reorderFilters(scratch + filterOffset, target);
            }
            if (accumulate) {
                VectorSum.add(result, target, problem.wSize());
            }
        } else {
            if (reorder != null) {
                this.b = scratch + filterOffset;
                reorderFilters(b, this.b);
            }
            workers.run(chunks.count(), task);
        }
    }

    private void reorderFilters(long from, long to) {
        reorderCall.set(0, from);
        reorderCall.set(1, to);
        reorderCall.run();
    }

    private long xBytes(int images) {
        return Float.BYTES * problem.xSize() / problem.n() * images;
    }

    private long yBytes(int images) {
        return Float.BYTES * problem.ySize() / problem.n() * images;
    }

    private void runChunk(int chunk, int worker) {
        DnnlCall call = calls[worker][chunks.isShort(chunk) ? 1 : 0];
        int first = chunk * chunks.size();
        switch (direction) {
            case FORWARD -> {
                call.set(0, a + xBytes(first));
                call.set(1, b);
                call.set(2, result + yBytes(first));
                call.run();
            }
            case BACKWARD_DATA -> {
                long dx = result + xBytes(first);
                long target = accumulate ? scratch + chunkOffsets[worker] : dx;
                call.set(0, a + yBytes(first));
                call.set(1, b);
                call.set(2, target);
                call.run();
                if (accumulate) {
                    VectorSum.add(dx, target, xBytes(chunks.sizeOf(chunk)) / Float.BYTES);
                }
            }
            case BACKWARD_WEIGHTS -> {
                call.set(0, a + xBytes(first));
                call.set(1, b + yBytes(first));
                call.set(2, scratch + filterOffset + chunk * Scratch.roundUp(filterBytes));
                call.run();
            }
        }
    }

    /** Slices of the filters that are summed at the same time; sums of one element always run over chunks 0, 1, 2 ... */
    private int slices() {
        return (int) ((filterBytes + VectorSum.SLICE_BYTES - 1) / VectorSum.SLICE_BYTES);
    }

    private void addPartials(int slice, int worker) {
        long from = (long) slice * VectorSum.SLICE_BYTES;
        long length = Math.min(VectorSum.SLICE_BYTES, filterBytes - from) / Float.BYTES;
        long first = scratch + filterOffset + from;
        long to = reorder == null ? target + from : first;
        VectorSum.sum(to, first, chunks.count(), Scratch.roundUp(filterBytes), length);
    }

    @Override
    public String describe() {
        return "oneDNN " + primitives[0].implementation() + ", " + chunks.size() + " images a call";
    }

    @Override
    public void close() {
        for (DnnlCall[] own : calls) {
            for (DnnlCall call : own) {
                if (call != null) {
                    call.close();
                }
            }
        }
        if (reorder != null) {
            reorderCall.close();
            reorder.close();
        }
        for (DnnlPrimitive primitive : primitives) {
            if (primitive != null) {
                primitive.close();
            }
        }
    }
}
