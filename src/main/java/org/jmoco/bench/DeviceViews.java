package org.jmoco.bench;

import java.util.Arrays;
import java.util.List;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/** A program that makes the two views of a batch on the device and nothing else; checked when it is made. */
final class DeviceViews {
    private final Program program;

    /** @param images at most 2 GiB, at least {@code batch} */
    DeviceViews(Backend backend, ImageSet images, ViewRecipe recipe, Normalisation normalisation, int batch) {
        int[] places = new int[4 * images.size()];
        byte[] all = new byte[Math.toIntExact(images.bytes())];
        int at = 0;
        for (int i = 0; i < images.size(); i++) {
            byte[] image = images.pixels(i);
            System.arraycopy(image, 0, all, at, image.length);
            places[4 * i] = at;
            places[4 * i + 2] = images.height(i);
            places[4 * i + 3] = images.width(i);
            at += image.length;
        }
        ViewGeometry geometry = recipe.geometry(images.height(0), images.width(0), normalisation);
        Buffer pixels = backend.memory().declare(Region.DATA, "images", DType.U8, Shape.of(all.length));
        Buffer rows = backend.memory().declare(Region.DATA, "images.places", DType.I32, Shape.of(images.size(), 4));
        Buffer chosen = backend.memory().declare(Region.INPUT, "chosen", DType.I32, Shape.of(batch));
        Buffer epoch = backend.memory().declare(Region.INPUT, "epoch", DType.I32, Shape.SCALAR);
        Buffer view1 = backend.declare(Region.INPUT, "view1", geometry.views(batch));
        Buffer view2 = backend.declare(Region.INPUT, "view2", geometry.views(batch));
        Recorder rec = backend.record("views");
        rec.randomViews("views", geometry, 1, List.of(Philox.Purpose.VIEW_QUERY, Philox.Purpose.VIEW_KEY), List.of(view1, view2),
                pixels, rows, chosen, epoch);
        program = rec.finish();
        backend.allocate();
        backend.upload(pixels, HostTensor.of(pixels.shape(), all));
        backend.upload(rows, HostTensor.of(rows.shape(), places));
        backend.upload(chosen, HostTensor.of(chosen.shape(), new Philox(1, Philox.Purpose.ORDER, 1, 0).permutation(batch)));
        backend.set(epoch, 1);
        check(backend, view1, view2);
    }

    /** Every pixel is written, and the two views differ. */
    private void check(Backend backend, Buffer view1, Buffer view2) {
        float[] poison = new float[Math.toIntExact(view1.size())];
        Arrays.fill(poison, Float.NaN);
        backend.upload(view1, HostTensor.of(view1.shape(), poison));
        backend.upload(view2, HostTensor.of(view2.shape(), poison));
        run();
        HostTensor first = backend.download(view1);
        HostTensor second = backend.download(view2);
        for (int i = 0; i < first.size(); i++) {
            if (Double.isNaN(first.get(i)) || Double.isNaN(second.get(i))) {
                throw new IllegalStateException("views by the device: pixel " + i + " is not written; no time is taken");
            }
        }
        if (first.bitEquals(second)) {
            throw new IllegalStateException("views by the device: both views are the same; no time is taken");
        }
    }

    void run() {
        program.run();
    }
}
