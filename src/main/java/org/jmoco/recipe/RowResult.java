package org.jmoco.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jmoco.data.DataSet;
import org.jmoco.report.Json;
import org.jmoco.report.StoredComparison;
import org.jmoco.run.FinetuneRun;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;
import org.jmoco.train.SeedMetrics;

/**
 * What a row's seeds said of the test images.
 *
 * @param chain     {@code CIFAR-10 + LUNA}
 * @param votes     what each seed's vote says, in the order of the seeds
 * @param ours      figures of the positive class
 * @param published the same with the class as positive that published figures speak of; null where that is the same
 */
record RowResult(Row row, String chain, List<Seed> seeds, List<Outcome> votes, SeedMetrics ours, SeedMetrics published) {
    /** @param from checkpoint that the seed started from, or random */
    record Seed(int seed, Path folder, String from, double seconds, Outcome vote, Outcome last) {}

    static RowResult of(Row row, String chain, List<Plan.Transfer> transfers, List<StageFolder.Finished> finished, String split,
            int positive, int publishedPositive, Metrics.Bootstrap bootstrap) {
        List<Seed> seeds = new ArrayList<>();
        for (int i = 0; i < transfers.size(); i++) {
            StageFolder.Finished f = finished.get(i);
            JsonNode said = Json.read(f.folder().resolve(FinetuneRun.PREDICTIONS)).path(split);
            seeds.add(new Seed(transfers.get(i).seed(), f.folder(), f.result().path("from").asText(), f.seconds(),
                    outcome(said, "vote"), outcome(said, "last")));
        }
        List<Outcome> votes = seeds.stream().map(Seed::vote).toList();
        return new RowResult(row, chain, seeds, votes, SeedMetrics.of(positive, votes, bootstrap),
                publishedPositive == positive ? null : SeedMetrics.of(publishedPositive, votes, bootstrap));
    }

    /** The row's own name with its chain, {@code target (CIFAR-10 + COVID-CT)}. */
    String label() {
        return StoredComparison.label(row.name(), chain);
    }

    /** A note if networks of the row say the same class of every image. */
    Optional<String> oneClass() {
        long such = votes.stream().filter(v -> v.onlyClass().isPresent()).count();
        return such == 0 ? Optional.empty()
                : Optional.of("note: " + label() + ": " + such + " of " + votes.size()
                        + (votes.size() == 1 ? " seed says" : " seeds"
                        + (such == 1 ? " says" : " say")) + " one class of every test image, so accuracy and F1 tell only how"
                        + " many are of it; the AUC still tells whether the classes are told apart");
    }

    private static Outcome outcome(JsonNode split, String which) {
        JsonNode said = split.path(which);
        int n = split.path("labels").size();
        int[] labels = new int[n];
        int[] predicted = new int[n];
        double[][] probability = new double[n][];
        for (int i = 0; i < n; i++) {
            labels[i] = split.path("labels").get(i).asInt();
            predicted[i] = said.path("predicted").get(i).asInt();
            JsonNode p = said.path("probability").get(i);
            probability[i] = new double[p.size()];
            for (int k = 0; k < probability[i].length; k++) {
                probability[i][k] = p.get(k).asDouble();
            }
        }
        return new Outcome(labels, predicted, probability);
    }

    /** The split that rows are judged on. */
    static String judged(DataSet set) {
        return set.has(DataSet.TEST) ? DataSet.TEST : DataSet.VAL;
    }
}
