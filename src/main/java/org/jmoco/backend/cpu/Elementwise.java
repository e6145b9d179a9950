package org.jmoco.backend.cpu;

import jdk.incubator.vector.IntVector;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/**
 * A loop over flat arrays, cut into pieces of {@link #PIECE} elements. All operations here are bound by memory: one
 * pass over each operand.
 */
abstract class Elementwise implements Work, Workers.Task {
    /**
     * Elements of one task: 64 KiB of f32, so that taking a task costs a thousandth of running it and the smallest array
     * that matters (the 9,408 weights of a 7x7 stem) is not cut at all.
     */
    static final int PIECE = 1 << 14;

    private final Workers workers;
    private final long size;
    private final int tasks;

    Elementwise(Workers workers, long size) {
        this.workers = workers;
        this.size = size;
        this.tasks = Math.toIntExact((size + PIECE - 1) / PIECE);
    }

    /** Elements {@code from} to {@code from + count - 1}. */
    abstract void piece(long from, int count);

    @Override
    public final void run(int task, int worker) {
        long from = (long) task * PIECE;
        piece(from, (int) Math.min(PIECE, size - from));
    }

    @Override
    public void run() {
        workers.run(tasks, this);
    }

    /** dst = src, any type. */
    static final class Copy extends Elementwise {
        private final Buffer dst;
        private final Buffer src;
        private final int elementBytes;

        Copy(Workers workers, Buffer dst, Buffer src) {
            super(workers, dst.size());
            this.dst = dst;
            this.src = src;
            this.elementBytes = dst.dtype().bytes;
        }

        @Override
        void piece(long from, int count) {
            Simd.copy(dst.address() + from * elementBytes, src.address() + from * elementBytes, (long) count * elementBytes);
        }
    }

    /** dst = value; {@code bits} are those of the f32 or I32. */
    static final class Fill extends Elementwise {
        private final Buffer dst;
        private final int bits;

        Fill(Workers workers, Buffer dst, int bits) {
            super(workers, dst.size());
            this.dst = dst;
            this.bits = bits;
        }

        @Override
        void piece(long from, int count) {
            long at = dst.address() + from * Integer.BYTES;
            IntVector v = IntVector.broadcast(Simd.I, bits);
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                Simd.storeInts(at + o, v);
            }
            for (; o < (long) count * Integer.BYTES; o += Integer.BYTES) {
                Simd.setInt(at + o, bits);
            }
        }
    }

    /** flag = 1 if an element of x is NaN or infinite: all bits of its exponent are set. */
    static final class FlagNonFinite extends Elementwise {
        private static final int EXPONENT = 0x7f800000;

        private final Buffer flag;
        private final Buffer x;

        FlagNonFinite(Workers workers, Buffer flag, Buffer x) {
            super(workers, x.size());
            this.flag = flag;
            this.x = x;
        }

        /** Whoever finds one writes the same. */
        @Override
        void piece(long from, int count) {
            long at = x.address() + from * Float.BYTES;
            boolean found = false;
            long o = 0;
            for (; o < Simd.wholeVectors(count); o += Simd.BYTES) {
                found |= Simd.loadInts(at + o).and(EXPONENT).eq(EXPONENT).anyTrue();
            }
            for (; o < (long) count * Float.BYTES; o += Float.BYTES) {
                found |= (Simd.getInt(at + o) & EXPONENT) == EXPONENT;
            }
            if (found) {
                Simd.setInt(flag.address(), 1);
            }
        }
    }
}
