package org.jmoco.ptx;

/**
 * What loads, stores and atomics have in common: addresses, bounds, alignment, and what the shadow has to say. Addresses must be
 * multiples of the access size (PTX ISA 9.7.8.8, "naturally aligned"); a vector's size is that of all its elements.
 */
abstract class MemoryOp extends Op {
    enum Space {
        GLOBAL, SHARED, LOCAL, CONST, GENERIC
    }

    /** Slot and file of the base register. */
    int base;
    boolean baseWide;
    long offset;
    Space space;
    /** Bytes of one lane's access. */
    int bytes;
    /** 0 or {@link Shadow#STRONG}. */
    int flags;
    int step;
    /** ld.global.nc: nobody may write there in the whole launch. */
    boolean readOnly;
    private Window last;

    final void addresses(Warp w, int mask) {
        long[] to = w.address;
        if (baseWide) {
            long[] from = w.d[base];
            for (int i = 0; i < Warp.LANES; i++) {
                to[i] = from[i] + offset;
            }
        } else {
            int[] from = w.r[base];
            for (int i = 0; i < Warp.LANES; i++) {
                to[i] = (from[i] & 0xffffffffL) + offset;
            }
        }
        count(w, mask);
    }

    void count(Warp w, int mask) {
        w.block.tally.access(step, space, w.address, mask, bytes);
    }

    /** The window that a lane's access falls into. */
    final Window window(Warp w, int lane, long address) {
        Window v = last;
        if (v != null && (address & bytes - 1) == 0 && address >= v.low && address + bytes <= v.high
                && v.launch == w.block.launch) {
            return v;
        }
        return find(w, lane, address);
    }

    /** The one window that all lanes' accesses fall into, or null if they are to be looked at one by one. */
    final Window common(Warp w, int mask) {
        Window v = last;
        if (v == null || v.launch != w.block.launch || flags != 0) {
            return null;
        }
        long[] at = w.address;
        long low = v.low;
        long room = v.high - bytes - low;
        long outside = room;
        long bits = 0;
        if (mask == -1) {
            for (int i = 0; i < Warp.LANES; i++) {
                outside |= at[i] - low | room - (at[i] - low); // negative if one is
                bits |= at[i];
            }
        } else {
            for (int m = mask; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                outside |= at[i] - low | room - (at[i] - low);
                bits |= at[i];
            }
        }
        return outside >= 0 && (bits & bytes - 1) == 0 ? v : null;
    }

    /** All lanes read in one window. */
    final void noteReads(Warp w, Window v, int mask) {
        int left = v.shadow.quickRead(w.block.clock, w.address, v.base, mask, bytes, w.index * Warp.LANES, v.startsUnwritten);
        if (readOnly || v.allocation != null && v.allocation.hasUnwritten()) {
            for (int m = mask & ~left; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                checkContents(w.block.clock, v, i, (int) (w.address[i] - v.base), bytes);
            }
        }
        if (v.allocation != null && v.allocation.words != null) {
            v.allocation.words.note(w.address, v.base, mask, bytes, false);
        }
        for (int m = left; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            noteRead(w, v, i, (int) (w.address[i] - v.base));
        }
    }

    /** All lanes write in one window. */
    final void noteWrites(Warp w, Window v, int mask) {
        int left = v.shadow.quickWrite(w.block.clock, w.address, v.base, mask, bytes, w.index * Warp.LANES);
        if (v.allocation != null) {
            w.unfenced |= mask;
            if (v.allocation.words != null) {
                v.allocation.words.note(w.address, v.base, mask, bytes, true);
            }
            if (v.allocation.constant) {
                left = mask;
            } else if (v.allocation.hasUnwritten()) {
                for (int m = mask & ~left; m != 0; m &= m - 1) {
                    v.allocation.markWritten((int) (w.address[Integer.numberOfTrailingZeros(m)] - v.base), bytes);
                }
            }
        }
        for (int m = left; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            noteWrite(w, v, i, (int) (w.address[i] - v.base));
        }
    }

    private Window find(Warp w, int lane, long address) {
        if ((address & bytes - 1) != 0) {
            throw new LaneFault(lane, "misaligned access: " + bytes + " bytes at " + w.block.where(space, address));
        }
        Window v = w.block.window(w, space, address, bytes, lane);
        last = v.lane < 0 ? v : null;
        return v;
    }

    final void noteRead(Warp w, Window v, int lane, int at) {
        noteRead(w, v, lane, at, bytes);
    }

    final void noteRead(Warp w, Window v, int lane, int at, int size) {
        Clock clock = w.block.clock;
        clock.thread = w.index * Warp.LANES + lane;
        int found = v.shadow.read(clock, at, size, flags, v.startsUnwritten);
        if (found != Shadow.FINE) {
            throw w.block.conflict(w, v, lane, at, size, found, false);
        }
        if (readOnly || v.allocation != null && v.allocation.hasUnwritten()) {
            checkContents(clock, v, lane, at, size);
        }
        if (v.allocation != null && v.allocation.words != null) {
            v.allocation.words.read(at, size);
        }
    }

    private void checkContents(Clock clock, Window v, int lane, int at, int size) {
        if (readOnly && v.shadow.writtenSince(at, clock.launchFirst)) {
            throw new LaneFault(lane, "ld.global.nc reads what this launch has written: " + v.allocation.describe(v.base + at));
        }
        if (v.allocation != null && v.allocation.hasUnwritten() && v.allocation.firstUnwritten(at, size) >= 0) {
            throw new LaneFault(lane, "reads memory that nothing wrote: "
                    + v.allocation.describe(v.allocation.address + v.allocation.firstUnwritten(at, size)));
        }
    }

    final void noteWrite(Warp w, Window v, int lane, int at) {
        Clock clock = w.block.clock;
        clock.thread = w.index * Warp.LANES + lane;
        int found = v.shadow.write(clock, at, bytes, flags);
        if (found != Shadow.FINE && !(found == Shadow.AFTER_WRITE && sameAsEarlierLane(w, lane))) {
            throw w.block.conflict(w, v, lane, at, bytes, found, true);
        }
        if (v.allocation != null) {
            if (v.allocation.constant) {
                throw new LaneFault(lane, "writes constant memory: " + v.allocation.describe(v.base + at));
            }
            v.allocation.markWritten(at, bytes);
            w.unfenced |= 1 << lane;
            if (v.allocation.words != null) {
                v.allocation.words.write(at, bytes);
            }
        }
    }

    /** True if an earlier lane of this very instruction writes the same to the same place. */
    boolean sameAsEarlierLane(Warp w, int lane) {
        return false;
    }

    static long get(byte[] data, int at, int size) {
        return switch (size) {
            case 1 -> data[at] & 0xff;
            case 2 -> (short) Allocation.SHORTS.get(data, at) & 0xffff;
            case 4 -> (int) Allocation.INTS.get(data, at) & 0xffffffffL;
            default -> (long) Allocation.LONGS.get(data, at);
        };
    }

    static void put(byte[] data, int at, int size, long value) {
        switch (size) {
            case 1 -> data[at] = (byte) value;
            case 2 -> Allocation.SHORTS.set(data, at, (short) value);
            case 4 -> Allocation.INTS.set(data, at, (int) value);
            default -> Allocation.LONGS.set(data, at, value);
        }
    }
}
