package org.jmoco.train;

import java.util.List;
import org.jmoco.augment.ViewBatch;
import org.jmoco.augment.ViewLoader;

/** The steps of a run, from wherever their images come: host threads upload each batch, or the program fetches its own. */
interface Batches extends EpochLoop.Steps {
    /** Makes the next run of the program the next step. */
    void prepare();

    @Override
    void close();

    /** One step of a trainer on one batch. */
    interface Step {
        /** Brings a batch of the host to the backend. */
        void upload(ViewBatch batch);

        /** Runs the program on what is there. */
        void runProgram();

        /** What the last step came to. */
        EpochLoop.StepResult result();
    }

    /** Threads of the host make the views; each batch is uploaded before its step. */
    final class OnHost implements Batches {
        private final ViewLoader loader;
        private final Step step;

        OnHost(ViewLoader loader, Step step) {
            this.loader = loader;
            this.step = step;
        }

        @Override
        public void prepare() {
            step.upload(loader.next());
        }

        @Override
        public List<EpochLoop.StepResult> run(int most) {
            prepare();
            step.runProgram();
            return List.of(step.result());
        }

        @Override
        public long waitedNanos() {
            return loader.waitedNanos();
        }

        @Override
        public void close() {
            loader.close();
        }
    }

    /** Runs of the program that fetch their batches themselves; the host waits for them only to read their losses. */
    final class OnDevice implements Batches {
        private final DeviceFeed feed;
        private final int lossEvery;
        private final Step step;
        private int epoch;
        private int next; // step within the epoch
        private boolean begun; // the epoch's tables are on the device

        /**
         * @param epoch     where the run stands
         * @param firstStep the next within it
         */
        OnDevice(DeviceFeed feed, int lossEvery, int epoch, int firstStep, Step step) {
            this.feed = feed;
            this.lossEvery = lossEvery;
            this.epoch = epoch;
            this.next = firstStep;
            this.step = step;
        }

        @Override
        public void prepare() {
            if (next == feed.steps()) {
                epoch++;
                next = 0;
                begun = false;
            }
            if (!begun) {
                feed.begin(epoch, next);
                begun = true;
            }
        }

        @Override
        public List<EpochLoop.StepResult> run(int most) {
            prepare();
            int first = next;
            int count = Math.min(Math.min(most, lossEvery), feed.steps() - first);
            for (; next < first + count; next++) {
                step.runProgram();
            }
            return feed.results(first, count);
        }

        @Override
        public long waitedNanos() {
            return 0;
        }

        @Override
        public void close() {}
    }
}
