package org.jmoco.augment;

import java.util.Arrays;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * Makes batches of views ahead of the training step, in threads of its own, into a ring of batches that are allocated
 * once. Epoch e goes through the images in the order {@code Philox(seed, ORDER, e, 0).permutation(size)}; the views of an
 * image in it are keyed by (seed, VIEW_QUERY or VIEW_KEY or VIEW_TRAIN, e, image). So batches depend on (seed, epoch,
 * step) alone: not on the number of threads, nor on where the loader was started.
 *
 * <p>Epochs follow each other without end; whoever takes batches stops when it has enough, and closes. One thread takes.
 */
public final class ViewLoader implements AutoCloseable {
    /**
     * How batches are made.
     *
     * @param seed        of order and views
     * @param batch       images in a batch, N
     * @param keepPartial true: what is left at the end of an epoch is a batch with fewer images; false: it is dropped
     * @param threads     threads that make views, at least 1
     * @param ring        batches that exist at once, at least 2: one being taken, the others made ahead
     */
    public record Options(long seed, int batch, boolean keepPartial, int threads, int ring) {
        /** Drops what is left; each thread may be one batch ahead of the one being taken and of one that waits. */
        public Options(long seed, int batch, int threads) {
            this(seed, batch, false, threads, threads + 2);
        }

        public Options {
            if (batch < 1 || threads < 1 || ring < 2) {
                throw UserError.usage("view loader: batch " + batch + ", threads " + threads + ", ring " + ring
                        + "; batch and threads must be at least 1, ring at least 2");
            }
        }
    }

    private final ImageSet set;
    private final ViewRecipe recipe;
    private final Normalisation normalisation;
    private final Options options;
    private final boolean pairs;
    private final int steps;
    private final Thread[] threads;
    private final ViewBatch[] ring;

    // Batches are numbered epoch * steps + step; number b lives in slot b mod ring. All below is guarded by "this".
    private final boolean[] filled;
    private long toFill;
    private long toTake;
    private long held = -1;
    private Throwable failure;
    private boolean closed;
    private long waitedNanos;
    private final int[][] orders = new int[2][]; // of even and of odd epochs, the newest of each
    private final int[] orderEpochs = {-1, -1};

    private ViewLoader(ImageSet set, ViewRecipe recipe, Normalisation normalisation, Options options, boolean pairs, int epoch,
            int step) {
        this.set = set;
        this.recipe = recipe;
        this.normalisation = normalisation;
        this.options = options;
        this.pairs = pairs;
        this.steps = steps(set.size(), options);
        if (steps == 0) {
            throw UserError.usage("view loader: " + set.name() + " has " + set.size() + " images, fewer than one batch of "
                    + options.batch + "; lower --batch to at most " + set.size());
        }
        if (epoch < 0 || step < 0 || step > steps) {
            throw UserError.failed("view loader: cannot start at epoch " + epoch + " step " + step + ": an epoch of "
                    + set.name() + " has " + steps + " steps of " + options.batch + " images; resume with the batch size and "
                    + "the data of the first run");
        }
        this.ring = new ViewBatch[options.ring];
        Arrays.setAll(ring, i -> new ViewBatch(options.batch, recipe.size(), pairs));
        this.filled = new boolean[options.ring];
        this.toFill = (long) epoch * steps + step;
        this.toTake = toFill;
        this.threads = new Thread[options.threads];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = Thread.ofPlatform().daemon().name("jmoco-views-" + t).unstarted(this::work);
        }
    }

    /**
     * Two views of each image, for pretraining.
     *
     * @param set   from {@link Views#prepare}
     * @param epoch where to begin; any numbering from 0 or 1 that the run keeps to
     * @param step  number of the first batch within that epoch, from 0; the number of steps itself means the next epoch
     * @throws UserError if the set is smaller than a batch or there is no such step
     */
    public static ViewLoader pairs(ImageSet set, ViewRecipe recipe, Normalisation normalisation, Options options, int epoch,
            int step) {
        return new ViewLoader(set, recipe, normalisation, options, true, epoch, step).start();
    }

    /** One view of each image, with its label, for supervised training; parameters as for {@link #pairs}. */
    public static ViewLoader single(ImageSet set, ViewRecipe recipe, Normalisation normalisation, Options options, int epoch,
            int step) {
        return new ViewLoader(set, recipe, normalisation, options, false, epoch, step).start();
    }

    /** Batches in an epoch of {@code images} images. */
    public static int steps(int images, Options options) {
        return options.keepPartial ? Math.ceilDiv(images, options.batch) : images / options.batch;
    }

    /** Batches in an epoch. */
    public int steps() {
        return steps;
    }

    /**
     * The next batch in order; waits until it is made. The one before goes back to the ring.
     *
     * @throws UserError             if that is what stopped a thread
     * @throws IllegalStateException if a thread stopped for another reason (its cause), if the loader is closed, or if the
     *                               caller is interrupted
     */
    public synchronized ViewBatch next() {
        if (held >= 0) {
            filled[slot(held)] = false;
            held = -1;
            notifyAll();
        }
        long start = System.nanoTime();
        while (!filled[slot(toTake)]) {
            if (closed) {
                throw new IllegalStateException("view loader: is closed");
            }
            if (failure instanceof UserError e) {
                throw e;
            }
            if (failure != null) {
                throw new IllegalStateException("view loader: a thread stopped: " + failure, failure);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("view loader: interrupted while waiting for a batch", e);
            }
        }
        waitedNanos += System.nanoTime() - start;
        held = toTake++;
        return ring[slot(held)];
    }

    /** How long {@link #next} has waited in all: near zero if views are made faster than they are used. */
    public synchronized long waitedNanos() {
        return waitedNanos;
    }

    /** Stops the threads and waits for them: a batch that is being made is finished first. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        for (Thread t : threads) {
            while (t.isAlive()) {
                try {
                    t.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private ViewLoader start() {
        for (Thread t : threads) {
            t.start();
        }
        return this;
    }

    private int slot(long number) {
        return (int) (number % ring.length);
    }

    private void work() {
        try {
            ViewRenderer renderer = new ViewRenderer(recipe.size(), normalisation);
            while (true) {
                long number;
                int[] order;
                synchronized (this) {
                    // A slot is free once the batch "ring" numbers earlier has been handed back.
                    while (!closed && failure == null && toFill - firstInUse() >= ring.length) {
                        wait();
                    }
                    if (closed || failure != null) {
                        return;
                    }
                    number = toFill++;
                    order = order(Math.toIntExact(number / steps));
                }
                fill(ring[slot(number)], number, order, renderer);
                synchronized (this) {
                    filled[slot(number)] = true;
                    notifyAll();
                }
            }
        } catch (Throwable t) { // also OutOfMemoryError: the taking thread must not wait for ever
            synchronized (this) {
                if (failure == null) {
                    failure = t;
                }
                notifyAll();
            }
        }
    }

    private long firstInUse() {
        return held >= 0 ? held : toTake;
    }

    private int[] order(int epoch) {
        int i = epoch & 1;
        if (orderEpochs[i] != epoch) {
            orders[i] = new Philox(options.seed, Philox.Purpose.ORDER, epoch, 0).permutation(set.size());
            orderEpochs[i] = epoch;
        }
        return orders[i];
    }

    private void fill(ViewBatch b, long number, int[] order, ViewRenderer renderer) {
        b.epoch = Math.toIntExact(number / steps);
        b.step = (int) (number % steps);
        int first = b.step * options.batch;
        b.count = Math.min(options.batch, set.size() - first);
        int each = 3 * recipe.size() * recipe.size();
        float[] query = b.query.floats();
        int[] labels = b.labels.ints();
        for (int n = 0; n < b.count; n++) {
            int image = order[first + n];
            b.images[n] = image;
            labels[n] = set.labelled() ? set.label(image) : 0;
            if (pairs) {
                render(image, Philox.Purpose.VIEW_QUERY, b.epoch, renderer, query, n * each);
                render(image, Philox.Purpose.VIEW_KEY, b.epoch, renderer, b.key.floats(), n * each);
            } else {
                render(image, Philox.Purpose.VIEW_TRAIN, b.epoch, renderer, query, n * each);
            }
        }
        if (b.count < options.batch) {
            Arrays.fill(b.images, b.count, options.batch, -1);
            Arrays.fill(labels, b.count, options.batch, 0);
            Arrays.fill(query, b.count * each, query.length, 0);
            if (pairs) {
                Arrays.fill(b.key.floats(), b.count * each, query.length, 0);
            }
        }
    }

    private void render(int image, Philox.Purpose purpose, int epoch, ViewRenderer renderer, float[] out, int at) {
        int height = set.height(image);
        int width = set.width(image);
        ViewDraw draw = ViewDraw.of(recipe, options.seed, purpose, epoch, image, height, width);
        renderer.render(draw, set.pixels(image), height, width, out, at);
    }
}
