package org.jmoco.backend.reference;

import org.jmoco.backend.Buffer;

/** The values of one I32 buffer, by row-major index. */
final class Ints {
    private final int[] arena;
    private final int start;

    Ints(Buffer b) {
        arena = (int[]) b.home();
        start = ReferenceBackend.firstIndex(b);
    }

    int get(int i) {
        return arena[start + i];
    }

    void set(int i, int value) {
        arena[start + i] = value;
    }
}
