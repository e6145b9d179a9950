package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * Operations on rows of matrices: which kernels of {@code kernels/rows.cu} carry out which operation of
 * {@link org.jmoco.backend.Ops}.
 */
final class RowWorks {
    private static final String MODULE = "rows";
    private static final int THREADS = 256;
    /** Of a block, each with a row of its own. */
    static final int WARPS = THREADS / 32;
    /** Units that a thread moves. */
    private static final int UNITS = 4;

    private final CudaContext cuda;

    RowWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x) {
        return new PreparedWork(cuda, 0, scratch -> List.of(byWarps("l2_normalize_forward_" + width(x, x, y), x, y.address(),
                norm.address(), x.address(), x.shape().dim(0), x.shape().dim(1))));
    }

    Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        return new PreparedWork(cuda, 0, scratch -> List.of(byWarps("l2_normalize_backward_" + width(y, y, dx, dy), y,
                dx.address(), dy.address(), y.address(), norm.address(), y.shape().dim(0), y.shape().dim(1))));
    }

    Work softmax(Buffer p, Buffer logits) {
        return new PreparedWork(cuda, 0, scratch -> List.of(
                byWarps("softmax_f32", logits, p.address(), logits.address(), logits.shape().dim(0), logits.shape().dim(1))));
    }

    Work gatherRows(Buffer dst, Buffer src, Buffer index) {
        return new PreparedWork(cuda, 0, scratch -> {
            int rows = dst.shape().dim(0);
            int unit = unit(dst.bytes() / rows, dst, src);
            int perRow = Math.toIntExact(dst.bytes() / rows / unit);
            Divisor d = Divisor.of(perRow);
            return List.of(byUnits("gather_rows_" + unit, dst.bytes() / unit, dst.address(), src.address(), index.address(),
                    Math.toIntExact(dst.bytes() / unit), perRow, d.magic(), d.shift(), src.shape().dim(0)));
        });
    }

    Work enqueue(Buffer queue, Buffer head, Buffer keys) {
        return new PreparedWork(cuda, 0, scratch -> {
            int n = keys.shape().dim(0);
            int m = queue.shape().dim(0);
            int unit = unit(keys.bytes() / n, queue, keys);
            return List.of(
                    byUnits("enqueue_" + unit, keys.bytes() / unit, queue.address(), head.address(), keys.address(),
                            Math.toIntExact(keys.bytes() / unit), Math.toIntExact(keys.bytes() / n / unit),
                            Math.toIntExact(queue.bytes() / unit)),
                    new Launch(cuda.kernel(MODULE, "enqueue_advance"), Dim.of(1), Dim.of(1), 0, head.address(), n, m));
        });
    }

    private Launch byWarps(String entry, Buffer matrix, Object... arguments) {
        return new Launch(cuda.kernel(MODULE, entry), Dim.of(Math.ceilDiv(matrix.shape().dim(0), WARPS)), Dim.of(THREADS), 0,
                arguments);
    }

    private Launch byUnits(String entry, long units, Object... arguments) {
        return new Launch(cuda.kernel(MODULE, entry), Dim.of(Math.toIntExact(Math.ceilDiv(units, THREADS * UNITS))),
                Dim.of(THREADS), 0, arguments);
    }

    /** Four elements at once where rows and addresses allow it. */
    private static String width(Buffer matrix, Buffer... operands) {
        return unit((long) matrix.shape().dim(1) * matrix.dtype().bytes, operands) == 16 ? "f32x4" : "f32";
    }

    /** Bytes that one instruction moves: 16 where rows and addresses allow it, else one element. */
    private static int unit(long rowBytes, Buffer... operands) {
        long bits = rowBytes;
        for (Buffer b : operands) {
            bits |= b.address();
        }
        return bits % 16 == 0 ? 16 : operands[0].dtype().bytes;
    }
}
