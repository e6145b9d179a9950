package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jmoco.augment.ViewLoader;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/**
 * Images on the device: the whole set lies in its memory, each run of the program draws its own views from it, moves on to the
 * next batch and notes its loss. The host uploads the set once, an epoch's order and permutations at its start, and reads losses
 * now and then. Batches and views are those of {@link ViewLoader}, bit for bit.
 */
final class DeviceFeed {
    /** Of the set, in one piece of host memory on its way. */
    private static final int PIECE = 32 << 20;

    /** Bytes of a row of the buffer of pixels: with rows, its extents fit into ints beyond 2 GiB. */
    private static final int LINE = 4096;

    /** What one step of an epoch takes from a table of N columns. */
    interface Rows {
        /** @param images indices of the batch */
        int[] of(int epoch, int step, int[] images);
    }

    private record Table(Buffer row, Buffer all, Rows rows) {}

    private final Backend backend;
    private final ImageSet images;
    private final long seed;
    private final int batch;
    private final int steps;
    private final ViewGeometry views;
    private final Buffer pixels; // U8
    private final Buffer places; // images x 4, I32
    private final Buffer epoch; // scalar, I32
    private final Buffer step; // scalar, I32
    private final Buffer losses; // steps
    private final Buffer corrects; // steps, I32
    private final Buffer chosen; // N, I32
    private final List<Table> tables = new ArrayList<>();
    private boolean uploaded;

    /** @param images resized as the recipe asks */
    DeviceFeed(Backend backend, ImageSet images, ViewRecipe recipe, Normalisation normalisation, ViewLoader.Options loading) {
        this.backend = backend;
        this.images = images;
        seed = loading.seed();
        batch = loading.batch();
        steps = ViewLoader.steps(images.size(), loading);
        int tallest = 0;
        int widest = 0;
        for (int i = 0; i < images.size(); i++) {
            tallest = Math.max(tallest, images.height(i));
            widest = Math.max(widest, images.width(i));
        }
        views = recipe.geometry(tallest, widest, normalisation);
        Shape lines = Shape.of(Math.toIntExact(Math.ceilDiv(images.bytes(), LINE)), LINE);
        pixels = backend.memory().declare(Region.DATA, "images", DType.U8, lines);
        places = ints(Region.DATA, "images.places", Shape.of(images.size(), 4));
        epoch = ints(Region.INPUT, "epoch", Shape.SCALAR);
        step = ints(Region.INPUT, "step", Shape.SCALAR);
        losses = backend.declare(Region.OUTPUT, "losses", Shape.of(steps));
        corrects = ints(Region.OUTPUT, "corrects", Shape.of(steps));
        chosen = ints(Region.INPUT, "chosen", Shape.of(batch));
        addTable(chosen, (e, s, batchImages) -> batchImages);
    }

    private Buffer ints(Region region, String name, Shape shape) {
        return backend.memory().declare(region, name, DType.I32, shape);
    }

    /** Has each step put a row of its own into {@code row}, N I32. Call it before recording. */
    void addTable(Buffer row, Rows rows) {
        tables.add(new Table(row, ints(Region.INPUT, row.name() + ".epoch", Shape.of(steps, batch)), rows));
    }

    /** Rows of tables, then the views, each drawn for its purpose. */
    void recordInputs(Recorder rec, List<Philox.Purpose> purposes, List<Buffer> into) {
        for (Table t : tables) {
            rec.selectRow(t.row.name() + ".next", t.row, t.all, step);
        }
        rec.randomViews("views", views, seed, purposes, into, pixels, places, chosen, epoch);
    }

    /** Notes the step's result and moves on. */
    void recordResults(Recorder rec, Buffer loss, Buffer correct) {
        rec.store("loss.note", losses, step, loss);
        rec.store("correct.note", corrects, step, correct);
        rec.increment("step.next", step);
    }

    /** Makes step {@code firstStep} of the epoch the next one. */
    void begin(int ofEpoch, int firstStep) {
        uploadImages();
        int[] order = new Philox(seed, Philox.Purpose.ORDER, ofEpoch, 0).permutation(images.size());
        int[][] all = new int[tables.size()][steps * batch];
        for (int s = 0; s < steps; s++) {
            int[] of = Arrays.copyOfRange(order, s * batch, (s + 1) * batch);
            for (int t = 0; t < all.length; t++) {
                System.arraycopy(tables.get(t).rows.of(ofEpoch, s, of), 0, all[t], s * batch, batch);
            }
        }
        for (int t = 0; t < all.length; t++) {
            backend.upload(tables.get(t).all, HostTensor.of(tables.get(t).all.shape(), all[t]));
        }
        backend.set(epoch, ofEpoch);
        backend.set(step, firstStep);
    }

    /** Results of steps {@code first} to {@code first + count - 1} of the epoch; waits until the last is done. */
    List<EpochLoop.StepResult> results(int first, int count) {
        HostTensor loss = backend.download(losses.view("losses.read", first, Shape.of(count)));
        HostTensor correct = backend.download(corrects.view("corrects.read", first, Shape.of(count)));
        List<EpochLoop.StepResult> results = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            results.add(new EpochLoop.StepResult(loss.get(i), (long) correct.get(i)));
        }
        return results;
    }

    /** {@code views by the device, from 50000 images in its memory (153.6 MB), losses read every 50 steps}. */
    String describe(int lossEvery) {
        return String.format(Locale.ROOT,
                "views by the device, from %d images in its memory (%.1f MB), losses read every %d steps",
                images.size(), images.bytes() * 1e-6, lossEvery);
    }

    /** Steps of an epoch. */
    int steps() {
        return steps;
    }

    /** Piece by piece, so that the host never holds the set twice. */
    private void uploadImages() {
        if (uploaded) {
            return;
        }
        uploaded = true;
        int[] rows = new int[4 * images.size()];
        byte[] piece = new byte[(int) Math.min(PIECE, pixels.size())];
        long done = 0; // bytes of the set before the piece
        int filled = 0;
        for (int i = 0; i < images.size(); i++) {
            long at = done + filled;
            rows[4 * i] = (int) at;
            rows[4 * i + 1] = (int) (at >>> 32);
            rows[4 * i + 2] = images.height(i);
            rows[4 * i + 3] = images.width(i);
            byte[] image = images.pixels(i);
            for (int copied = 0; copied < image.length;) {
                int n = Math.min(image.length - copied, piece.length - filled);
                System.arraycopy(image, copied, piece, filled, n);
                copied += n;
                filled += n;
                if (filled == piece.length) {
                    upload(piece, done);
                    done += filled;
                    filled = 0;
                }
            }
        }
        if (filled > 0) {
            upload(Arrays.copyOf(piece, filled), done);
        }
        backend.upload(places, HostTensor.of(places.shape(), rows));
    }

    private void upload(byte[] bytes, long at) {
        Shape shape = Shape.of(bytes.length);
        backend.upload(pixels.view("images.piece", at, shape), HostTensor.of(shape, bytes));
    }
}
