package org.jmoco.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * What a run has left in its folder, for reading.
 *
 * @param options, environment, result contents of the files of these names; result is empty while a run has not ended
 * @param curves columns of metrics.csv, the epoch among them
 * @param predictions of the test images, or else of the validation images; null where a run has none
 */
public record StoredRun(Path folder, Map<String, Object> options, Map<String, Object> environment, Map<String, Object> result,
        Map<String, double[]> curves, Predictions predictions) {
    /**
     * What a classifier said of labelled images, by the vote of its last epochs.
     *
     * @param split test or val
     * @param probability N x K
     * @param positive label of the positive class, -1 where there is none
     */
    public record Predictions(String split, List<String> classes, int positive, List<String> images, int[] labels,
            int[] predicted, double[][] probability) {
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Set<String> RESULTS = Set.of("result.json", "predictions.json");

    /** @throws UserError if the folder is none of a run, or a file in it cannot be read */
    public static StoredRun read(Path folder) {
        Path csv = folder.resolve("metrics.csv");
        StoredRun run = readOutcome(folder);
        return new StoredRun(folder, run.options, run.environment, run.result, Files.exists(csv) ? CsvLog.read(csv) : Map.of(),
                run.predictions);
    }

    /** As {@link #read}, without the curves. */
    public static StoredRun readOutcome(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw UserError.usage(folder + (Files.exists(folder)
                    ? ": is a file; give the folder of a run, the --out of pretrain or finetune"
                    : ": there is no such folder; give the --out of pretrain or finetune"));
        }
        if (!Files.isRegularFile(folder.resolve("options.json"))) {
            List<Path> below = runsBelow(folder);
            throw UserError.usage(folder + (below.isEmpty()
                    ? ": holds no options.json, so it is no folder of a run; give the --out of pretrain or finetune"
                    : ": is no folder of a run, but holds " + below.size() + " of them; give " + folder + "/* or some: "
                            + String.join(" ", below.stream().map(Path::toString).toList())));
        }
        Map<String, Object> options = json(folder.resolve("options.json"));
        if (options.isEmpty()) {
            throw UserError.failed(folder.resolve("options.json")
                    + ": names no options, so it is of no run. Restore the file, or give the folder of a run.");
        }
        return new StoredRun(folder, options, environment(folder.resolve("environment.json")),
                json(folder.resolve("result.json")), Map.of(), predictions(folder.resolve("predictions.json")));
    }

    private static List<Path> runsBelow(Path folder) {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(f -> Files.isRegularFile(f.resolve("options.json"))).sorted().toList();
        } catch (IOException e) {
            return List.of(); // not for this user to list
        }
    }

    /** It only informs: of a damaged one the page says so. */
    private static Map<String, Object> environment(Path file) {
        try {
            return json(file);
        } catch (UserError e) {
            return Map.of("environment", "not known, since " + file.getFileName() + " is damaged");
        }
    }

    private static Map<String, Object> json(Path file) {
        if (!Files.exists(file)) {
            return Map.of();
        }
        try {
            JsonNode node = JSON.readTree(RegularFile.require(file).toFile());
            if (node.isArray() && !node.isEmpty()) {
                node = node.get(node.size() - 1); // one environment for each start of the run; the last made the result
            }
            if (!node.isObject()) {
                throw new IllegalArgumentException("found " + node.getNodeType() + " in place of an object");
            }
            if (node.isEmpty() && RESULTS.contains(file.getFileName().toString())) {
                throw new IllegalArgumentException("it names no result");
            }
            return JSON.convertValue(node, new TypeReference<LinkedHashMap<String, Object>>() { });
        } catch (IOException | IllegalArgumentException e) {
            String why = e instanceof JsonProcessingException j ? Json.reason(j)
                    : e.getMessage().lines().findFirst().orElse("");
            throw UserError.failed(file + ": is no JSON that a run writes, or cannot be read (" + why
                    + "). " + cure(file));
        }
    }

    private static Predictions predictions(Path file) {
        Map<String, Object> all = json(file);
        String split = all.containsKey("test") ? "test" : "val";
        if (!all.containsKey(split)) {
            return null;
        }
        try {
            Map<?, ?> said = (Map<?, ?>) all.get(split);
            Map<?, ?> vote = (Map<?, ?>) said.get("vote");
            return new Predictions(split, JSON.convertValue(all.get("classes"), new TypeReference<List<String>>() { }),
                    ((Number) all.getOrDefault("positive", -1)).intValue(),
                    JSON.convertValue(said.get("images"), new TypeReference<List<String>>() { }),
                    JSON.convertValue(said.get("labels"), int[].class), JSON.convertValue(vote.get("predicted"), int[].class),
                    JSON.convertValue(vote.get("probability"), double[][].class));
        } catch (RuntimeException e) { // whatever a file of another version lacks
            throw UserError.failed(file + ": is not what this version writes ("
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + "). " + cure(file));
        }
    }

    /** A run that goes on writes at its end what came out. */
    private static String cure(Path file) {
        return RESULTS.contains(file.getFileName().toString())
                ? "Restore the file, or go on with the run (--resume), which writes it anew."
                : "Restore the file, or run the training anew in another folder.";
    }

    /** The folder's name. */
    public String name() {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    /** True of a linear probe that has ended. */
    public boolean frozen() {
        return result.containsKey("frozen");
    }

    /** True of a run that learns without labels: it has a queue. */
    boolean pretraining() {
        return result.containsKey("guessing") || queue() != null;
    }

    /** Loss of guessing of a pretraining, ln(M + 1) for a queue of M keys; NaN of other runs. */
    double guessing() {
        if (result.get("guessing") instanceof Number n) {
            return n.doubleValue();
        }
        String queue = queue() == null ? "" : queue().toString();
        return queue.matches("[0-9]{1,9}") ? Math.log(Integer.parseInt(queue) + 1.0) : Double.NaN;
    }

    /** As the command line or a recipe's stage names it. */
    private Object queue() {
        return options.getOrDefault("--queue", options.get("queue"));
    }

    /** A figure of the result, as in {@code figure("test", "vote", "AUC", "low")}; NaN where there is none. */
    public double figure(String... path) {
        Object at = result;
        for (String p : path) {
            at = at instanceof Map<?, ?> m ? m.get(p) : null;
        }
        return at instanceof Number n ? n.doubleValue() : Double.NaN;
    }

    /** Points of the receiver operating characteristic: {false positive rates, true positive rates}, thresholds falling. */
    static double[][] roc(int[] labels, double[][] probability, int positive) {
        Integer[] order = new Integer[labels.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(probability[b][positive], probability[a][positive]));
        long positives = Arrays.stream(labels).filter(l -> l == positive).count();
        long negatives = labels.length - positives;
        double[][] points = new double[2][labels.length + 1];
        int n = 1;
        int hits = 0;
        int misses = 0;
        for (int i = 0; i < order.length; i++) {
            hits += labels[order[i]] == positive ? 1 : 0;
            misses += labels[order[i]] == positive ? 0 : 1;
            boolean tied = i + 1 < order.length && probability[order[i + 1]][positive] == probability[order[i]][positive];
            if (!tied) { // images of equal score cannot be told apart: one step for all of them
                points[0][n] = (double) misses / Math.max(1, negatives);
                points[1][n++] = (double) hits / Math.max(1, positives);
            }
        }
        return new double[][] {Arrays.copyOf(points[0], n), Arrays.copyOf(points[1], n)};
    }
}
