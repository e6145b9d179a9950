package org.jmoco.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * What a recipe has left in its folder, for reading.
 *
 * @param run    options and environment of the whole
 * @param all    results.json
 * @param stages the pretrainings in order
 * @param rows   empty where the recipe was run without transfer
 */
public record StoredComparison(StoredRun run, JsonNode all, List<Stage> stages, List<Row> rows) {
    public static final String FILE = "results.json";
    public static final String RECIPE = "recipe.yaml";

    /** A pretraining. @param run its folder */
    record Stage(JsonNode json, StoredRun run) {
        /** {@code CIFAR-10 + LUNA}. */
        String label() {
            return json.path("label").asText();
        }
    }

    /**
     * A row of the table.
     *
     * @param seeds the folder of each seed's transfer
     * @param votes what the vote of each says of the held-out images
     */
    public record Row(JsonNode json, List<StoredRun> seeds, List<StoredRun.Predictions> votes) {
        /** The chain: {@code CIFAR-10 + LUNA}, {@code random start}. */
        String chain() {
            return json.path("label").asText();
        }

        String name() {
            return json.path("name").asText();
        }
    }

    /** A row by the name that the recipe gives it, with its chain: {@code pretrained (slices)}. */
    public static String label(String name, String chain) {
        return chain.equals(name) || chain.startsWith(name + " ") ? chain : name + " (" + chain + ")";
    }

    /** @see #label(String, String) */
    public static String label(Row row) {
        return label(row.name(), row.chain());
    }

    /** A pretraining by its chain, without its seed; with the stages' names where another chain reads the same. */
    String label(Stage stage) {
        boolean alone = stages.stream().filter(s -> s.label().equals(stage.label()))
                .allMatch(s -> s.json.path("chain").equals(stage.json.path("chain")));
        return alone ? stage.label() : stage.label() + " (" + String.join(" + ", texts(stage.json.path("chain"))) + ")";
    }

    /** True if the folder is one of {@code jmoco run}. */
    public static boolean isOne(Path folder) {
        return Files.exists(folder.resolve(RECIPE));
    }

    /** @throws UserError if the recipe has not ended, or a folder that it names is gone */
    public static StoredComparison read(Path folder) {
        if (!Files.exists(folder.resolve(FILE))) {
            throw UserError.failed(folder + ": the recipe has not ended, so there is no " + FILE
                    + "; go on with the command that started it, or give the folders of single runs below encoders and"
                    + " transfers");
        }
        JsonNode all = Json.read(folder.resolve(FILE));
        List<Stage> stages = new ArrayList<>();
        all.path("stages").forEach(s -> stages.add(new Stage(s, StoredRun.read(folder.resolve(s.path("folder").asText())))));
        List<Row> rows = new ArrayList<>();
        for (JsonNode row : all.path("rows")) {
            List<StoredRun> seeds = new ArrayList<>();
            row.path("seeds").forEach(s -> seeds.add(StoredRun.read(folder.resolve(s.path("folder").asText()))));
            rows.add(new Row(row, seeds, seeds.stream().map(StoredRun::predictions).toList()));
        }
        return new StoredComparison(StoredRun.read(folder), all, stages, rows);
    }

    public Path folder() {
        return run.folder();
    }

    String title() {
        return all.path("title").asText() + " (" + all.path("settings").asText() + ")";
    }

    /** The folder's name and the title; the title alone where that is the name. */
    String namedTitle() {
        return all.path("title").asText().equals(run.name()) ? title() : run.name() + ": " + title();
    }

    /** The recipe as it was run. */
    String recipe() {
        try {
            return Files.readString(RegularFile.require(folder().resolve(RECIPE)));
        } catch (IOException e) {
            throw UserError.failed(folder().resolve(RECIPE) + ": cannot be read (" + e.getMessage() + ")");
        }
    }

    List<String> texts(String pointer) {
        return texts(all.at(pointer));
    }

    private static List<String> texts(JsonNode list) {
        List<String> out = new ArrayList<>();
        list.forEach(n -> out.add(n.asText()));
        return out;
    }

    /** Label of the positive class, -1 where there is none. */
    int positive() {
        return all.at("/test/positive").asInt(-1);
    }

    /** The mean over runs of a column at equal epochs: {epochs, values}; null where no run has it. */
    static double[][] meanCurve(List<StoredRun> runs, String column) {
        Map<Double, double[]> sums = new LinkedHashMap<>(); // by epoch: sum, number
        for (StoredRun r : runs) {
            double[][] points = Charts.finite(r.curves().getOrDefault(CsvLog.EPOCH, new double[0]),
                    r.curves().getOrDefault(column, new double[0]));
            for (int i = 0; i < points[0].length; i++) {
                double[] s = sums.computeIfAbsent(points[0][i], e -> new double[2]);
                s[0] += points[1][i];
                s[1]++;
            }
        }
        if (sums.isEmpty()) {
            return null;
        }
        return new double[][] {sums.keySet().stream().mapToDouble(e -> e).toArray(),
                sums.values().stream().mapToDouble(s -> s[0] / s[1]).toArray()};
    }

    /**
     * The mean of several ROC curves at equal false positive rates, so that the area below it is the mean of the areas (up to the
     * grid).
     *
     * @param curves each as {@link StoredRun#roc} gives it
     */
    static double[][] meanRoc(List<double[][]> curves) {
        int steps = 200;
        double[][] mean = new double[2][steps + 2];
        for (int g = 0; g <= steps; g++) {
            double x = (double) g / steps;
            mean[0][g + 1] = x;
            for (double[][] c : curves) {
                mean[1][g + 1] += at(c, x) / curves.size();
            }
        }
        return mean; // begins at 0, 0
    }

    /** The highest point of a curve at x; between points, a straight line. */
    private static double at(double[][] curve, double x) {
        int i = 0;
        while (i + 1 < curve[0].length && curve[0][i + 1] <= x) {
            i++;
        }
        if (i + 1 == curve[0].length) {
            return curve[1][i];
        }
        double part = (x - curve[0][i]) / (curve[0][i + 1] - curve[0][i]);
        return curve[1][i] + part * (curve[1][i + 1] - curve[1][i]);
    }
}
