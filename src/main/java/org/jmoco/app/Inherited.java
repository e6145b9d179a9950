package org.jmoco.app;

import java.util.Optional;
import org.jmoco.encoder.ResNet18;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What a network that a run starts from decides: its width and stem, unless they are typed. */
final class Inherited {
    private Inherited() {}

    /** Gives the options their values, before anything reads them; they are recorded as if they had been typed. */
    static void from(Pretrained start, CommandSpec spec) {
        ResNet18.Config network = start.architecture(1);
        set(spec, "--width", network.width());
        set(spec, "--stem", network.stem());
    }

    /** A line for the user where a network that is trained further was trained with another number of batch norm groups. */
    static Optional<String> otherSplits(Pretrained start, CommandSpec spec, String from) {
        String own = start.metadata().get("run.--splits");
        String here = spec.findOption("--splits").getValue().toString();
        OptionSpec freeze = spec.findOption("--freeze");
        boolean frozen = freeze != null && Boolean.TRUE.equals(freeze.getValue()); // its statistics are the stored ones
        return own == null || own.equals(here) || frozen || spec.commandLine().getParseResult().hasMatchedOption("--splits")
                ? Optional.empty()
                : Optional.of("note: " + from + " was trained with --splits " + own + ", this run has --splits " + here
                        + ", the default: unlike width and stem it does not come with --from");
    }

    /** A line for the user where a network saw images of the same kind in another size. @param size of this run's images */
    static Optional<String> otherImage(TrainedRun start, CommandSpec spec, String kind, int size) {
        return start.image().filter(own -> own != size && start.kind().equals(kind)
                        && !spec.commandLine().getParseResult().hasMatchedOption("--image"))
                .map(own -> "note: " + start.from() + " was trained with --image " + own + ", this run has --image " + size
                        + ", the default: unlike width and stem it does not come with --from");
    }

    private static <T> void set(CommandSpec spec, String option, T value) {
        if (!spec.commandLine().getParseResult().hasMatchedOption(option)) {
            spec.findOption(option).setValue(value);
        }
    }
}
