package org.jmoco.bench;

import java.util.Locale;

/** What lies in the last-level cache when a timed run begins. */
public enum Caches {
    /** The operands, as far as they fit: each run follows the one before. */
    WARM(0),
    /** Nothing of them: before each run, which is then timed alone, so many values are copied, read and written once. */
    COLD(1 << 25); // 134 MB read, as many written: an H200's second level has 50 MB, most processors' third 16 to 100

    private final int flushFloats;

    Caches(int flushFloats) {
        this.flushFloats = flushFloats;
    }

    int flushFloats() {
        return flushFloats;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
