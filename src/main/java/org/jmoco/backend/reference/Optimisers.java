package org.jmoco.backend.reference;

/** Updates of flat parameter arrays, elementwise. */
final class Optimisers {
    private final Workers workers;

    Optimisers(Workers workers) {
        this.workers = workers;
    }

    /** key = m key + (1 - m) query; see docs/maths/momentum-update.md. */
    void momentumUpdate(long size, Reals key, Reals query, double m) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                key.set(i, m * key.get(i) + (1 - m) * query.get(i));
            }
        });
    }

    /**
     * As torch.optim.SGD, of gradients that were multiplied by {@code scale}: weight decay joins the gradient, the learning rate
     * stays outside the velocity.
     */
    void sgd(long size, Reals w, Reals dw, double scale, Reals velocity, Reals learningRate, double momentum,
            double weightDecay) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                double g = dw.get(i) / scale + weightDecay * w.get(i);
                velocity.set(i, momentum * velocity.get(i) + g);
                w.set(i, w.get(i) - learningRate.get(0) * velocity.get(i));
            }
        });
    }

    /** As torch.optim.Adam, with bias correction by the number of this update. */
    void adam(long size, Reals w, Reals dw, double scale, Reals m, Reals v, Reals learningRate, Ints step, double beta1,
            double beta2, double eps, double weightDecay) {
        int t = step.get(0) + 1;
        double stepSize = learningRate.get(0) / (1 - Math.pow(beta1, t));
        double sqrtCorrection = Math.sqrt(1 - Math.pow(beta2, t));
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                double g = dw.get(i) / scale + weightDecay * w.get(i);
                m.set(i, beta1 * m.get(i) + (1 - beta1) * g);
                v.set(i, beta2 * v.get(i) + (1 - beta2) * g * g);
                w.set(i, w.get(i) - stepSize * m.get(i) / (Math.sqrt(v.get(i)) / sqrtCorrection + eps));
            }
        });
        step.set(0, t);
    }
}
