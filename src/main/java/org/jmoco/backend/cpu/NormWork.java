package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Work;

/**
 * What batch norm forward and backward have in common: for each group two sums over its pixels, something computed from
 * them, then a second pass that uses it.
 *
 * <p>Sums: f32 over {@link RowLoop#RUN} rows, f64 from there on; chunk by chunk, merged in order of the chunks.
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
    private final RowLoop firstPass;
    private final RowLoop secondPass;
    private final Workers.Task prepareTask = (t, w) -> prepareGroup(t);
    private final Workers.Task sumTask = (t, w) -> sumChunk(t / chunks(), t % chunks(), w);
    private final Workers.Task finishTask = (t, w) -> finishGroup(t);
    private final Workers.Task applyTask = this::applyFromTheEnd;
    private final Workers.Task groupTask = this::wholeGroup;

    private long constants; // [G, CONSTANTS, period] f32
    private long groupSums; // [G, 2, C] f64
    private long chunkSums; // [G, chunks, 2, C] f64
    private long workerSums; // [workers, 2, period] f32, then [workers, 2, period] f64

    /** @param firstPass null if there is only a second one */
    NormWork(Workers workers, BatchNormGeometry geometry, NormLayout layout, RowLoop firstPass, RowLoop secondPass) {
        this.workers = workers;
        this.geometry = geometry;
        this.layout = layout;
        this.firstPass = firstPass;
        this.secondPass = secondPass;
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
        prepareGroup(group);
        for (int i = 0; i < chunks(); i++) {
            sumChunk(group, i, worker);
        }
        finishGroup(group);
        for (int i = chunks() - 1; i >= 0; i--) {
            applyChunk(group, i);
        }
    }

    private void applyFromTheEnd(int task, int worker) {
        int last = layout.groups * chunks() - 1 - task;
        applyChunk(last / chunks(), last % chunks());
    }

    private void sumChunk(int group, int chunk, int worker) {
        long sums = workerSums + worker * workerBytes();
        long doubles = sums + 2L * layout.period * Float.BYTES;
        Simd.zero(sums, 2L * layout.period * (Float.BYTES + Double.BYTES));
        int held = 0;
        int rows = layout.pixels(chunk) / layout.rowPixels;
        int rest = layout.pixels(chunk) % layout.rowPixels * layout.channels;
        int end = layout.endRun(chunk);
        for (int run = layout.firstRun(chunk); run < end; run++) {
            long at = layout.offset(group, run, layout.firstPixel(chunk));
            int done = 0;
            do {
                int take = Math.min(rows - done, RowLoop.RUN - held);
                firstPass.rows(at, take, rowBytes(), constants(group), sums);
                at += take * rowBytes();
                done += take;
                held += take;
                if (done == rows && rest > 0) {
                    sumRest(group, at, rest, sums);
                    held++;
                }
                if (held >= RowLoop.RUN || done == rows && run == end - 1) {
                    Simd.drain(doubles, sums, 2 * layout.period);
                    held = 0;
                }
            } while (done < rows);
        }
        fold(chunkSums + ((long) group * chunks() + chunk) * 2 * layout.channels * Double.BYTES, doubles);
    }

    /** The last pixels of a run, fewer than a row. */
    private void sumRest(int group, long at, int floats, long sums) {
        long whole = Simd.wholeVectors(floats);
        firstPass.rows(at, 1, whole, constants(group), sums);
        firstPass.few(at + whole, floats % Simd.LANES, constants(group) + whole, sums + whole);
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

    private void applyChunk(int group, int chunk) {
        int rows = layout.pixels(chunk) / layout.rowPixels;
        int rest = layout.pixels(chunk) % layout.rowPixels * layout.channels;
        for (int run = layout.firstRun(chunk); run < layout.endRun(chunk); run++) {
            long at = layout.offset(group, run, layout.firstPixel(chunk));
            secondPass.rows(at, rows, rowBytes(), constants(group), 0);
            if (rest > 0) {
                at += rows * rowBytes();
                long whole = Simd.wholeVectors(rest);
                secondPass.rows(at, 1, whole, constants(group), 0);
                secondPass.few(at + whole, rest % Simd.LANES, constants(group) + whole, 0);
            }
        }
    }

    // ---- what forward and backward fill in ---------------------------------------------------------------------

    /** Before the sums of a group: the constants that the first pass needs. */
    void prepareGroup(int group) {}

    /** Behind the sums of a group: turns them into the constants of the second pass. */
    abstract void finishGroup(int group);

    // ---- scratch -----------------------------------------------------------------------------------------------

    private long rowBytes() {
        return (long) layout.period * Float.BYTES;
    }

    /** Address of a group's constants. */
    private long constants(int group) {
        return constants + group * CONSTANTS * rowBytes();
    }

    /** Constant {@code which} of a channel. */
    final float constant(int group, int which, int channel) {
        return Simd.get(constants(group) + which * rowBytes() + (long) channel * Float.BYTES);
    }

    /** Sets constant {@code which} of a channel, in all its places in a row. */
    final void setConstant(int group, int which, int channel, float value) {
        long at = constants(group) + which * rowBytes();
        for (int i = channel; i < layout.period; i += layout.channels) {
            Simd.set(at + (long) i * Float.BYTES, value);
        }
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
