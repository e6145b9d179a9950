package org.jmoco.ptx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/** One block of device memory with its bytes, which of them were ever written, and its named parts. */
final class Allocation {
    static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** Part of an allocation that is one buffer: accesses from inside it may not leave it. */
    record Range(String name, long address, long bytes) {
        long end() {
            return address + bytes;
        }
    }

    final String what;
    final long address;
    final byte[] data;
    final Shadow shadow;
    /** Who touches it between a fork and its join; null outside of that. */
    ForkWatch.Words words;
    private final TreeMap<Long, Range> ranges = new TreeMap<>();
    /** A set bit marks a byte that nothing wrote; null while there is none. */
    private long[] unwritten;
    private boolean freed;
    /** A .const variable: kernels may not write it. */
    boolean constant;

    Allocation(String what, long address, int bytes) {
        this.what = what;
        this.address = address;
        data = new byte[bytes];
        shadow = new Shadow(bytes, false);
    }

    long end() {
        return address + data.length;
    }

    boolean freed() {
        return freed;
    }

    void free() {
        freed = true;
    }

    // ---- written or not ----------------------------------------------------------------------------------------

    boolean hasUnwritten() {
        return unwritten != null;
    }

    /** Fills bytes with 0xff, a NaN in every floating type, and takes them for never written. */
    void poison(int offset, int bytes) {
        if (unwritten == null) {
            unwritten = new long[(data.length + 63) / 64];
        }
        java.util.Arrays.fill(data, offset, offset + bytes, (byte) -1);
        for (int i = offset; i < offset + bytes; i += inWord(i, offset + bytes)) {
            unwritten[i >> 6] |= marks(i, offset + bytes);
        }
    }

    /** Bytes from {@code i} to {@code end} whose marks are in the word of the first. */
    private static int inWord(int i, int end) {
        return Math.min(end - i, Long.SIZE - (i & Long.SIZE - 1));
    }

    /** Their marks. */
    private static long marks(int i, int end) {
        return -1L >>> -inWord(i, end) << i;
    }

    void markWritten(int offset, int bytes) {
        if (unwritten != null) {
            for (int i = offset; i < offset + bytes; i += inWord(i, offset + bytes)) {
                unwritten[i >> 6] &= ~marks(i, offset + bytes);
            }
        }
    }

    /** The first byte in the range that nothing wrote, or -1. */
    int firstUnwritten(int offset, int bytes) {
        if (unwritten != null) {
            for (int i = offset; i < offset + bytes; i += inWord(i, offset + bytes)) {
                long found = unwritten[i >> 6] & marks(i, offset + bytes);
                if (found != 0) {
                    return (i & -Long.SIZE) + Long.numberOfTrailingZeros(found);
                }
            }
        }
        return -1;
    }

    /** A copy of the marks, to give back to {@link #restoreUnwritten}. */
    long[] unwrittenMarks() {
        return unwritten == null ? null : unwritten.clone();
    }

    void restoreUnwritten(long[] marks) {
        unwritten = marks == null ? null : marks.clone();
    }

    // ---- parts -------------------------------------------------------------------------------------------------

    boolean hasRanges() {
        return !ranges.isEmpty();
    }

    void declare(Range range) {
        Map.Entry<Long, Range> before = ranges.lowerEntry(range.end());
        if (before != null && before.getValue().end() > range.address() && !before.getValue().equals(range)) {
            throw new IllegalArgumentException("range " + range.name() + " overlaps " + before.getValue().name() + " in " + what);
        }
        ranges.put(range.address(), range);
    }

    void forgetRanges() {
        ranges.clear();
    }

    /** The declared part that holds this address, or null. */
    Range rangeAt(long at) {
        Map.Entry<Long, Range> e = ranges.floorEntry(at);
        return e == null || at >= e.getValue().end() ? null : e.getValue();
    }

    /** Where an address lies, for people. */
    String describe(long at) {
        StringBuilder text = new StringBuilder();
        if (at >= end()) {
            text.append(at == end() ? "directly" : at - end() + " bytes").append(" behind the end of ");
        } else if (at < address) {
            text.append(address - at).append(" bytes before ");
        } else {
            text.append("byte ").append(at - address).append(" of ");
        }
        text.append("'").append(what).append("' (").append(data.length).append(" bytes at 0x").append(Long.toHexString(address));
        text.append(freed ? ", freed)" : ")");
        Range in = rangeAt(at);
        if (in != null) {
            text.append(", byte ").append(at - in.address()).append(" of its part '").append(in.name()).append("' (")
                    .append(in.bytes()).append(" bytes)");
        } else if (hasRanges() && at >= address && at < end()) {
            Map.Entry<Long, Range> before = ranges.floorEntry(at);
            if (before != null) {
                text.append(", ").append(at - before.getValue().end()).append(" bytes behind the end of its part '")
                        .append(before.getValue().name()).append("' (").append(before.getValue().bytes()).append(" bytes)");
            }
        }
        return text.toString();
    }
}
