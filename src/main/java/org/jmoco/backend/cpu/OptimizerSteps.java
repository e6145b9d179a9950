package org.jmoco.backend.cpu;

import jdk.incubator.vector.FloatVector;
import org.jmoco.backend.Buffer;

/**
 * Momentum update, SGD and Adam over flat arrays; 12, 20 and 28 bytes moved per element. The loop bodies for the last few
 * elements round exactly as the vector bodies do (fma where they use fma).
 */
final class OptimizerSteps {
    private OptimizerSteps() {}

    /** key = m key + (1 - m) query. */
    static final class MomentumUpdate extends Elementwise {
        private final Buffer key;
        private final Buffer query;
        private final double momentum;

        MomentumUpdate(Workers workers, Buffer key, Buffer query, double momentum) {
            super(workers, key.size());
            this.key = key;
            this.query = query;
            this.momentum = momentum;
        }

        @Override
        void piece(long from, int count) {
            long k = key.address() + from * Float.BYTES;
            long q = query.address() + from * Float.BYTES;
            float m = (float) momentum;
            float rest = (float) (1 - momentum);
            if (momentum == 1) {
                return; // m k + 0 q would turn -0 into 0 and an infinite q into NaN
            }
            if (momentum == 0) {
                Simd.copy(k, q, (long) count * Float.BYTES);
                return;
            }
            FloatVector mv = FloatVector.broadcast(Simd.F, m);
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                Simd.store(k + o, Simd.load(k + o).fma(mv, Simd.load(q + o).mul(rest)));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                Simd.set(k + o, Math.fma(Simd.get(k + o), m, Simd.get(q + o) * rest));
            }
        }
    }

    /** g = dw + wd w; v = mu v + g; w = w - lr v. */
    static final class Sgd extends Elementwise {
        private final Buffer w;
        private final Buffer dw;
        private final Buffer velocity;
        private final Buffer learningRate;
        private final LossScale scale;
        private final float mu;
        private final float decay;

        Sgd(Workers workers, Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay,
                LossScale scale) {
            super(workers, w.size());
            this.w = w;
            this.dw = dw;
            this.velocity = velocity;
            this.learningRate = learningRate;
            this.scale = scale;
            this.mu = (float) momentum;
            this.decay = (float) weightDecay;
        }

        @Override
        void piece(long from, int count) {
            long wAt = w.address() + from * Float.BYTES;
            long gAt = dw.address() + from * Float.BYTES;
            long vAt = velocity.address() + from * Float.BYTES;
            if (scale.skips()) {
                return;
            }
            float inverse = scale.inverse(); // 1 or another power of two: exact
            float minusLr = -Simd.get(learningRate.address());
            FloatVector inverseV = FloatVector.broadcast(Simd.F, inverse);
            FloatVector muV = FloatVector.broadcast(Simd.F, mu);
            FloatVector decayV = FloatVector.broadcast(Simd.F, decay);
            FloatVector minusLrV = FloatVector.broadcast(Simd.F, minusLr);
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                FloatVector weight = Simd.load(wAt + o);
                FloatVector g = weight.fma(decayV, Simd.load(gAt + o).mul(inverseV));
                FloatVector v = Simd.load(vAt + o).fma(muV, g);
                Simd.store(vAt + o, v);
                Simd.store(wAt + o, v.fma(minusLrV, weight));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                float weight = Simd.get(wAt + o);
                float g = Math.fma(weight, decay, Simd.get(gAt + o) * inverse);
                float v = Math.fma(Simd.get(vAt + o), mu, g);
                Simd.set(vAt + o, v);
                Simd.set(wAt + o, Math.fma(v, minusLr, weight));
            }
        }
    }

    /** torch.optim.Adam; the corrections 1 - b^t are computed once per run, in f64. */
    static final class Adam extends Elementwise {
        private final Buffer w;
        private final Buffer dw;
        private final Buffer m;
        private final Buffer v;
        private final Buffer learningRate;
        private final Buffer step;
        private final double beta1;
        private final double beta2;
        private final LossScale scale;
        private final float eps;
        private final float decay;
        private float minusStepSize;
        private float inverseRootCorrection;

        Adam(Workers workers, Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1,
                double beta2, double eps, double weightDecay, LossScale scale) {
            super(workers, w.size());
            this.w = w;
            this.dw = dw;
            this.m = m;
            this.v = v;
            this.learningRate = learningRate;
            this.step = step;
            this.beta1 = beta1;
            this.beta2 = beta2;
            this.scale = scale;
            this.eps = (float) eps;
            this.decay = (float) weightDecay;
        }

        @Override
        public void run() {
            if (scale.skips()) {
                return;
            }
            int t = Simd.getInt(step.address()) + 1;
            minusStepSize = (float) -(Simd.get(learningRate.address()) / (1 - StrictMath.pow(beta1, t)));
            inverseRootCorrection = (float) (1 / Math.sqrt(1 - StrictMath.pow(beta2, t)));
            super.run();
            Simd.setInt(step.address(), t);
        }

        @Override
        void piece(long from, int count) {
            long wAt = w.address() + from * Float.BYTES;
            long gAt = dw.address() + from * Float.BYTES;
            long mAt = m.address() + from * Float.BYTES;
            long vAt = v.address() + from * Float.BYTES;
            float inverse = scale.inverse();
            FloatVector inverseV = FloatVector.broadcast(Simd.F, inverse);
            float b1 = (float) beta1;
            float b2 = (float) beta2;
            float rest1 = (float) (1 - beta1);
            float rest2 = (float) (1 - beta2);
            FloatVector b1V = FloatVector.broadcast(Simd.F, b1);
            FloatVector b2V = FloatVector.broadcast(Simd.F, b2);
            FloatVector decayV = FloatVector.broadcast(Simd.F, decay);
            FloatVector epsV = FloatVector.broadcast(Simd.F, eps);
            FloatVector correctionV = FloatVector.broadcast(Simd.F, inverseRootCorrection);
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                FloatVector weight = Simd.load(wAt + o);
                FloatVector g = weight.fma(decayV, Simd.load(gAt + o).mul(inverseV));
                FloatVector first = Simd.load(mAt + o).fma(b1V, g.mul(rest1));
                FloatVector second = Simd.load(vAt + o).fma(b2V, g.mul(g).mul(rest2));
                Simd.store(mAt + o, first);
                Simd.store(vAt + o, second);
                FloatVector root = second.sqrt().fma(correctionV, epsV);
                Simd.store(wAt + o, weight.add(first.mul(minusStepSize).div(root)));
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                float weight = Simd.get(wAt + o);
                float g = Math.fma(weight, decay, Simd.get(gAt + o) * inverse);
                float first = Math.fma(Simd.get(mAt + o), b1, g * rest1);
                float second = Math.fma(Simd.get(vAt + o), b2, g * g * rest2);
                Simd.set(mAt + o, first);
                Simd.set(vAt + o, second);
                float root = Math.fma((float) Math.sqrt(second), inverseRootCorrection, eps);
                Simd.set(wAt + o, weight + first * minusStepSize / root);
            }
        }
    }
}
