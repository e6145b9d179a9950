package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;

/**
 * Softmax cross-entropy with its gradient. Each row writes its own loss to scratch; they are added in order of n, in f64.
 */
final class CrossEntropy extends RowWork {
    private final Buffer loss;
    private final Buffer correct;
    private final Buffer dlogits;
    private final Buffer logits;
    private final Buffer labels;
    private final int n;
    private final int k;
    private long rowLoss; // N f64
    private long rowCorrect; // N i32

    CrossEntropy(Workers workers, Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        super(workers, logits.shape().dim(0));
        this.loss = loss;
        this.correct = correct;
        this.dlogits = dlogits;
        this.logits = logits;
        this.labels = labels;
        this.n = logits.shape().dim(0);
        this.k = logits.shape().dim(1);
    }

    @Override
    public long scratchBytes() {
        return (long) n * (Double.BYTES + Integer.BYTES);
    }

    @Override
    public void bind(long scratch) {
        rowLoss = scratch;
        rowCorrect = scratch + (long) n * Double.BYTES;
    }

    @Override
    public void run() {
        super.run();
        double sum = 0;
        int right = 0;
        for (int i = 0; i < n; i++) {
            sum += Simd.getDouble(rowLoss + (long) i * Double.BYTES);
            right += Simd.getInt(rowCorrect + (long) i * Integer.BYTES);
        }
        Simd.set(loss.address(), (float) (sum / n));
        Simd.setInt(correct.address(), right);
    }

    @Override
    void row(int i) {
        long l = logits.address() + (long) i * k * Float.BYTES;
        long to = dlogits.address() + (long) i * k * Float.BYTES;
        int label = Simd.getInt(labels.address() + (long) i * Integer.BYTES);
        boolean valid = label >= 0 && label < k;
        int best = argmax(l, k);
        double max = Simd.get(l + (long) best * Float.BYTES);
        double sum = sumOfExp(l, k, max);
        for (int j = 0; j < k; j++) {
            double p = StrictMath.exp(Simd.get(l + (long) j * Float.BYTES) - max) / sum;
            Simd.set(to + (long) j * Float.BYTES, valid ? (float) ((p - (j == label ? 1 : 0)) / n) : Float.NaN);
        }
        Simd.setDouble(rowLoss + (long) i * Double.BYTES,
                valid ? StrictMath.log(sum) + max - Simd.get(l + (long) label * Float.BYTES) : Double.NaN);
        Simd.setInt(rowCorrect + (long) i * Integer.BYTES, best == label ? 1 : 0);
    }
}
