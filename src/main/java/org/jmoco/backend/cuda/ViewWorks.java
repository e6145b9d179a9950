package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.ViewGeometry.Range;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.Philox;

/** Random views: kernels/views.cu, one launch for all views of a batch. */
final class ViewWorks {
    private static final String MODULE = "views";
    private static final int THREADS = 256;

    private final CudaContext cuda;

    ViewWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work randomViews(ViewGeometry g, long seed, List<Philox.Purpose> purposes, List<Buffer> views, Buffer pixels, Buffer images,
            Buffer chosen, Buffer epoch) {
        ViewLayout layout = ViewLayout.of(g, cuda.gpu().info().sharedBytesPerBlock());
        Kernel kernel = cuda.kernel(MODULE, "random_views_" + views.getFirst().dtype()
                + (layout.outside() ? "_outside" : ""));
        Dim grid = Dim.of(chosen.shape().dim(0), views.size());
        long pictures = layout.outside() ? 3L * g.size() * g.size() * grid.count() : 0;
        return new PreparedWork(cuda, pictures, scratch -> {
            Buffer second = views.getLast(); // with one view the grid never asks for it
            List<Object> a = new ArrayList<>(List.of(views.getFirst().address(), second.address(), scratch,
                    purposes.getFirst().ordinal(), purposes.getLast().ordinal(), pixels.address(), images.address(),
                    chosen.address(), epoch.address(), images.shape().dim(0)));
            a.addAll(recipe(g, seed, layout));
            return List.of(new Launch(kernel, grid, Dim.of(THREADS), layout.bytes(), a.toArray()));
        });
    }

    /** The kernel's arguments that do not depend on where things are, in its order. */
    static List<Object> recipe(ViewGeometry g, long seed, ViewLayout layout) {
        List<Object> a = new ArrayList<>(List.of((int) seed, (int) (seed >>> 32), g.size(), layout.tapsX(), layout.tapsY(),
                layout.stripRows(), layout.stripBytes(), threshold(g.flip()), threshold(g.jitter()), threshold(g.grey()),
                threshold(g.blur())));
        List<Range> adjustments = new ArrayList<>();
        adjustments.add(g.brightness());
        adjustments.add(g.contrast());
        adjustments.add(g.saturation());
        adjustments.add(g.hue());
        int made = 0;
        for (int i = 0; i < adjustments.size(); i++) {
            made |= adjustments.get(i) == null ? 0 : 1 << i;
        }
        a.add(made);
        adjustments.forEach(r -> add(a, r == null ? new Range(0, 0) : r));
        add(a, g.sigma());
        add(a, g.scale());
        add(a, new Range(StrictMath.log(g.ratio().low()), StrictMath.log(g.ratio().high())));
        a.add(g.ratio().low());
        a.add(g.ratio().high());
        a.addAll(g.mean());
        a.addAll(g.std());
        return a;
    }

    private static void add(List<Object> arguments, Range r) {
        arguments.add(r.low());
        arguments.add(r.span());
    }

    /** How many of the 2^24 values of a uniform number are below a probability. */
    private static int threshold(double probability) {
        return (int) Math.ceil(probability * 0x1p24);
    }
}
