package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything but convolution and batch norm, against loops in f64. */
class CpuOpsTest {
    private static final double EPS32 = 0x1p-24;

    private static double[] doubles(float[] v) {
        return HostTensor.of(Shape.of(v.length), v).toF64().doubles();
    }

    // ---- pooling -----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"2, 7, 9, 13, 3, 2, 1", "1, 1, 1, 8, 1, 1, 0", "3, 6, 4, 64, 2, 2, 0", "2, 5, 5, 33, 3, 1, 1"})
    void maxPool(int n, int h, int w, int c, int r, int stride, int pad) {
        ConvGeometry g = new ConvGeometry(n, h, w, c, c, r, r, stride, pad);
        Rig rig = new Rig();
        rig.with("x", g.x(), rig.integers((int) g.x().size(), 3)).with("dy", g.y(), rig.integers((int) g.y().size(), 9))
                .poisoned("y", g.y()).poisonedInts("argmax", g.y()).poisoned("dx", g.x());
        double[] y = new double[(int) g.y().size()];
        int[] argmax = new int[y.length];
        double[] dx = new double[(int) g.x().size()];
        for (int i = 0; i < y.length; i++) {
            int channel = i % c;
            int q = i / c % g.q();
            int p = i / c / g.q() % g.p();
            int image = i / c / g.q() / g.p();
            y[i] = Double.NEGATIVE_INFINITY;
            for (int hh = Math.max(0, p * stride - pad); hh < Math.min(h, p * stride - pad + r); hh++) {
                for (int ww = Math.max(0, q * stride - pad); ww < Math.min(w, q * stride - pad + r); ww++) {
                    float v = rig.floats("x")[((image * h + hh) * w + ww) * c + channel];
                    if (v > y[i]) {
                        y[i] = v;
                        argmax[i] = hh * w + ww;
                    }
                }
            }
            dx[(image * h * w + argmax[i]) * c + channel] += rig.floats("dy")[i];
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.maxPoolForward("pool", g, b.get("y"), b.get("argmax"), b.get("x"));
            rec.maxPoolBackward("pool", g, b.get("dx"), b.get("dy"), b.get("argmax"));
        });
        Rig.assertClose("y", y, out.get("y"), 0);
        assertArrayEquals(argmax, out.get("argmax").ints());
        Rig.assertClose("dx", dx, out.get("dx"), 0);
    }

    @Test
    void aNaNWinsItsWindow() {
        ConvGeometry g = new ConvGeometry(1, 1, 3, 9, 9, 1, 3, 1, 0);
        Rig rig = new Rig();
        rig.with("x", g.x(), rig.integers(27, 5)).poisoned("y", g.y()).poisonedInts("argmax", g.y());
        for (int c = 0; c < 9; c++) {
            rig.floats("x")[9 + c] = Float.NaN;
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.maxPoolForward("pool", g, b.get("y"), b.get("argmax"), b.get("x")));
        for (int c = 0; c < 9; c++) {
            assertTrue(Float.isNaN(out.get("y").floats()[c]));
            assertEquals(1, out.get("argmax").ints()[c]);
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 4, 4, 64", "2, 1, 1, 7", "1, 13, 31, 33"})
    void averagePool(int n, int h, int w, int c) {
        Shape image = Shape.of(n, h, w, c);
        Shape feature = Shape.of(n, c);
        Rig rig = new Rig().random("x", image).random("dy", feature).poisoned("y", feature).poisoned("dx", image);
        double[] y = new double[n * c];
        double[] dx = new double[n * h * w * c];
        for (int i = 0; i < dx.length; i++) {
            int at = i / (h * w * c) * c + i % c;
            y[at] += rig.floats("x")[i] / (double) (h * w);
            dx[i] = rig.floats("dy")[at] / (double) (h * w);
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.globalAvgPoolForward("pool", b.get("y"), b.get("x"));
            rec.globalAvgPoolBackward("pool", b.get("dx"), b.get("dy"));
        });
        Rig.assertClose("y", y, out.get("y"), 80 * EPS32);
        Rig.assertClose("dx", dx, out.get("dx"), i -> EPS32 * Math.abs(dx[i]));
    }

    // ---- linear, normalisation ---------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"128, 512, 128, false", "1, 1, 1, true", "7, 13, 31, false", "33, 130, 2, true", "5, 8, 10, true",
            "20, 16, 16, false"})
    void linear(int n, int c, int k, boolean accumulate) {
        Shape xs = Shape.of(n, c);
        Shape ys = Shape.of(n, k);
        Shape ws = Shape.of(k, c);
        Rig rig = new Rig();
        // Sums of up to 512 products of at most 25: integers below 2^24, so exact.
        rig.with("x", xs, rig.integers(n * c, 5)).with("w", ws, rig.integers(k * c, 5)).with("b", Shape.of(k), rig.integers(k, 5))
                .with("dy", ys, rig.integers(n * k, 5)).with("dw", ws, rig.integers(k * c, 5))
                .with("db", Shape.of(k), rig.integers(k, 5))
                .poisoned("y", ys).poisoned("dx", xs);
        float[] x = rig.floats("x");
        float[] w = rig.floats("w");
        float[] dy = rig.floats("dy");
        double[] y = new double[n * k];
        double[] dx = new double[n * c];
        double[] dw = accumulate ? doubles(rig.floats("dw")) : new double[k * c];
        double[] db = accumulate ? doubles(rig.floats("db")) : new double[k];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < k; j++) {
                y[i * k + j] = rig.floats("b")[j];
                db[j] += dy[i * k + j];
                for (int l = 0; l < c; l++) {
                    y[i * k + j] += x[i * c + l] * w[j * c + l];
                    dx[i * c + l] += dy[i * k + j] * w[j * c + l];
                    dw[j * c + l] += dy[i * k + j] * x[i * c + l];
                }
            }
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.linearForward("fc", b.get("y"), b.get("x"), b.get("w"), b.get("b"));
            rec.linearBackwardData("fc", b.get("dx"), b.get("dy"), b.get("w"));
            rec.linearBackwardWeights("fc", b.get("dw"), b.get("db"), b.get("x"), b.get("dy"), accumulate);
        });
        Rig.assertClose("y", y, out.get("y"), 0);
        Rig.assertClose("dx", dx, out.get("dx"), 0);
        Rig.assertClose("dw", dw, out.get("dw"), 0);
        Rig.assertClose("db", db, out.get("db"), 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 33, 40_001})
    void relu(int n) {
        Shape s = Shape.of(n);
        Rig rig = new Rig().random("x", s).random("dy", s).poisoned("y", s).poisoned("dx", s).random("inPlace", s)
                .random("dyInPlace", s);
        double[] y = new double[n];
        double[] dx = new double[n];
        double[] inPlace = new double[n];
        double[] dyInPlace = new double[n];
        for (int i = 0; i < n; i++) {
            y[i] = Math.max(0, rig.floats("x")[i]);
            dx[i] = y[i] > 0 ? rig.floats("dy")[i] : 0;
            inPlace[i] = Math.max(0, rig.floats("inPlace")[i]);
            dyInPlace[i] = y[i] > 0 ? rig.floats("dyInPlace")[i] : 0;
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.reluForward("relu", b.get("y"), b.get("x"));
            rec.reluBackward("relu", b.get("dx"), b.get("dy"), b.get("y"));
            rec.reluForward("relu", b.get("inPlace"), b.get("inPlace"));
            rec.reluBackward("relu", b.get("dyInPlace"), b.get("dyInPlace"), b.get("y"));
        });
        Rig.assertClose("y", y, out.get("y"), 0);
        Rig.assertClose("dx", dx, out.get("dx"), 0);
        Rig.assertClose("inPlace", inPlace, out.get("inPlace"), 0);
        Rig.assertClose("dyInPlace", dyInPlace, out.get("dyInPlace"), 0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "7, 13", "40, 128"})
    void l2Normalize(int n, int d) {
        Shape s = Shape.of(n, d);
        Rig rig = new Rig().random("x", s).random("dy", s).poisoned("y", s).poisoned("norm", Shape.of(n)).poisoned("dx", s);
        double[] y = new double[n * d];
        double[] norm = new double[n];
        double[] dx = new double[n * d];
        java.util.Arrays.fill(rig.floats("x"), 0, d, 0f);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < d; j++) {
                norm[i] += (double) rig.floats("x")[i * d + j] * rig.floats("x")[i * d + j];
            }
            norm[i] = Math.max(Math.sqrt(norm[i]), 1e-12);
            double dot = 0;
            for (int j = 0; j < d; j++) {
                y[i * d + j] = rig.floats("x")[i * d + j] / norm[i];
                dot += y[i * d + j] * rig.floats("dy")[i * d + j];
            }
            for (int j = 0; j < d; j++) {
                dx[i * d + j] = (rig.floats("dy")[i * d + j] - y[i * d + j] * dot) / norm[i];
            }
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.l2NormalizeForward("n", b.get("y"), b.get("norm"), b.get("x"));
            rec.l2NormalizeBackward("n", b.get("dx"), b.get("dy"), b.get("y"), b.get("norm"));
        });
        Rig.assertClose("y", y, out.get("y"), i -> 2 * EPS32 * Math.abs(y[i]));
        Rig.assertClose("norm", norm, out.get("norm"), i -> EPS32 * norm[i]);
        Rig.assertClose("dx", dx, out.get("dx"), i -> 8 * EPS32 * d / norm[i / d]);
    }

    // ---- losses ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 0.1, false", "7, 13, 5, 0.07, true", "33, 1100, 31, 0.2, true", "40, 2049, 128, 0.1, false",
            "16, 64, 16, 1, false"})
    void infoNce(int n, int m, int d, double t, boolean accumulate) {
        Rig rig = new Rig();
        rig.with("q", Shape.of(n, d), unitRows(rig, n, d)).with("k", Shape.of(n, d), unitRows(rig, n, d))
                .with("queue", Shape.of(m, d), unitRows(rig, m, d)).poisoned("dq", Shape.of(n, d));
        // Odd rows: the key is near the query, so that the positive wins. Row 0: the key is also in the queue, a tie.
        for (int i = 1; i < n; i += 2) {
            System.arraycopy(rig.floats("q"), i * d, rig.floats("k"), i * d, d);
        }
        System.arraycopy(rig.floats("q"), 0, rig.floats("k"), 0, d);
        System.arraycopy(rig.floats("q"), 0, rig.floats("queue"), (m - 1) * d, d);
        rig.with("loss", Shape.SCALAR, accumulate ? 3 : Float.NaN).ints("correct", Shape.SCALAR, accumulate ? 5 : -77);
        double loss = 0;
        int correct = 0;
        double[] dq = new double[n * d];
        for (int i = 0; i < n; i++) {
            double[] l = new double[m + 1];
            double max = Double.NEGATIVE_INFINITY;
            boolean wins = true;
            for (int j = 0; j <= m; j++) {
                for (int e = 0; e < d; e++) {
                    l[j] += (double) rig.floats("q")[i * d + e] * key(rig, i, j, d)[key(i, j, d) + e] / t;
                }
                max = Math.max(max, l[j]);
                wins &= l[j] <= l[0];
            }
            double sum = 0;
            for (double v : l) {
                sum += Math.exp(v - max);
            }
            loss += (Math.log(sum) + max - l[0]) / n;
            correct += wins ? 1 : 0;
            for (int j = 0; j <= m; j++) {
                double p = Math.exp(l[j] - max) / sum - (j == 0 ? 1 : 0);
                for (int e = 0; e < d; e++) {
                    dq[i * d + e] += p * key(rig, i, j, d)[key(i, j, d) + e] / (t * n);
                }
            }
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.infoNce("loss", b.get("loss"), b.get("correct"), b.get("dq"),
                b.get("q"), b.get("k"), b.get("queue"), t, accumulate));
        assertEquals(loss + (accumulate ? 3 : 0), out.get("loss").get(0), 8 * EPS32 * (4 + loss + 2 / t));
        assertEquals(correct + (accumulate ? 5 : 0), out.get("correct").ints()[0]);
        // A logit is off by up to 2 D eps / T, a weight by that factor; the keys have unit length.
        Rig.assertClose("dq", dq, out.get("dq"), (2 * d + 40) * EPS32 / t / (t * n));
    }

    private static float[] key(Rig rig, int i, int j, int d) {
        return j == 0 ? rig.floats("k") : rig.floats("queue");
    }

    private static int key(int i, int j, int d) {
        return j == 0 ? i * d : (j - 1) * d;
    }

    private static float[] unitRows(Rig rig, int n, int d) {
        float[] v = rig.normal(n * d, 0, 1);
        for (int i = 0; i < n; i++) {
            double square = 0;
            for (int j = 0; j < d; j++) {
                square += v[i * d + j] * v[i * d + j];
            }
            for (int j = 0; j < d; j++) {
                v[i * d + j] /= (float) Math.sqrt(square);
            }
        }
        return v;
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "7, 10", "33, 128"})
    void softmaxAndCrossEntropy(int n, int k) {
        Shape s = Shape.of(n, k);
        Rig rig = new Rig().random("logits", s, 5, 30).poisoned("p", s).poisoned("dlogits", s).poisoned("loss", Shape.SCALAR)
                .poisonedInts("correct", Shape.SCALAR);
        int[] labels = new int[n];
        double[] p = new double[n * k];
        double[] dlogits = new double[n * k];
        double loss = 0;
        int correct = 0;
        for (int i = 0; i < n; i++) {
            labels[i] = (i * 5 + 1) % k;
            int best = 0;
            for (int j = 1; j < k; j++) {
                best = rig.floats("logits")[i * k + j] > rig.floats("logits")[i * k + best] ? j : best;
            }
            double max = rig.floats("logits")[i * k + best];
            double sum = 0;
            for (int j = 0; j < k; j++) {
                sum += Math.exp(rig.floats("logits")[i * k + j] - max);
            }
            for (int j = 0; j < k; j++) {
                p[i * k + j] = Math.exp(rig.floats("logits")[i * k + j] - max) / sum;
                dlogits[i * k + j] = (p[i * k + j] - (j == labels[i] ? 1 : 0)) / n;
            }
            loss += (Math.log(sum) + max - rig.floats("logits")[i * k + labels[i]]) / n;
            correct += best == labels[i] ? 1 : 0;
        }
        rig.ints("labels", Shape.of(n), labels);
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.softmax("p", b.get("p"), b.get("logits"));
            rec.softmaxCrossEntropy("ce", b.get("loss"), b.get("correct"), b.get("dlogits"), b.get("logits"), b.get("labels"));
        });
        Rig.assertClose("p", p, out.get("p"), i -> 2 * EPS32 * p[i] + Float.MIN_VALUE);
        Rig.assertClose("dlogits", dlogits, out.get("dlogits"), i -> 2 * EPS32 * Math.abs(dlogits[i]) + Float.MIN_VALUE);
        assertEquals(loss, out.get("loss").get(0), 2 * EPS32 * loss);
        assertEquals(correct, out.get("correct").ints()[0]);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void aLabelOutsideGivesANonFiniteLoss(int label) {
        Rig rig = new Rig().random("logits", Shape.of(2, 3)).poisoned("dlogits", Shape.of(2, 3)).with("loss", Shape.SCALAR, 0)
                .ints("correct", Shape.SCALAR, 0).ints("labels", Shape.of(2), 0, label);
        Map<String, HostTensor> out = rig.run((rec, b) ->
                rec.softmaxCrossEntropy("ce", b.get("loss"), b.get("correct"), b.get("dlogits"), b.get("logits"),
                        b.get("labels")));
        assertTrue(!Double.isFinite(out.get("loss").get(0)));
        assertTrue(out.get("correct").ints()[0] <= 1);
    }

    // ---- rows, optimisers, memory --------------------------------------------------------------------------------

    @Test
    void gatherRows() {
        Rig rig = new Rig().random("src", Shape.of(7, 3, 5)).poisoned("dst", Shape.of(33, 3, 5));
        int[] index = new int[33];
        double[] dst = new double[33 * 15];
        for (int i = 0; i < 33; i++) {
            index[i] = i * 3 % 7;
            for (int j = 0; j < 15; j++) {
                dst[i * 15 + j] = rig.floats("src")[index[i] * 15 + j];
            }
        }
        rig.ints("index", Shape.of(33), index);
        Rig.assertClose("dst", dst, rig.run((rec, b) -> rec.gatherRows("g", b.get("dst"), b.get("src"), b.get("index")))
                .get("dst"), 0);
        index[4] = 7;
        assertThrows(IndexOutOfBoundsException.class,
                () -> rig.run((rec, b) -> rec.gatherRows("g", b.get("dst"), b.get("src"), b.get("index"))));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 4, 6})
    void enqueueWrapsAround(int head) {
        Rig rig = new Rig().random("queue", Shape.of(7, 3)).random("keys", Shape.of(5, 3)).ints("head", Shape.SCALAR, head);
        double[] queue = doubles(rig.floats("queue"));
        for (int i = 0; i < 15; i++) {
            queue[(head + i / 3) % 7 * 3 + i % 3] = rig.floats("keys")[i];
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.enqueue("q", b.get("queue"), b.get("head"), b.get("keys")));
        Rig.assertClose("queue", queue, out.get("queue"), 0);
        assertEquals((head + 5) % 7, out.get("head").ints()[0]);
    }

    @ParameterizedTest
    @CsvSource({"1, 0.99", "33, 0.9", "50001, 0.5", "33, 0", "33, 1"})
    void momentumUpdate(int n, double m) {
        Rig rig = new Rig().random("key", Shape.of(n)).random("query", Shape.of(n));
        rig.floats("key")[0] = -0f;
        double[] key = new double[n];
        for (int i = 0; i < n; i++) {
            key[i] = m * rig.floats("key")[i] + (1 - m) * rig.floats("query")[i];
        }
        HostTensor out = rig.run((rec, b) -> rec.momentumUpdate("m", b.get("key"), b.get("query"), m)).get("key");
        if (m == 1) {
            assertTrue(out.bitEquals(HostTensor.of(Shape.of(n), rig.floats("key"))));
        } else if (m == 0) {
            assertTrue(out.bitEquals(HostTensor.of(Shape.of(n), rig.floats("query"))));
        } else {
            Rig.assertClose("key", key, out, i -> 3 * EPS32 * (Math.abs(rig.floats("key")[i])
                    + Math.abs(rig.floats("query")[i])));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 33, 50_001})
    void sgdAndAdam(int n) {
        Shape s = Shape.of(n);
        Rig rig = new Rig().random("w", s).random("dw", s).random("velocity", s).with("lr", Shape.SCALAR, 0.03f)
                .random("wAdam", s).random("m", s).random("v", s).ints("step", Shape.SCALAR, 4);
        double[] w = new double[n];
        double[] velocity = new double[n];
        double[] wAdam = new double[n];
        double[] first = new double[n];
        double[] second = new double[n];
        for (int i = 0; i < n; i++) {
            rig.floats("v")[i] = Math.abs(rig.floats("v")[i]) + 0.01f;
            double g = rig.floats("dw")[i];
            velocity[i] = 0.9 * rig.floats("velocity")[i] + g + 5e-4 * rig.floats("w")[i];
            w[i] = rig.floats("w")[i] - 0.03f * velocity[i];
            g += 0.01 * rig.floats("wAdam")[i];
            first[i] = 0.9 * rig.floats("m")[i] + 0.1 * g;
            second[i] = 0.999 * rig.floats("v")[i] + 0.001 * g * g;
            wAdam[i] = rig.floats("wAdam")[i] - 0.03f / (1 - Math.pow(0.9, 5)) * first[i]
                    / (Math.sqrt(second[i]) / Math.sqrt(1 - Math.pow(0.999, 5)) + 1e-8);
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.sgd("sgd", b.get("w"), b.get("dw"), b.get("velocity"), b.get("lr"), 0.9, 5e-4);
            rec.adam("adam", b.get("wAdam"), b.get("dw"), b.get("m"), b.get("v"), b.get("lr"), b.get("step"), 0.9, 0.999, 1e-8,
                    0.01);
        });
        // Values of order 1 to 5, a handful of roundings each.
        Rig.assertClose("velocity", velocity, out.get("velocity"), 20 * EPS32);
        Rig.assertClose("w", w, out.get("w"), 20 * EPS32);
        Rig.assertClose("m", first, out.get("m"), 20 * EPS32);
        Rig.assertClose("v", second, out.get("v"), 20 * EPS32);
        Rig.assertClose("wAdam", wAdam, out.get("wAdam"), 40 * EPS32);
        assertEquals(5, out.get("step").ints()[0]);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 33, 50_001})
    void fillAndCopy(int n) {
        Shape s = Shape.of(n);
        Rig rig = new Rig().random("src", s).poisoned("dst", s).poisoned("filled", s).poisonedInts("ints", s);
        double[] filled = new double[n];
        java.util.Arrays.fill(filled, 0.1f);
        Map<String, HostTensor> out = rig.run((rec, b) -> {
            rec.copy("copy", b.get("dst"), b.get("src"));
            rec.fill("fill", b.get("filled"), 0.1);
            rec.fill("fill", b.get("ints"), -3);
        });
        assertTrue(out.get("dst").bitEquals(out.get("src")));
        Rig.assertClose("filled", filled, out.get("filled"), 0);
        for (int v : out.get("ints").ints()) {
            assertEquals(-3, v);
        }
    }
}
