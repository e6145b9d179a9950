package org.jmoco.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/**
 * InfoNCE forward and backward in one pass over the queue, without storing the logits.
 *
 * <p>The queries are cut into blocks of {@link #BLOCK}, the queue into slabs of {@link #SLAB} rows; one task is one block
 * against one slab. It walks the slab in tiles of {@link #TILE} keys: dot products S [TILE, BLOCK] of tile and queries, the
 * softmax weights in place of S, and the weighted sum of the keys, acc [BLOCK, D]. The largest dot product so far, the sum of
 * the weights and acc are kept relative to that largest one and scaled down whenever it grows (the online softmax of
 * Milakov and Gimelshein, arXiv:1805.02867). Lanes of a vector are queries, so the softmax needs no sum across lanes.
 *
 * <p>Then, for each query, the slabs are merged in order in f64. With d = logsumexp of the negative logits - l0, the loss is
 * log(1 + exp(d)) and dq = sigmoid(d) (mean key under the negatives' softmax - k) / (T N): no difference of nearly equal
 * numbers, also where the positive wins by far. The positive's dot product is the same chain of fma as a negative's, so
 * that a key that is also in the queue ties exactly.
 */
final class InfoNce implements Work {
    /** Queries of a task: four vectors. */
    private static final int BLOCK = 4 * Simd.LANES;

    /** Keys of a tile: with D = 128, 32 KiB of keys, as much of queries and S: half of an L2 cache of 256 KiB. */
    private static final int TILE = 64;

    /** Keys of a task: few enough that 128 queries against 4,096 keys make 16 tasks. A multiple of TILE. */
    private static final int SLAB = 1024;

    private static final int F32 = Float.BYTES;

    private final Workers workers;
    private final Buffer loss;
    private final Buffer correct;
    private final Buffer dq;
    private final Buffer q;
    private final Buffer k;
    private final Buffer queue;
    private final double temperature;
    private final boolean accumulate;
    private final int n;
    private final int d;
    private final int m;
    private final int blocks;
    private final int slabs;
    private final Workers.Task transpose = this::transpose;
    private final Workers.Task slab = this::slab;
    private final Workers.Task merge = this::merge;

    private final double[][] means; // [workers, D]
    private long transposed; // [blocks, D, BLOCK] f32: the queries, zeros behind the last
    private long partial; // [blocks, slabs, 2 + D, BLOCK] f32: largest dot, sum of weights, acc as [BLOCK, D]
    private long weights; // [workers, TILE + 1, BLOCK] f32: S, and a last row: see toWeights
    private long rowLoss; // [N] f64
    private long rowCorrect; // [N] i32

    InfoNce(Workers workers, Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        this.workers = workers;
        this.loss = loss;
        this.correct = correct;
        this.dq = dq;
        this.q = q;
        this.k = k;
        this.queue = queue;
        this.temperature = temperature;
        this.accumulate = accumulate;
        this.n = q.shape().dim(0);
        this.d = q.shape().dim(1);
        this.m = queue.shape().dim(0);
        this.blocks = (n + BLOCK - 1) / BLOCK;
        this.slabs = (m + SLAB - 1) / SLAB;
        this.means = new double[workers.count()][d];
    }

    private long partialBytes() {
        return (2L + d) * BLOCK * F32;
    }

    private static long weightBytes() {
        return (TILE + 1L) * BLOCK * F32;
    }

    @Override
    public long scratchBytes() {
        return (long) blocks * d * BLOCK * F32 + blocks * slabs * partialBytes() + workers.count() * weightBytes()
                + (long) n * (Double.BYTES + Integer.BYTES);
    }

    @Override
    public void bind(long scratch) {
        // Sizes are multiples of a vector, so everything stays aligned.
        transposed = scratch;
        partial = transposed + (long) blocks * d * BLOCK * F32;
        weights = partial + blocks * slabs * partialBytes();
        rowLoss = weights + workers.count() * weightBytes();
        rowCorrect = rowLoss + (long) n * Double.BYTES;
    }

    @Override
    public void run() {
        workers.run(blocks, transpose);
        workers.run(blocks * slabs, slab);
        workers.run(blocks, merge);
        double sum = 0;
        int right = 0;
        for (int i = 0; i < n; i++) {
            sum += Simd.getDouble(rowLoss + (long) i * Double.BYTES);
            right += Simd.getInt(rowCorrect + (long) i * Integer.BYTES);
        }
        double mean = sum / n;
        Simd.set(loss.address(), (float) (accumulate ? Simd.get(loss.address()) + mean : mean));
        Simd.setInt(correct.address(), accumulate ? Simd.getInt(correct.address()) + right : right);
    }

    private int queries(int block) {
        return Math.min(BLOCK, n - block * BLOCK);
    }

    private void transpose(int block, int worker) {
        int count = queries(block);
        long from = q.address() + (long) block * BLOCK * d * F32;
        long to = transposed + (long) block * d * BLOCK * F32;
        for (int j = 0; j < d; j++) {
            for (int i = 0; i < BLOCK; i++) {
                Simd.set(to + ((long) j * BLOCK + i) * F32, i < count ? Simd.get(from + ((long) i * d + j) * F32) : 0f);
            }
        }
    }

    private void slab(int task, int worker) {
        int block = task % blocks; // all blocks against a slab before the next slab: it comes from memory once
        int part = task / blocks;
        int first = part * SLAB;
        int last = Math.min(m, first + SLAB);
        long max = partial + ((long) block * slabs + part) * partialBytes(); // [BLOCK]
        long sum = max + (long) BLOCK * F32; // [BLOCK]
        long acc = sum + (long) BLOCK * F32; // [BLOCK, D]
        long s = weights + worker * weightBytes(); // [TILE, BLOCK]
        for (int j = 0; j < BLOCK; j += Simd.LANES) {
            Simd.store(max + (long) j * F32, FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY));
        }
        Simd.zero(sum, partialBytes() - (long) BLOCK * F32);
        for (int i = first; i < last; i += TILE) {
            int keys = Math.min(TILE, last - i);
            long tile = queue.address() + (long) i * d * F32;
            TileProduct.multiply(s, BLOCK, tile, d, 1, transposed + (long) block * d * BLOCK * F32, BLOCK, keys, BLOCK, d, false);
            toWeights(s, keys, max, sum, (float) (1 / temperature));
            long scale = s + (long) keys * BLOCK * F32; // [BLOCK]
            for (int row = 0; row < queries(block); row++) {
                rescale(acc + (long) row * d * F32, d, Simd.get(scale + (long) row * F32));
            }
            TileProduct.multiply(acc, d, s, 1, BLOCK, tile, d, queries(block), d, keys, true);
        }
    }

    /**
     * S becomes exp((S - max) / T); max and sum are brought up to date. A row behind the last key gets what the sums so far
     * must be scaled by: the same exp, of the largest dot product before.
     */
    private static void toWeights(long s, int keys, long max, long sum, float inverseT) {
        long row = (long) BLOCK * F32;
        for (long lane = 0; lane < row; lane += Simd.BYTES) {
            FloatVector top = Simd.load(max + lane);
            Simd.store(s + keys * row + lane, top);
            for (int i = 0; i < keys; i++) {
                FloatVector v = Simd.load(s + i * row + lane);
                top = top.blend(v, v.compare(VectorOperators.GT, top));
            }
            Simd.store(max + lane, top);
            FloatVector before = Simd.load(sum + lane);
            FloatVector total = FloatVector.zero(Simd.F);
            FloatVector last = total;
            for (int i = 0; i <= keys; i++) {
                total = total.add(last);
                long at = s + i * row + lane;
                last = Simd.expOfNegative(Simd.load(at).sub(top).mul(inverseT));
                Simd.store(at, last);
            }
            Simd.store(sum + lane, before.fma(last, total));
        }
    }

    private static void rescale(long row, int d, float factor) {
        if (factor == 1) {
            return;
        }
        int j = 0;
        for (; j <= d - Simd.LANES; j += Simd.LANES) {
            Simd.store(row + (long) j * F32, Simd.load(row + (long) j * F32).mul(factor));
        }
        for (; j < d; j++) {
            Simd.set(row + (long) j * F32, Simd.get(row + (long) j * F32) * factor);
        }
    }

    private static void addTo(double[] mean, long row, double factor) {
        for (int j = 0; j < mean.length; j++) {
            mean[j] += Simd.get(row + (long) j * F32) * factor;
        }
    }

    private void merge(int block, int worker) {
        for (int i = 0; i < queries(block); i++) {
            mergeRow(block, i, means[worker]);
        }
    }

    /** @param mean [D]: of the keys under the negatives' softmax */
    private void mergeRow(int block, int i, double[] mean) {
        int row = block * BLOCK + i;
        long qRow = q.address() + (long) row * d * F32;
        long kRow = k.address() + (long) row * d * F32;
        long dqRow = dq.address() + (long) row * d * F32;
        float positive = 0;
        for (int j = 0; j < d; j++) {
            positive = Math.fma(Simd.get(kRow + (long) j * F32), Simd.get(qRow + (long) j * F32), positive);
        }
        long first = partial + (long) block * slabs * partialBytes() + (long) i * F32;
        float top = Float.NEGATIVE_INFINITY;
        for (int s = 0; s < slabs; s++) {
            top = Math.max(top, Simd.get(first + s * partialBytes()));
        }
        double sum = 0;
        for (int s = 0; s < slabs; s++) {
            long sumAt = first + s * partialBytes() + (long) BLOCK * F32;
            double factor = StrictMath.exp(((double) Simd.get(first + s * partialBytes()) - top) / temperature);
            sum += Simd.get(sumAt) * factor;
            Simd.set(sumAt, (float) factor); // the slab's own sum is not needed any more
        }
        double gap = StrictMath.log(sum) + ((double) top - positive) / temperature;
        // log(1 + exp(gap)) without overflow.
        double rowLoss = Math.max(gap, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(gap)));
        double negative = 1 / (1 + StrictMath.exp(-gap));
        long acc = partial + (long) block * slabs * partialBytes() + (2L * BLOCK + (long) i * d) * F32;
        Arrays.fill(mean, 0);
        for (int s = 0; s < slabs; s++) {
            double factor = Simd.get(first + s * partialBytes() + (long) BLOCK * F32);
            addTo(mean, acc + s * partialBytes(), factor);
        }
        for (int j = 0; j < d; j++) {
            double key = Simd.get(kRow + (long) j * F32);
            Simd.set(dqRow + (long) j * F32, (float) (negative * (mean[j] / sum - key) / (temperature * n)));
        }
        Simd.setDouble(this.rowLoss + (long) row * Double.BYTES, rowLoss);
        Simd.setInt(rowCorrect + (long) row * Integer.BYTES, top <= positive ? 1 : 0);
    }
}
