package org.jmoco.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.tensor.UserError;
import org.jmoco.train.SeedSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code jmoco demo}: the main job in small, on phantoms. It runs the very commands that a user would type (and prints them):
 * pretraining without labels, then transfer on few labelled images from random and from pretrained weights, over three seeds.
 */
@Command(name = "demo", description = "The main job in small, without any data: pretrain on unlabelled phantoms, then learn a"
        + " diagnosis from few labelled ones, from random and from pretrained weights, over three seeds.")
final class DemoCommand implements Callable<Integer> {
    private static final int SEEDS = 3;
    private static final List<String> METRICS = List.of("AUC", "accuracy", "F1");

    @Option(names = "--quick", description =
            "Fewer epochs: under a minute on two cores. Shows that everything works, not that it learns.")
    private boolean quick;

    @Option(names = "--out", defaultValue = "runs/demo", paramLabel = "DIR",
            description = "Folder of the runs; an earlier demo there is replaced (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Mixin
    private BackendOptions backend;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter print = spec.commandLine().getOut();
        long start = System.nanoTime();
        DemoFolder.replace(out);
        print.println("Demo on phantom images (made by the program, not patients)."
                + (quick ? " Quick: too short to learn much." : ""));
        Path encoder = out.resolve("pretrain");
        // Small batches, so that there are enough steps (1240); a short queue, so that its keys are not told by their age.
        run(print, encoder, "pretrain", "--epochs", quick ? "2" : "20", "--batch", "32", "--lr", "0.03", "--width",
                width(), "--splits", "4", "--queue", "256", "--knn-every", quick ? "2" : "10");
        Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();
        for (String from : new String[] {RunOptions.RANDOM, encoder.toString()}) {
            String row = from.equals(RunOptions.RANDOM) ? "random start" : "MoCo start";
            for (int seed = 1; seed <= SEEDS; seed++) {
                Path folder = out.resolve((row + " " + seed).replace(' ', '-').toLowerCase(Locale.ROOT));
                run(print, folder, "finetune", "--progress", "none", "--from", from, "--seed", Integer.toString(seed), "--epochs",
                        quick ? "2" : "12",
                        "--vote", quick ? "1" : "10", "--batch", "32", "--lr", "0.001", "--width", width(), "--splits", "4");
                JsonNode figures = read(folder.resolve("result.json")).at("/test/vote");
                print.printf(Locale.ROOT, "%s, seed %d: test AUC %.4f [%.4f, %.4f]%n", row, seed,
                        figures.at("/AUC/value").asDouble(),
                        figures.at("/AUC/low").asDouble(), figures.at("/AUC/high").asDouble());
                for (String m : METRICS) {
                    rows.computeIfAbsent(row, r -> new LinkedHashMap<>()).computeIfAbsent(m, x -> new ArrayList<>())
                            .add(figures.path(m).path("value").asDouble());
                }
            }
        }
        print.println();
        print.println("Phantom test set, vote of the last epochs, " + SEEDS
                + " seeds: mean, deviation, 95 % interval of the mean");
        table(print, rows);
        print.printf(Locale.ROOT, "%nRuns with checkpoints, metrics.csv and curves.png: %s%n%.0f s in all.%n", out,
                (System.nanoTime() - start) * 1e-9);
        Path best = out.resolve("moco-start-1");
        print.println("Next: ./jmoco evaluate --from " + best + "\n      ./jmoco report " + out.resolve("random-start-?") + " "
                + out.resolve("moco-start-?") + " --data phantom --out " + out.resolve("report.html"));
        return 0;
    }

    private String width() {
        return quick ? "8" : "16";
    }

    /** Runs a command line; what it prints goes to log.txt beside its results. */
    private void run(PrintWriter print, Path folder, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--out", folder.toString()));
        all.addAll(backend.typed(spec));
        print.println();
        print.println("$ ./jmoco " + String.join(" ", all));
        Path log = out.resolve(folder.getFileName() + ".log");
        int code;
        try (PrintWriter writer = new PrintWriter(Files.newBufferedWriter(log))) {
            code = Main.run(writer, spec.commandLine().getErr(), all.toArray(String[]::new));
        } catch (IOException e) {
            throw UserError.failed(log + ": cannot be written: " + e.getMessage(), e);
        }
        if (code != 0) {
            throw UserError.failed("demo: the command above failed; see its message and " + log);
        }
    }

    private static JsonNode read(Path file) {
        try {
            return new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static void table(PrintWriter print, Map<String, Map<String, List<Double>>> rows) {
        print.printf("%-14s", "");
        METRICS.forEach(m -> print.printf("%-34s", m));
        print.println();
        rows.forEach((row, metrics) -> {
            print.printf("%-14s", row);
            METRICS.forEach(m -> {
                SeedSummary s = SeedSummary.of(metrics.get(m).stream().mapToDouble(Double::doubleValue).toArray());
                print.printf(Locale.ROOT, "%-34s",
                        String.format(Locale.ROOT, "%.4f +- %.4f [%.4f, %.4f]", s.mean(), s.deviation(), s.low(), s.high()));
            });
            print.println();
        });
    }
}
