package org.jmoco.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Step;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** Lists of problems: those that ship with the program (benchmarks/shapes), files, and those that a training step consists of. */
public final class ShapeLists {
    /** The lists that ship; without a choice all but the one for large images are measured. */
    public static final List<String> SHIPPED = List.of("resnet18-32", "resnet18-64", "resnet18-224", "info-nce", "optimiser");

    /** Operations whose problem strings hold everything that a benchmark needs. */
    private static final Set<String> OF_STEP = Set.of("conv2d_fwd", "conv2d_bwd_data", "conv2d_bwd_w", "batch_norm_fwd",
            "batch_norm_bwd", "linear_fwd", "linear_bwd_data", "linear_bwd_w", "info_nce", "max_pool_fwd", "enqueue");

    private ShapeLists() {
    }

    /**
     * @param name a shipped list or the path of a text file
     * @throws UserError if there is neither
     */
    public static List<Problem> load(String name) {
        return lines(name).stream().map(Problem::parse).toList();
    }

    /** Lines of a list without comments and blanks. */
    static List<String> lines(String name) {
        try (InputStream in = ShapeLists.class.getResourceAsStream("/shapes/" + name + ".txt")) {
            if (in != null) {
                return Problem.lines(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
            return Problem.lines(Files.readString(RegularFile.require(Path.of(name))));
        } catch (IOException e) {
            throw UserError.usage("--shapes " + name + ": neither one of " + SHIPPED + " nor a file that can be read ("
                    + e.getMessage() + ")");
        } catch (UncheckedIOException e) {
            throw UserError.failed("--shapes " + name + ": " + e.getMessage());
        }
    }

    /** Each distinct problem of one MoCo step once, with its multiplicity and the first layer that has it. */
    public static List<Problem> ofStep(ResNet18.Stem stem, int batch, int image, int width, int splits, int queue) {
        Map<String, Problem> distinct = new LinkedHashMap<>();
        try (Backend planning = ReferenceBackend.open(DType.F32, 1)) { // records only, allocates nothing
            MocoConfig config = new MocoConfig(new ResNet18.Config(stem, width, 128, splits), batch, image, queue, 0.99, 0.1,
                    false, 0.9, 5e-4);
            for (Step s : new MocoStep(planning, config).program().steps()) {
                if (OF_STEP.contains(s.op())) {
                    Problem p = Problem.parse(s.op() + " " + s.problem() + " " + s.name());
                    Problem seen = distinct.get(p.shape());
                    distinct.put(p.shape(), seen == null ? p
                            : new Problem(seen.op(), seen.sizes(), seen.flags(), seen.times() + 1, seen.label()));
                }
            }
        }
        return new ArrayList<>(distinct.values());
    }
}
