package org.jmoco.app;

import org.jmoco.encoder.ResNet18;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Model.CommandSpec;

/** What a network that a run starts from decides: its width and stem, unless they are typed. */
final class Inherited {
    private Inherited() {}

    /** Gives the options their values, before anything reads them; they are recorded as if they had been typed. */
    static void from(Pretrained start, CommandSpec spec) {
        ResNet18.Config network = start.architecture(1);
        set(spec, "--width", network.width());
        set(spec, "--stem", network.stem());
    }

    private static <T> void set(CommandSpec spec, String option, T value) {
        if (!spec.commandLine().getParseResult().hasMatchedOption(option)) {
            spec.findOption(option).setValue(value);
        }
    }
}
