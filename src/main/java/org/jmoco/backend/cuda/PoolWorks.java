package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/** Pooling: which kernels of {@code kernels/pool.cu} carry out which operation of {@link org.jmoco.backend.Ops}. */
final class PoolWorks {
    private static final String MODULE = "pool";
    private static final int THREADS = 256;
    /** Channels that a thread takes where it can. */
    private static final int PACK = 4;

    private final CudaContext cuda;

    PoolWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        return new PreparedWork(cuda, 0, scratch -> {
            int pack = pack(g.c(), x, y, argmax);
            return List.of(window("max_pool_forward", g, x, pack, y.size(), y.address(), argmax.address(), x.address()));
        });
    }

    Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        return new PreparedWork(cuda, 0, scratch -> {
            int pack = pack(g.c(), dx, dy, argmax);
            return List.of(window("max_pool_backward", g, dx, pack, dx.size(), dx.address(), dy.address(), argmax.address()));
        });
    }

    Work globalAvgPoolForward(Buffer y, Buffer x) {
        return new PreparedWork(cuda, 0, scratch -> List.of(average("average_pool_forward", x, y, y.address(), x.address())));
    }

    Work globalAvgPoolBackward(Buffer dx, Buffer dy) {
        return new PreparedWork(cuda, 0, scratch -> List.of(average("average_pool_backward", dx, dy, dx.address(),
                dy.address())));
    }

    private Launch window(String kernel, ConvGeometry g, Buffer map, int pack, long elements, long first, long second,
            long third) {
        return new Launch(cuda.kernel(MODULE, entry(kernel, map, pack)), grid(elements / pack), Dim.of(THREADS), 0, first, second,
                third, g.h(), g.w(), g.p(), g.q(), g.r(), g.s(), g.stride(), g.pad(), g.c(), g.n());
    }

    private Launch average(String kernel, Buffer map, Buffer perImage, long first, long second) {
        int c = map.shape().dim(3);
        int pack = pack(c, map, perImage);
        return new Launch(cuda.kernel(MODULE, entry(kernel, map, pack)), grid(perImage.size() / pack), Dim.of(THREADS), 0, first,
                second, map.shape().dim(0), map.shape().dim(1) * map.shape().dim(2), c);
    }

    private static Dim grid(long packs) {
        return Dim.of(Math.toIntExact(Math.ceilDiv(packs, THREADS)));
    }

    private static String entry(String kernel, Buffer map, int pack) {
        return kernel + "_" + map.dtype() + (pack == 1 ? "" : "x" + pack);
    }

    /** Four channels at once where their number and all addresses allow it. */
    private static int pack(int channels, Buffer... operands) {
        boolean aligned = channels % PACK == 0;
        for (Buffer b : operands) {
            aligned &= b.address() % (PACK * b.dtype().bytes) == 0;
        }
        return aligned ? PACK : 1;
    }
}
