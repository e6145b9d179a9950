package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.bench.ProgramWarmUp;
import org.jmoco.bench.WarmUps;
import org.jmoco.data.DataSet;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.TrainingRun;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.FeedOptions;
import org.jmoco.train.LearningRate;
import org.jmoco.train.Pretrained;
import org.jmoco.train.Trainer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * A training in a folder of its own, from the command line to its last checkpoint; what is trained, a command of its own says.
 */
abstract class TrainingCommand<R extends TrainingRun<?>> implements Callable<Integer> {
    @Mixin
    DataOptions data;

    @Mixin
    RunOptions run;

    @Mixin
    TrainOptions train;

    @Mixin
    ScheduleOptions schedule;

    @Spec
    CommandSpec spec;

    private Optional<TrainedRun> trainedBefore = Optional.empty();

    /** How and with what a run is made. */
    record Means(Backend backend, int threads, FeedOptions feed, CheckpointPolicy policy) {}

    /** In the command itself, so that its help ends with them. */
    abstract MachineOptions machine();

    /** What a new run is to be told of what it starts from. */
    Optional<String> remark(Optional<Pretrained> start) {
        return Optional.empty();
    }

    /** The run that this one starts from, once the options are read. */
    final Optional<TrainedRun> trainedBefore() {
        return trainedBefore;
    }

    /** Reads the options. @throws org.jmoco.tensor.UserError for all that can be said against them without any image */
    abstract void configure(Optional<Pretrained> start);

    /**
     * @param say takes lines for the user
     * @return the set that is trained on
     * @throws org.jmoco.tensor.UserError if the images do not suit the training
     */
    DataSet look(DataSet set, Consumer<String> say) {
        return set;
    }

    /** A new run is going to be written down: gives options their resolved values. */
    void resolve() {}

    abstract R open(RunFolder folder, DataSet set, Means means);

    /** Trains to the end. @return what is saved and where, in words */
    abstract String train(R training, DataSet set, Display display, Consumer<String> say);

    private void timeSteps(Trainer trainer, Backend backend) {
        WarmUps warmUps = new WarmUps();
        Program program = trainer.program();
        trainer.printStepTimes(System.out, machine().program.time,
                () -> ProgramWarmUp.run(backend, program, program::run, warmUps));
        warmUps.warning().ifPresent(spec.commandLine().getOut()::println);
    }

    @Override
    public final Integer call() {
        List<String> resumed = OptionRecord.resumed(spec, run);
        if (resumed != null) {
            resumed.add(0, spec.name());
            return spec.commandLine().getParent().execute(resumed.toArray(String[]::new));
        }
        PrintWriter out = spec.commandLine().getOut();
        // What can be said against the options without any image is said before images are read.
        Optional<Pretrained> start = run.start(out::println);
        start.ifPresent(s -> Inherited.from(s, spec));
        if (!run.resume()) {
            start.flatMap(s -> Inherited.otherSplits(s, spec, run.from())).ifPresent(out::println);
            remark(start).ifPresent(out::println);
        }
        CheckpointPolicy policy = schedule.policy();
        FeedOptions feed = machine().images.feed();
        int threads = machine().backend.threads();
        configure(start);
        trainedBefore = start.map(s -> TrainedRun.of(Path.of(run.from()), s));
        if (!run.resume()) {
            trainedBefore.flatMap(t -> Inherited.otherImage(t, spec, data.kind(), views().size())).ifPresent(out::println);
        }
        DataSet set = look(DataSource.single(data, out::println).set(), out::println);
        boolean finished = Files.exists(run.out().resolve("options.json")) && Files.exists(run.out().resolve("result.json"));
        if (finished && !run.resume()) {
            throw UserError.usage("--out " + run.out() + ": holds a finished run already. Take another --out; with --from "
                    + run.out() + " it starts from the weights of that run.");
        }
        if (finished) {
            out.println("note: the run in " + run.out() + " is finished: --resume has nothing left to train; for more"
                    + " take another --out, with --from " + run.out());
        }
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume());
                Backend backend = Backends.open(machine().backend)) {
            if (!folder.resumed()) {
                resolve();
            }
            Map<String, Object> options = OptionRecord.of(spec);
            if (folder.resumed()) {
                OptionRecord.write(folder, options, backend.describe(), threads, spec);
            }
            R training = open(folder, set, new Means(backend, threads, feed, policy));
            training.printHeader(out, options);
            if (machine().program.print) {
                training.trainer().program().print(System.out);
            }
            training.begin(run.resume(), start, out::println);
            if (machine().program.time != null) {
                timeSteps(training.trainer(), backend);
                return 0;
            }
            // Not before all has been checked: a start that fails leaves no run behind that would be in the way of the next.
            if (!folder.resumed()) {
                OptionRecord.write(folder, options, backend.describe(), threads, spec);
            }
            try (Interruption told = Interruption.ofRun(spec.commandLine().getErr(), spec.name(), folder.path())) {
                Display display = new Display(run.progress(), System.err, null, run.tensorBoard());
                out.println(train(training, set, display, out::println));
            }
        }
        return 0;
    }

    /** The views of the data set, in the size of {@code --image}. */
    final ViewRecipe views() {
        ViewRecipe recipe = ViewRecipe.of(data.kind());
        return recipe.withSize(train.image(recipe.size()));
    }

    final LearningRate learningRate() {
        return schedule.learningRate(train.lr(), train.epochs());
    }
}
