package org.jmoco.ptx;

/**
 * Who last wrote and who last read each byte of a memory, and when: enough to see that two threads touched the same byte
 * with nothing between them that orders the two.
 *
 * <p>Time is counted in segments: a new one starts with every block and with every barrier of a block, so one number tells
 * whether an access belongs to another launch, another block, or to this block before or after its last barrier. Within a
 * segment, warp time counts the bar.warp.sync of a warp.
 *
 * <p>A cell stands for 4 bytes until something touches less than 4; then its page is split, exactly, into cells of 2 or 1.
 */
final class Shadow {
    private static final int PAGE_SHIFT = 10;
    private static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    // A cell: segment in the upper 32 bits, warp time 18 bits, kind 2 bits, flags 2 bits, thread 10 bits.
    static final int THREAD_BITS = 10;
    private static final int THREAD_MASK = (1 << THREAD_BITS) - 1;
    /** The access was atomic or volatile: such accesses do not race with each other. */
    static final int STRONG = 1 << 10;
    /** An asynchronous copy into this cell is under way. */
    static final int PENDING = 1 << 11;
    private static final int KIND_SHIFT = 12;
    private static final int KIND_MASK = 3 << KIND_SHIFT;
    /** Read by one thread; by several of one warp; by several warps. */
    private static final int ONE = 0;
    private static final int WARP = 1 << KIND_SHIFT;
    private static final int MANY = 2 << KIND_SHIFT;
    /** Read by several blocks of one launch. */
    private static final int BLOCKS = 3 << KIND_SHIFT;
    private static final int TIME_SHIFT = 14;
    private static final int MAX_TIME = (1 << 18) - 1;

    /** What an access found. */
    static final int FINE = 0;
    static final int AFTER_WRITE = 1;
    static final int AFTER_READ = 2;
    static final int UNWRITTEN = 3;
    static final int IN_FLIGHT = 4;

    private static final class Page {
        int shift = 2;
        long[] writes = new long[PAGE_BYTES >> 2];
        long[] reads = new long[PAGE_BYTES >> 2];

        void split(int finer) {
            int factor = 1 << shift - finer;
            long[] w = new long[writes.length * factor];
            long[] r = new long[w.length];
            for (int i = 0; i < w.length; i++) {
                w[i] = writes[i / factor];
                r[i] = reads[i / factor];
            }
            writes = w;
            reads = r;
            shift = finer;
        }
    }

    private final Page[] pages;
    private final boolean perBlock;
    /** The cell that the last conflict was found with. */
    private long conflict;

    /** @param perBlock true for memory that each block has to itself: what earlier blocks did to it does not count */
    Shadow(int bytes, boolean perBlock) {
        this.perBlock = perBlock;
        pages = new Page[(bytes + PAGE_BYTES - 1) >> PAGE_SHIFT];
    }

    int conflictThread() {
        return (int) conflict & THREAD_MASK;
    }

    int conflictSegment() {
        return (int) (conflict >>> 32);
    }

    /** Several blocks have read what was now to be written. */
    boolean conflictBySeveralBlocks() {
        return (conflict & KIND_MASK) == BLOCKS;
    }

    boolean conflictBySeveral() {
        return (conflict & KIND_MASK) != ONE;
    }

    static long stamp(int segment, int warpTime) {
        return (long) segment << 32 | (long) Math.min(warpTime, MAX_TIME) << TIME_SHIFT;
    }

    private Page page(int offset, int bytes) {
        int index = offset >> PAGE_SHIFT;
        Page p = pages[index];
        if (p == null) {
            p = pages[index] = new Page();
        }
        if (bytes < 4 && 1 << p.shift > bytes) {
            p.split(bytes == 2 ? 1 : 0);
        }
        return p;
    }

    private boolean ordered(Clock clock, long cell) {
        return perBlock && (int) (cell >>> 32) < clock.blockFirst || clock.ordered((int) (cell >>> 32), (int) cell & THREAD_MASK,
                (int) cell >>> TIME_SHIFT);
    }

    // ---- the common cases, for a whole warp at once -------------------------------------------------------------

    /**
     * Does for each lane what {@link #read} does, where nothing is wrong and nothing special has to be done.
     *
     * @param at address of each lane, @param base address of this memory's first byte
     * @param thread thread of lane 0
     * @return the lanes that are left to {@link #read}
     */
    int quickRead(Clock clock, long[] at, long base, int mask, int bytes, int thread, boolean mustBeWritten) {
        int segment = clock.segment;
        int blockFirst = clock.blockFirst;
        int launchFirst = clock.launchFirst;
        int left = 0;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int offset = (int) (at[lane] - base);
            Page p = pages[offset >> PAGE_SHIFT];
            if (p == null || bytes >> p.shift == 0) {
                p = page(offset, bytes);
            }
            long now = clock.stamp | thread + lane;
            long[] writes = p.writes;
            long[] reads = p.reads;
            int i = (offset & PAGE_BYTES - 1) >> p.shift;
            for (int end = i + (bytes >> p.shift); i < end; i++) {
                long w = writes[i];
                int time = (int) (w >>> 32);
                boolean fine = time >= blockFirst
                        ? (w & PENDING) == 0 && (time < segment || ((w ^ now) & THREAD_MASK) == 0)
                        : !mustBeWritten && time < launchFirst;
                long r = reads[i];
                time = (int) (r >>> 32);
                if (time == segment) {
                    long differs = r ^ now;
                    if (differs >>> TIME_SHIFT == 0 && (differs & (THREAD_MASK & -Warp.LANES | MANY | STRONG)) == 0) {
                        reads[i] = differs == 0 ? now : now | WARP; // another lane of the same warp
                    } else {
                        fine &= ((int) r & (KIND_MASK | STRONG)) == MANY;
                    }
                } else if (time < launchFirst || perBlock || time >= blockFirst && ((int) r & KIND_MASK) != BLOCKS) {
                    reads[i] = now;
                } else {
                    fine = false;
                }
                if (!fine) {
                    left |= 1 << lane;
                    break;
                }
            }
        }
        return left;
    }

    /** The same for {@link #write}. */
    int quickWrite(Clock clock, long[] at, long base, int mask, int bytes, int thread) {
        int segment = clock.segment;
        int blockFirst = clock.blockFirst;
        int before = perBlock ? blockFirst : clock.launchFirst;
        int left = 0;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int offset = (int) (at[lane] - base);
            Page p = pages[offset >> PAGE_SHIFT];
            if (p == null || bytes >> p.shift == 0) {
                p = page(offset, bytes);
            }
            long now = clock.stamp | thread + lane;
            long[] writes = p.writes;
            long[] reads = p.reads;
            int i = (offset & PAGE_BYTES - 1) >> p.shift;
            for (int end = i + (bytes >> p.shift); i < end; i++) {
                long w = writes[i];
                int time = (int) (w >>> 32);
                boolean fine = time < before
                        || time >= blockFirst && (w & PENDING) == 0 && (time < segment || ((w ^ now) & THREAD_MASK) == 0);
                long r = reads[i];
                time = (int) (r >>> 32);
                fine &= time < before || time >= blockFirst && ((int) r & KIND_MASK) != BLOCKS
                        && (time < segment || ((r ^ now) & (THREAD_MASK | KIND_MASK)) == 0);
                if (!fine) {
                    left |= 1 << lane;
                    break;
                }
                writes[i] = now;
            }
        }
        return left;
    }

    /**
     * A thread reads {@code bytes} (1, 2, 4, 8 or 16) at an offset that is a multiple of them.
     *
     * @param clock where the reading thread stands, @param flags 0 or {@link #STRONG}
     * @param mustBeWritten whether what nothing wrote in this block is {@link #UNWRITTEN}
     */
    int read(Clock clock, int offset, int bytes, int flags, boolean mustBeWritten) {
        Page p = page(offset, bytes);
        int segment = clock.segment;
        long now = clock.stamp | clock.thread | flags;
        int first = (offset & PAGE_BYTES - 1) >> p.shift;
        int end = first + Math.max(1, bytes >> p.shift);
        for (int i = first; i < end; i++) {
            long w = p.writes[i];
            if (w != 0) {
                if ((w & PENDING) != 0 && (int) (w >>> 32) >= clock.blockFirst) {
                    conflict = w;
                    return IN_FLIGHT;
                }
                if ((w & flags & STRONG) == 0 && !ordered(clock, w)) {
                    conflict = w;
                    return AFTER_WRITE;
                }
            }
            if (mustBeWritten && (int) (w >>> 32) < clock.blockFirst) {
                return UNWRITTEN;
            }
            long r = p.reads[i];
            int readSegment = (int) (r >>> 32);
            if (readSegment != segment) {
                boolean elsewhere = !perBlock && readSegment >= clock.launchFirst
                        && (readSegment < clock.blockFirst || (r & KIND_MASK) == BLOCKS);
                p.reads[i] = elsewhere ? now & ~STRONG | BLOCKS | r & now & STRONG : now;
            } else if (r != now) {
                p.reads[i] = join(r, now);
            }
        }
        return FINE;
    }

    /** Two reads in one segment as one cell. */
    private static long join(long old, long now) {
        int thread = (int) old & THREAD_MASK;
        int other = (int) now & THREAD_MASK;
        long strong = old & now & STRONG;
        if ((old & KIND_MASK) == BLOCKS) {
            return now & ~STRONG | BLOCKS | strong;
        }
        if ((old & KIND_MASK) == MANY || thread >> 5 != other >> 5) {
            return now & ~(KIND_MASK | STRONG) | MANY | strong;
        }
        long oldTime = old & 0xffffffffL & -1L << TIME_SHIFT;
        long newTime = now & 0xffffffffL & -1L << TIME_SHIFT;
        if ((old & KIND_MASK) == ONE && thread == other) {
            return now & ~STRONG | strong;
        }
        // Reads of the same warp before its last bar.warp.sync lie behind it for all its lanes.
        return newTime > oldTime ? now : now & ~(KIND_MASK | STRONG) | WARP | strong;
    }

    /** A thread writes. Within one instruction of a warp, lanes must not write different values to one place. */
    int write(Clock clock, int offset, int bytes, int flags) {
        Page p = page(offset, bytes);
        int segment = clock.segment;
        long now = clock.stamp | clock.thread | flags;
        int first = (offset & PAGE_BYTES - 1) >> p.shift;
        int end = first + Math.max(1, bytes >> p.shift);
        for (int i = first; i < end; i++) {
            long w = p.writes[i];
            if (w != 0) {
                if ((w & PENDING) != 0 && (int) (w >>> 32) >= clock.blockFirst && (flags & PENDING) == 0) {
                    conflict = w;
                    return IN_FLIGHT;
                }
                if ((w & flags & STRONG) == 0 && !ordered(clock, w)) {
                    conflict = w;
                    return AFTER_WRITE;
                }
            }
            long r = p.reads[i];
            if (r != 0 && (r & flags & STRONG) == 0) {
                boolean free = switch ((int) r & KIND_MASK) {
                    case ONE -> ordered(clock, r);
                    case WARP -> orderedForWarp(clock, r);
                    case MANY -> segment != (int) (r >>> 32) && ordered(clock, r);
                    default -> perBlock || (int) (r >>> 32) < clock.launchFirst;
                };
                if (!free) {
                    conflict = r;
                    return AFTER_READ;
                }
            }
            p.writes[i] = now;
        }
        return FINE;
    }

    boolean writtenSince(int offset, int segment) {
        Page p = pages[offset >> PAGE_SHIFT];
        return p != null && (int) (p.writes[(offset & PAGE_BYTES - 1) >> p.shift] >>> 32) >= segment;
    }

    /** The asynchronous copy into these bytes has landed: an ordinary write by its thread, now. */
    void land(Clock clock, int offset, int bytes) {
        Page p = page(offset, bytes);
        int first = (offset & PAGE_BYTES - 1) >> p.shift;
        for (int i = first; i < first + Math.max(1, bytes >> p.shift); i++) {
            p.writes[i] = clock.stamp | clock.thread;
        }
    }

    /** Several lanes of a warp read: it was before for all of them only if that warp has synchronised since. */
    private boolean orderedForWarp(Clock clock, long r) {
        int reader = (int) r & THREAD_MASK;
        if (reader != clock.thread || clock.segment != (int) (r >>> 32)) {
            return ordered(clock, r);
        }
        // The last reader is the writer itself; another lane read in the same warp time.
        return clock.ordered((int) (r >>> 32), reader ^ 1, (int) r >>> TIME_SHIFT);
    }
}
