package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Work;

/**
 * What batch norm forward and backward have in common: for each group two sums over its pixels, something computed from
 * them, then a second pass that uses it.
 *
 * <p>Sums: f32 over {@link NormKernels#RUN} rows, f64 from there on; chunk by chunk, merged in order of the chunks.
 *
 * <p>Order of work: where groups can be shared out evenly, one task is a whole group. Its second pass then finds in the
 * last-level cache what its first pass read (the largest layer of ResNet-18 with 8 splits of 16 images: 4 MB a group), so
 * that memory sees one reading instead of two. Otherwise the tasks are chunks, with a barrier between the passes. The sums
 * are the same ones in the same order either way. The second pass walks backwards, for what is still in the cache.
 */
abstract class NormWork implements Work {
    /** Arrays of per-channel constants, repeated to the period, that a group may have. */
    static final int CONSTANTS = 4;

    final NormLayout layout;
    final BatchNormGeometry geometry;
    private final Workers workers;
    private final Workers.Task prepareTask = this::prepareGroup;
    private final Workers.Task sumTask = (t, w) -> sumChunk(t / chunks(), t % chunks(), w);
    private final Workers.Task finishTask = this::finishGroup;
    private final Workers.Task applyTask = this::applyFromTheEnd;
    private final Workers.Task groupTask = this::wholeGroup;

    private long constants; // [G, CONSTANTS, period] f32
    private long groupSums; // [G, 2, C] f64
    private long chunkSums; // [G, chunks, 2, C] f64
    private long workerSums; // [workers, 2, period] f32, then [workers, 2, period] f64

    NormWork(Workers workers, BatchNormGeometry geometry, NormLayout layout) {
        this.workers = workers;
        this.geometry = geometry;
        this.layout = layout;
    }

    private int chunks() {
        return layout.chunks;
    }

    @Override
    public long scratchBytes() {
        return place(0);
    }

    @Override
    public void bind(long scratch) {
        place(scratch);
    }

    /** Lays the arrays out from {@code at} on. @return the address behind them */
    private long place(long at) {
        constants = at;
        groupSums = constants + Scratch.roundUp((long) layout.groups * CONSTANTS * layout.period * Float.BYTES);
        chunkSums = groupSums + Scratch.roundUp(layout.groups * 2L * layout.channels * Double.BYTES);
        workerSums = chunkSums + Scratch.roundUp((long) layout.groups * chunks() * 2 * layout.channels * Double.BYTES);
        return workerSums + workers.count() * workerBytes();
    }

    private long workerBytes() {
        return Scratch.roundUp(2L * layout.period * (Float.BYTES + Double.BYTES));
    }

    // ---- the two passes ----------------------------------------------------------------------------------------

    final void runBothPasses() {
        int groups = layout.groups;
        if (groups % workers.count() == 0 || groups >= 4 * workers.count()) {
            workers.run(groups, groupTask);
        } else {
            workers.run(groups, prepareTask);
            workers.run(groups * chunks(), sumTask);
            workers.run(groups, finishTask);
            runSecondPass();
        }
    }

    final void runSecondPass() {
        workers.run(layout.groups * chunks(), applyTask);
    }

    private void wholeGroup(int group, int worker) {
        prepareGroup(group, worker);
        for (int i = 0; i < chunks(); i++) {
            sumChunk(group, i, worker);
        }
        finishGroup(group, worker);
        for (int i = chunks() - 1; i >= 0; i--) {
            applyChunk(group, i, worker);
        }
    }

    private void applyFromTheEnd(int task, int worker) {
        int last = layout.groups * chunks() - 1 - task;
        applyChunk(last / chunks(), last % chunks(), worker);
    }

    private void sumChunk(int group, int chunk, int worker) {
        long sums = workerSums + worker * workerBytes();
        long doubles = sums + 2L * layout.period * Float.BYTES;
        Simd.zero(sums, 2L * layout.period * (Float.BYTES + Double.BYTES));
        int held = 0;
        int first = layout.firstPixel(chunk);
        int pixels = layout.pixels(chunk);
        int rows = pixels / layout.rowPixels;
        int rest = pixels % layout.rowPixels * layout.channels;
        for (int run = layout.firstRun(chunk); run < layout.endRun(chunk); run++) {
            long at = layout.offset(group, run, first);
            for (int r = 0; r < rows;) {
                int take = Math.min(rows - r, NormKernels.RUN - held);
                sum(group, worker, at, take, layout.period);
                at += (long) take * layout.period * Float.BYTES;
                r += take;
                held += take;
                if (held == NormKernels.RUN) {
                    Simd.drain(doubles, sums, 2 * layout.period);
                    held = 0;
                }
            }
            if (rest > 0) {
                int whole = rest / Simd.LANES * Simd.LANES;
                sum(group, worker, at, 1, whole);
                sumFew(group, worker, at + (long) whole * Float.BYTES, rest - whole, (long) whole * Float.BYTES);
                if (++held == NormKernels.RUN) {
                    Simd.drain(doubles, sums, 2 * layout.period);
                    held = 0;
                }
            }
        }
        Simd.drain(doubles, sums, 2 * layout.period);
        fold(chunkSums + ((long) group * chunks() + chunk) * 2 * layout.channels * Double.BYTES, doubles);
    }

    /** Adds up the pixels that lie side by side in a row: [2, period] to [2, C]. */
    private void fold(long to, long from) {
        long pixel = (long) layout.channels * Double.BYTES;
        Simd.zero(to, 2 * pixel);
        for (int which = 0; which < 2; which++) {
            for (int i = 0; i < layout.rowPixels; i++) {
                Simd.addDoubles(to + which * pixel, from + (which * layout.rowPixels + i) * pixel, layout.channels);
            }
        }
    }

    final void applyChunk(int group, int chunk, int worker) {
        int first = layout.firstPixel(chunk);
        int pixels = layout.pixels(chunk);
        int rows = pixels / layout.rowPixels;
        int rest = pixels % layout.rowPixels * layout.channels;
        for (int run = layout.firstRun(chunk); run < layout.endRun(chunk); run++) {
            long at = layout.offset(group, run, first);
            apply(group, at, rows, layout.period);
            if (rest > 0) {
                at += (long) rows * layout.period * Float.BYTES;
                int whole = rest / Simd.LANES * Simd.LANES;
                apply(group, at, 1, whole);
                applyFew(group, at + (long) whole * Float.BYTES, rest - whole, (long) whole * Float.BYTES);
            }
        }
    }

    // ---- what forward and backward fill in ---------------------------------------------------------------------

    /** Before the sums of a group. */
    void prepareGroup(int group, int worker) {}

    /** Adds {@code rows} rows at byte offset {@code at} of the tensors to {@link #firstSum} and {@link #secondSum}. */
    abstract void sum(int group, int worker, long at, int rows, int period);

    /** The same for fewer floats than a vector, which stand {@code column} bytes into a row. */
    abstract void sumFew(int group, int worker, long at, int count, long column);

    /** Behind the sums of a group: turns them into constants. */
    abstract void finishGroup(int group, int worker);

    /** The second pass. */
    abstract void apply(int group, long at, int rows, int period);

    abstract void applyFew(int group, long at, int count, long column);

    // ---- scratch -----------------------------------------------------------------------------------------------

    /** Address of constant array {@code which}, period floats. */
    final long constant(int group, int which) {
        return constants + ((long) group * CONSTANTS + which) * layout.period * Float.BYTES;
    }

    /** Sets constant {@code which} of a channel, in all its places in a row. */
    final void setConstant(int group, int which, int channel, float value) {
        long at = constant(group, which);
        for (int i = channel; i < layout.period; i += layout.channels) {
            Simd.set(at + (long) i * Float.BYTES, value);
        }
    }

    final long firstSum(int worker) {
        return workerSums + worker * workerBytes();
    }

    final long secondSum(int worker) {
        return firstSum(worker) + (long) layout.period * Float.BYTES;
    }

    /** Sum {@code which} of a channel over a group: its chunks added in order. */
    final double sumOfChunks(int group, int which, int channel) {
        double sum = 0;
        for (int i = 0; i < chunks(); i++) {
            sum += Simd.getDouble(chunkSums
                    + ((((long) group * chunks() + i) * 2 + which) * layout.channels + channel) * Double.BYTES);
        }
        return sum;
    }

    /** Place of a per-group, per-channel f64. */
    final long groupSum(int group, int which, int channel) {
        return groupSums + (((long) group * 2 + which) * layout.channels + channel) * Double.BYTES;
    }
}
