package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class WeightedKnnTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The rule as it stands in the class comment, by sorting all rows. */
    private static WeightedKnn.Result naive(
            double[] bank, int[] labels, double[] queries, int dim, int classes, int k, double t) {
        int n = queries.length / dim;
        WeightedKnn.Result out = new WeightedKnn.Result(new int[n], new double[n][classes], new int[n][]);
        for (int q = 0; q < n; q++) {
            double[] s = new double[labels.length];
            for (int r = 0; r < s.length; r++) {
                for (int d = 0; d < dim; d++) {
                    s[r] = Math.fma(queries[q * dim + d], bank[r * dim + d], s[r]);
                }
            }
            // The sort is stable, so that equal similarities stay in the order of rows.
            out.neighbours()[q] = IntStream.range(0, s.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(r -> -s[r]))
                    .limit(k)
                    .mapToInt(Integer::intValue)
                    .toArray();
            double[] scores = out.scores()[q];
            for (int r : out.neighbours()[q]) {
                scores[labels[r]] += StrictMath.exp(s[r] / t);
            }
            for (int c = 1; c < classes; c++) {
                if (scores[c] > scores[out.predicted()[q]]) {
                    out.predicted()[q] = c;
                }
            }
        }
        return out;
    }

    /** Every sum is made in the same order as in the naive rule, so not a bit may differ, at sizes that fill no tile. */
    @Test
    void equalsTheNaiveRuleBitForBit() {
        for (int rows : new int[] {1, 7, 31, 255, 300}) {
            for (int n : new int[] {1, 5, 70}) {
                for (int dim : new int[] {1, 13, 33}) {
                    Philox p = new Philox(3, Philox.Purpose.TEST, rows, dim * 100 + n);
                    // Few distinct values, so that many similarities are equal.
                    double[] bank = random(p, rows * dim);
                    double[] queries = random(p, n * dim);
                    int[] labels = labels(p, rows, 4);
                    int k = Math.max(1, rows / 3);
                    WeightedKnn.Result expected = naive(bank, labels, queries, dim, 4, k, 0.1);
                    for (int threads : new int[] {1, 3}) {
                        assertSame(expected, new WeightedKnn(bank, labels, dim, 4, k, 0.1).classify(queries, threads));
                    }
                }
            }
        }
    }

    @Test
    void equalScoresGoToTheLowerClassAndEqualSimilaritiesToTheLowerRow() {
        double[] bank = {1, 1, 1, 1};
        WeightedKnn.Result r = new WeightedKnn(bank, new int[] {2, 1, 0, 0}, 1, 3, 2, 1).classify(new double[] {1}, 1);
        assertArrayEquals(new int[] {0, 1}, r.neighbours()[0]);
        assertEquals(1, r.predicted()[0]);
        assertEquals(0, r.accuracy(new int[] {2}));
        assertEquals(1, r.accuracy(new int[] {1}));
    }

    /** The sum of k terms of exp(s / t), each off by (|s| / t) ulp or so: 20 * 10 * 2^-53 is 2e-14. */
    @Test
    void meetsTheGoldenValues() throws IOException {
        Path golden = Path.of("../shared/golden");
        Assumptions.assumeTrue(Files.exists(golden.resolve("knn.json")), "not run: ../shared/golden/knn.json is not there");
        JsonNode knn = JSON.readTree(golden.resolve("knn.json").toFile());
        JsonNode seeds = JSON.readTree(golden.resolve("generator.json").toFile()).get("seeds");
        JsonNode config = knn.get("config");
        int rows = config.get("bank").intValue();
        int dim = config.get("dim").intValue();
        int classes = config.get("classes").intValue();
        int queries = config.get("queries").intValue();
        double[] u = stream(seeds.get("knn_label").longValue(), rows);
        int[] labels = Arrays.stream(u).mapToInt(x -> (int) Math.floor((x + 1) / 2 * classes)).toArray();
        assertArrayEquals(JSON.convertValue(knn.get("bank_labels"), int[].class), labels);
        double[] centre = stream(seeds.get("knn_centre").longValue(), classes * dim);
        double[] bank = features(stream(seeds.get("knn_bank").longValue(), rows * dim), centre, labels, dim);
        int[] queryClass = IntStream.range(0, queries).map(j -> j % classes).toArray();
        double[] query = features(stream(seeds.get("knn_query").longValue(), queries * dim), centre, queryClass, dim);

        int k = config.get("k").intValue();
        double t = config.get("t").doubleValue();
        WeightedKnn.Result r = new WeightedKnn(bank, labels, dim, classes, k, t).classify(query, 2);
        assertArrayEquals(JSON.convertValue(knn.get("predicted"), int[].class), r.predicted());
        assertEquals(knn.get("top1_accuracy").doubleValue(), r.accuracy(queryClass));
        for (int q = 0; q < queries; q++) {
            for (int c = 0; c < classes; c++) {
                double expected = knn.get("scores").get(q).get(c).doubleValue();
                assertEquals(expected, r.scores()[q][c], 1e-12 * expected, "query " + q + " class " + c);
            }
            int[] first = JSON.convertValue(knn.get("neighbours_first").get(q), int[].class);
            assertArrayEquals(first, Arrays.copyOf(r.neighbours()[q], first.length), "query " + q);
        }

        float[] bank32 = narrow(bank);
        WeightedKnn.Result r32 = new WeightedKnn(bank32, labels, dim, classes, k, t).classify(narrow(query), 2);
        assertArrayEquals(r.predicted(), r32.predicted());
    }

    @Test
    void refusesWhatCannotBe() {
        int[] labels = {0, 1};
        double[] bank = {1, 0, 0, 1};
        assertMessage("knn: k = 3 neighbours of a bank of 2 images", () -> new WeightedKnn(bank, labels, 2, 2, 3, 0.1));
        assertMessage("knn: k = 0", () -> new WeightedKnn(bank, labels, 2, 2, 0, 0.1));
        assertMessage("knn: temperature 0.0;", () -> new WeightedKnn(bank, labels, 2, 2, 1, 0));
        assertMessage("knn: temperature NaN;", () -> new WeightedKnn(bank, labels, 2, 2, 1, Double.NaN));
        assertMessage(
                "knn: feature 1 of bank image 1 is NaN",
                () -> new WeightedKnn(new double[] {1, 0, 0, Double.NaN}, labels, 2, 2, 1, 0.1));
        WeightedKnn knn = new WeightedKnn(bank, labels, 2, 2, 1, 0.1);
        assertMessage("knn: feature 0 of query image 0 is Infinity", () -> knn.classify(new double[] {1 / 0.0, 0}, 1));
        assertThrows(IllegalArgumentException.class, () -> knn.classify(new double[] {1}, 1));
        assertThrows(IllegalArgumentException.class, () -> new WeightedKnn(bank, new int[] {0, 2}, 2, 2, 1, 0.1));
    }

    private static void assertMessage(String start, org.junit.jupiter.api.function.Executable e) {
        String message = assertThrows(UserError.class, e).getMessage();
        assertTrue(message.startsWith(start), message);
    }

    private static void assertSame(WeightedKnn.Result expected, WeightedKnn.Result found) {
        for (int q = 0; q < expected.predicted().length; q++) {
            assertArrayEquals(expected.neighbours()[q], found.neighbours()[q], "query " + q);
            assertArrayEquals(expected.scores()[q], found.scores()[q], "query " + q);
        }
        assertArrayEquals(expected.predicted(), found.predicted());
    }

    private static double[] random(Philox p, int n) {
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = p.nextInt(5) / 7.0 - 0.3;
        }
        return out;
    }

    private static int[] labels(Philox p, int n, int classes) {
        return IntStream.range(0, n).map(i -> p.nextInt(classes)).toArray();
    }

    /** normalise(u + 0.25 centre[class]), as ../shared/golden/README.md has it. */
    private static double[] features(double[] u, double[] centre, int[] classOf, int dim) {
        for (int r = 0; r < classOf.length; r++) {
            double sum = 0;
            for (int d = 0; d < dim; d++) {
                u[r * dim + d] += 0.25 * centre[classOf[r] * dim + d];
                sum += u[r * dim + d] * u[r * dim + d];
            }
            for (int d = 0; d < dim; d++) {
                u[r * dim + d] /= Math.sqrt(sum);
            }
        }
        return u;
    }

    private static float[] narrow(double[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
        }
        return out;
    }

    /** u(seed, i) of ../shared/golden/README.md. */
    private static double[] stream(long seed, int n) {
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            long z = seed + i + 0x9E3779B97F4A7C15L;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z = z ^ (z >>> 31);
            out[i] = (z >>> 40) / 0x1p24 * 2 - 1;
        }
        return out;
    }
}
