package org.jmoco.train;

import java.util.List;

/** The steps of a run, from wherever their images come: host threads upload each batch, or the program fetches its own. */
interface Batches extends EpochLoop.Batches {
    /** Makes the next run of the program the next step. */
    void prepare();

    @Override
    void close();

    /** Runs of the program that fetch their batches themselves; the host waits for them only to read their losses. */
    final class OnDevice implements Batches {
        private final DeviceFeed feed;
        private final int lossEvery;
        private final Runnable runProgram;
        private int epoch;
        private int next; // step within the epoch
        private boolean begun; // the epoch's tables are on the device

        /**
         * @param epoch      where the run stands
         * @param firstStep  the next within it
         * @param runProgram does one step
         */
        OnDevice(DeviceFeed feed, int lossEvery, int epoch, int firstStep, Runnable runProgram) {
            this.feed = feed;
            this.lossEvery = lossEvery;
            this.epoch = epoch;
            this.next = firstStep;
            this.runProgram = runProgram;
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
                runProgram.run();
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
