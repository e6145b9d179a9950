package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.DType;

/**
 * Elementwise operations: which kernels of {@code kernels/elementwise.cu} carry out which operation of
 * {@link org.jmoco.backend.Ops}.
 */
final class ElementwiseWorks {
    private static final String MODULE = "elementwise";
    private static final int THREADS = 256;
    /** Packs of 16 bytes that a thread takes. */
    private static final int PACKS = 2;

    private final CudaContext cuda;

    ElementwiseWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work reluForward(Buffer y, Buffer x) {
        return new PreparedWork(cuda, 0, scratch -> List.of(launch("relu_forward_" + x.dtype(), x, y.address(), x.address(),
                count(x))));
    }

    Work reluBackward(Buffer dx, Buffer dy, Buffer y) {
        return new PreparedWork(cuda, 0, scratch -> List.of(
                launch("relu_backward_" + y.dtype(), y, dx.address(), dy.address(), y.address(), count(y))));
    }

    Work flagNonFinite(Buffer flag, Buffer x) {
        return new PreparedWork(cuda, 0, scratch -> List.of(
                launch("flag_non_finite_" + x.dtype(), x, flag.address(), x.address(), count(x))));
    }

    Work scaleLoss(Buffer x, Buffer exponent) {
        return new PreparedWork(cuda, 0, scratch -> List.of(launch("scale_loss", x, x.address(), exponent.address(), count(x))));
    }

    Work fill(Buffer dst, double value) {
        if (dst.dtype().bytes == 2) {
            return new PreparedWork(cuda, 0, scratch -> List.of(launch("fill_" + dst.dtype(), dst, dst.address(), (float) value,
                    count(dst))));
        }
        int word = dst.dtype() == DType.I32 ? (int) value : Float.floatToRawIntBits((float) value);
        return () -> cuda.gpu().fill(dst.address(), word, dst.size());
    }

    Work copy(Buffer dst, Buffer src) {
        return () -> cuda.gpu().copy(dst.address(), src.address(), src.bytes());
    }

    /** One thread for every two packs of {@code elements}, whose type is the kernel's. */
    private Launch launch(String entry, Buffer elements, Object... arguments) {
        int tile = THREADS * PACKS * (16 / elements.dtype().bytes);
        return new Launch(cuda.kernel(MODULE, entry), Dim.of(Math.ceilDiv(count(elements), tile)), Dim.of(THREADS), 0, arguments);
    }

    /** Kernels count with 31 bits. */
    static int count(Buffer b) {
        return Math.toIntExact(b.size());
    }
}
