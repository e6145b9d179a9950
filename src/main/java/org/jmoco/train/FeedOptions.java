package org.jmoco.train;

import java.util.Locale;
import org.jmoco.backend.Backend;
import org.jmoco.tensor.UserError;

/**
 * Where the views of a training are made. It changes speed and memory, not the run: both ways draw the same views.
 *
 * @param lossEvery steps between two readings of losses from a device that makes the views itself; the host reads each
 */
public record FeedOptions(Where where, int lossEvery) {
    /**
     * At 100 steps a second (batch 512 at 50,000 images/s) a progress line twice a second; waiting for the device costs it some
     * 20 us, so that reading each loss would cost two in a thousand there and this nothing.
     */
    public static final int LOSS_EVERY = 50;

    /** The device where it can, each result after {@link #LOSS_EVERY} steps. */
    public static final FeedOptions DEFAULT = new FeedOptions(Where.AUTO, LOSS_EVERY);

    /** Who makes views. */
    public enum Where {
        /** The device if its backend can, else the host. */
        AUTO,
        /** Threads of the host; a batch is copied to the device for each step. */
        HOST,
        /** The device, from the whole set in its own memory. */
        DEVICE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public FeedOptions {
        if (lossEvery < 1) {
            throw UserError.usage("--loss-every " + lossEvery + " must be at least 1.");
        }
    }

    /** @throws UserError if the device is asked for and its backend cannot */
    boolean onDevice(Backend backend) {
        if (where == Where.DEVICE && !backend.rendersViews()) {
            throw UserError.usage("--feed device: the " + backend.name()
                    + " backend does not make views; take --feed host, or --backend cuda.");
        }
        return where != Where.HOST && backend.rendersViews();
    }
}
