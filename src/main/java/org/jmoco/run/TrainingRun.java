package org.jmoco.run;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jmoco.backend.Backend;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.data.DataSet;
import org.jmoco.report.RunFolder;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.Pretrained;
import org.jmoco.train.RunOutput;
import org.jmoco.train.Trainer;

/**
 * One training in its folder. In this order: construct (all memory is allocated), {@link #printHeader}, {@link #begin}, then
 * {@code train} of the kind of run. The backend serves this run alone.
 */
public abstract class TrainingRun<T extends Trainer> {
    final RunFolder folder;
    final Backend backend;
    final DataSet set;
    final CheckpointStore store;
    final T trainer;
    private final RunRecorder[] recorder = new RunRecorder[1];

    /** @param trainer made of where its output goes */
    TrainingRun(RunFolder folder, Backend backend, DataSet set, CheckpointPolicy policy, Function<RunOutput, T> trainer) {
        this.folder = folder;
        this.backend = backend;
        this.set = set;
        store = folder.checkpoints();
        this.trainer = trainer.apply(new RunOutput(store, policy, new LateListener(recorder)));
        backend.allocate();
    }

    public T trainer() {
        return trainer;
    }

    /** Options, device, data, network, memory, and what is to be known before step 0. */
    public abstract void printHeader(PrintWriter out, Map<String, Object> options);

    /** What makes this run worth less than it looks, one line each. */
    public abstract List<String> warnings();

    /**
     * Goes on with what the folder holds if {@code resume}, or else starts.
     *
     * @param start weights to start from, empty for random ones
     */
    public void begin(boolean resume, Optional<Pretrained> start, Consumer<String> say) {
        Optional<Checkpoint> last = resume ? store.loadLatest(CheckpointStore.OnDamage.USE_PREVIOUS, say) : Optional.empty();
        if (last.isPresent()) {
            List<String> remarks = trainer.resume(last.get());
            say.accept("resumed from " + last.get().file());
            remarks.forEach(say);
        } else if (start.isPresent()) {
            trainer.initializeFrom(start.get());
        } else {
            trainer.initialize();
        }
    }

    /**
     * Trains all epochs that are left.
     *
     * @param what of, as the title of curves and progress: {@code pretrain}
     * @return what has written them down, to be finished and closed
     */
    final RunRecorder trainAll(String what, int epochs, int images, int batch, Display display) {
        RunRecorder r = new RunRecorder(folder, what + " on " + set.title(), trainer.measures(), trainer.epochsDone(), epochs,
                images / batch, batch, display);
        recorder[0] = r;
        try {
            trainer.train();
            return r;
        } catch (Throwable e) {
            r.close();
            throw e;
        }
    }

    final String lastCheckpoint() {
        return store.files().getLast().getFileName().toString();
    }
}
