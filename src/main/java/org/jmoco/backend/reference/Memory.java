package org.jmoco.backend.reference;

/** Moving values without arithmetic: rows by index, the ring of keys, fill, copy. */
final class Memory {
    private final Workers workers;

    Memory(Workers workers) {
        this.workers = workers;
    }

    /** dst[i,:] = src[index[i],:]; rows of {@code length} elements. */
    void gatherRows(int rows, int sourceRows, int length, Reals dst, Reals src, Ints index) {
        workers.forEach(rows, i -> {
            int from = index.get(i);
            requireBelow(from, sourceRows, "gather_rows: index[" + i + "]");
            for (int j = 0; j < length; j++) {
                dst.set(i * length + j, src.get(from * length + j));
            }
        });
    }

    /** queue[(head + i) mod M,:] = keys[i,:] for i = 0 .. N-1, then head = (head + N) mod M. */
    void enqueue(int N, int M, int D, Reals queue, Ints head, Reals keys) {
        int start = head.get(0);
        requireBelow(start, M, "enqueue: head");
        for (int i = 0; i < N; i++) {
            for (int d = 0; d < D; d++) {
                queue.set((start + i) % M * D + d, keys.get(i * D + d));
            }
        }
        head.set(0, (start + N) % M);
    }

    /** dst = table[index mod rows,:]; rows of {@code length} elements. */
    void selectRow(int rows, long length, Reals dst, Reals table, Ints index) {
        int row = Math.floorMod(index.get(0), rows);
        for (int j = 0; j < length; j++) {
            dst.set(j, table.get((int) (row * length + j)));
        }
    }

    void selectRow(int rows, long length, Ints dst, Ints table, Ints index) {
        int row = Math.floorMod(index.get(0), rows);
        for (int j = 0; j < length; j++) {
            dst.set(j, table.get((int) (row * length + j)));
        }
    }

    /** Indices are data, so the Recorder cannot check them; this backend does. */
    private static void requireBelow(int value, int end, String what) {
        if (value < 0 || value >= end) {
            throw new IllegalStateException(what + " is " + value + " but must lie in 0 .. " + (end - 1));
        }
    }

    void fill(long size, Reals dst, double value) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                dst.set(i, value);
            }
        });
    }

    void fill(long size, Ints dst, int value) {
        for (int i = 0; i < size; i++) {
            dst.set(i, value);
        }
    }

    void copy(long size, Reals dst, Reals src) {
        workers.forRanges(size, (from, to) -> {
            for (int i = from; i < to; i++) {
                dst.set(i, src.get(i));
            }
        });
    }

    void copy(long size, Ints dst, Ints src) {
        for (int i = 0; i < size; i++) {
            dst.set(i, src.get(i));
        }
    }
}
