package org.jmoco.app.golden;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.Json;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** One golden file; its keys tell which case it holds. */
public final class GoldenRun {
    /** Python's json writes numbers that are not finite as no standard allows. */
    private static final ObjectMapper JSON = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    private GoldenRun() {}

    /**
     * Computes everything that the file records and prints one line for each kind of value.
     *
     * @param backend opens a fresh backend; not called by cases that need none
     * @param dtype decides the bounds
     * @return true if all are within their bounds
     * @throws UserError if the file cannot be read, is of no known kind or contradicts itself
     */
    public static boolean run(Path file, Supplier<Backend> backend, DType dtype, PrintWriter out) {
        return run(file, backend, dtype, 0, out);
    }

    /**
     * @param roundoff unit roundoff of the narrowest type that the backend computes in, where that is not {@code dtype}; else 0
     */
    public static boolean run(Path file, Supplier<Backend> backend, DType dtype, double roundoff, PrintWriter out) {
        JsonNode root = read(file);
        GoldenReport report = new GoldenReport(dtype, roundoff);
        try {
            compare(root, file, backend, report);
        } catch (IllegalArgumentException e) {
            // Sizes in the file contradict each other: what was asked to work on them said so.
            throw UserError.failed("golden: " + file + " is damaged: " + e.getMessage(), e);
        }
        return report.print(out, file.getFileName().toString());
    }

    /**
     * Computes nothing: judges the float32 record of another file of the same case, by the bounds of f32.
     *
     * @throws UserError if a file cannot be read, or the two are not of the same MoCo or fine-tune case
     */
    public static boolean judge(Path file, Path other, PrintWriter out) {
        JsonNode root = read(file);
        JsonNode theirs = read(other);
        JsonNode f64 = root.path("float64");
        JsonNode config = f64.path("config");
        if (!config.isObject() || !config.equals(theirs.path("float64").path("config"))) {
            throw UserError.failed("golden: " + file + " and " + other + " are not of one MoCo or fine-tune case: their configs"
                    + " differ; the float64 record of both must have the same one");
        }
        if (!theirs.path("float32").path("steps").isArray()) {
            throw UserError.failed("golden: " + other + " has no float32 record that could be judged");
        }
        GoldenReport report = new GoldenReport(DType.F32);
        try {
            ResNet18.Config network = GoldenModel.config(new CaseConfig(config));
            JsonNode record = TensorRecords.sized(theirs.path("float32"), network);
            if (config.has("symmetric")) {
                MocoGolden.compare(report, record, f64, peer(root, report));
            } else {
                FineTuneGolden.compare(report, record, f64, peer(root, report));
            }
        } catch (IllegalArgumentException e) {
            throw UserError.failed("golden: " + file + " is damaged: " + e.getMessage(), e);
        }
        return report.print(out, file.getFileName() + ", judged: the float32 record of " + other);
    }

    private static void compare(JsonNode root, Path file, Supplier<Backend> backend, GoldenReport report) {
        JsonNode f64 = root.path("float64");
        CaseConfig config = new CaseConfig((f64.has("config") ? f64 : root).path("config"), seeds(file));
        if (config.has("symmetric")) {
            try (Backend b = backend.get()) {
                MocoGolden.compare(report, new MocoSteps(b, config).run(), f64, peer(root, report));
            }
        } else if (config.has("labels") || config.has("betas")) {
            try (Backend b = backend.get()) {
                FineTuneGolden.compare(report, new FineTuneSteps(b, config).run(), f64, peer(root, report));
            }
        } else if (root.has("bank_labels")) {
            KnnGolden.run(root, config, report);
        } else if (root.has("sources") && root.has("cases")) {
            ViewsGolden.run(root, report);
        } else if (root.has("u_examples")) {
            GeneratorGolden.run(root, report);
        } else {
            throw UserError.failed("golden: " + file + " holds none of the known cases (MoCo, fine-tune, kNN, generator, views);"
                    + " its keys are " + String.join(", ", (Iterable<String>) root::fieldNames));
        }
        config.has("parameters"); // a number to compare with, no setting
        if (root.has("float64") || root.has("bank_labels")) {
            config.unread().forEach(key -> report.note("config has \"" + key + "\", which nothing here knows"));
        }
    }

    private static JsonNode peer(JsonNode root, GoldenReport report) {
        if (!root.has("float32")) {
            report.note("no float32 record: bounds in f32 are those of a single rounding");
        }
        return root.path("float32");
    }

    /** Of the streams, from the generator.json in the file's folder, if there is one. */
    private static JsonNode seeds(Path file) {
        Path generator = file.resolveSibling("generator.json");
        return Files.exists(generator) ? read(generator).path("seeds") : MissingNode.getInstance();
    }

    private static JsonNode read(Path file) {
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(RegularFile.require(file)));
            if (!root.isObject() || root.isEmpty()) {
                throw UserError.failed("golden: " + file + " holds no case, it is " + (root.isMissingNode() || root.isObject()
                        ? "empty" : "no object") + "; give the path of a golden .json file");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw UserError.failed("golden: " + file + " is not valid JSON: " + Json.reason(e), e);
        } catch (IOException e) {
            throw UserError.failed("golden: cannot read " + file + " (" + AtomicFile.reason(e)
                    + "); give the path of a golden .json file", e);
        }
    }
}
