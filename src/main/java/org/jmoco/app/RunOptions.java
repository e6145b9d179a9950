package org.jmoco.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Option;

/** A run of its own folder: where it writes, what it starts from, how it shows its progress. */
final class RunOptions {
    /** What {@code --from} takes for a start without trained weights. */
    static final String RANDOM = "random";

    /** What {@code --from} takes as trained weights: see {@link Pretrained#load}. */
    static final String WEIGHTS = "the folder of a run, a .safetensors file,"
            + " or one of PyTorch (.pth, .pt, .pth.tar, .ckpt, .bin)";

    @Option(names = "--out", paramLabel = "DIR",
            description = "Folder of the run: checkpoints, metrics.csv, options, plots (default: ${DEFAULT-VALUE}).",
            defaultValue = "runs/${COMMAND-NAME}")
    private Path out;

    @Option(names = "--resume",
            description = "Continue the run in --out where its last checkpoint stands (default: start anew).")
    private boolean resume;

    @Option(names = "--from", paramLabel = "RUN|FILE|random", defaultValue = RANDOM,
            description = "Weights to start from: " + WEIGHTS + "; or random (default: ${DEFAULT-VALUE}).")
    private String from;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Seed of all randomness; the same seed gives the same run (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--progress", paramLabel = "HOW", defaultValue = "auto",
            description = "auto, bar, plain or none (default: ${DEFAULT-VALUE}, a bar on a terminal and plain lines otherwise).")
    private Progress.Mode progress;

    @Option(names = "--tensorboard",
            description = "Also write scalars for TensorBoard into the folder tensorboard of the run (default: no).")
    private boolean tensorBoard;

    Path out() {
        return out;
    }

    boolean resume() {
        return resume;
    }

    /**
     * Weights to start from, empty for random ones. A run that goes on has them in its own checkpoint: what {@code --from} named
     * then may be gone.
     *
     * @param say told of a damaged checkpoint, which is set aside
     * @throws UserError if what {@code --from} names is needed and does not exist
     */
    Optional<Pretrained> start(Consumer<String> say) {
        if (resume && !from.equals(RANDOM)) {
            CheckpointStore own = CheckpointStore.forReading(out);
            if (!own.files().isEmpty()) {
                return own.loadLatest(CheckpointStore.OnDamage.USE_PREVIOUS, say).map(Pretrained::of);
            }
        }
        return existing(from).map(Pretrained::load);
    }

    /** For the record: what {@code --from} names. */
    String from() {
        return Path.of(from).toString();
    }

    /** Empty for {@code random}. @throws UserError if the run or file does not exist */
    static Optional<Path> existing(String from) {
        if (from.equals(RANDOM)) {
            return Optional.empty();
        }
        Path path = Path.of(from);
        if (!Files.exists(path)) {
            throw UserError.failed("--from " + from
                    + ": no such run or file; give " + WEIGHTS + "; or random");
        }
        return Optional.of(path);
    }

    long seed() {
        return seed;
    }

    Progress.Mode progress() {
        return progress;
    }

    boolean tensorBoard() {
        return tensorBoard;
    }
}
