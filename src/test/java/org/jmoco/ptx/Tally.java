package org.jmoco.ptx;

/** Counts of a launch by instruction, filled while it runs; {@link LaunchCounts} is what tests see of it. */
final class Tally {
    /** A transaction moves sectors of this many bytes (CUDA C++ Best Practices Guide, coalesced access). */
    static final int SECTOR_BYTES = 32;
    private static final int BANKS = 32;

    /** Warp instructions and lanes that took part. */
    final long[] issued;
    final long[] lanes;
    /**
     * Memory instructions of warps, bytes that their lanes moved, sectors or bank cycles that they took, and the fewest possible.
     */
    final long[] requests;
    final long[] bytes;
    final long[] cycles;
    final long[] fewest;
    private final boolean traffic;
    /** Shared side of asynchronous copies, by instruction: requests, bytes, cycles, fewest. */
    private final long[][] sharedSide;
    private final long[] seen = new long[2 * Warp.LANES];
    private long turn;
    private final long[] turns = new long[BANKS];
    private final int[] perBank = new int[BANKS];
    private final long[][] words = new long[BANKS][Warp.LANES];

    Tally(int steps, boolean traffic) {
        this.traffic = traffic;
        issued = new long[steps];
        lanes = new long[steps];
        requests = new long[steps];
        bytes = new long[steps];
        cycles = new long[steps];
        fewest = new long[steps];
        sharedSide = new long[steps][];
    }

    LaunchCounts.SharedTraffic sharedSide(int step) {
        long[] x = sharedSide[step];
        return x == null ? LaunchCounts.SharedTraffic.NONE : new LaunchCounts.SharedTraffic(x[0], x[1], x[2], x[2] - x[3]);
    }

    /** The shared side of an asynchronous copy. */
    void copyTarget(int step, long[] address, int mask, int size) {
        long[] x = sharedSide[step] == null ? sharedSide[step] = new long[4] : sharedSide[step];
        long c = cycles[step];
        long f = fewest[step];
        if (traffic) {
            banks(step, address, mask, size);
        }
        x[0]++;
        x[1] += (long) Integer.bitCount(mask) * size;
        x[2] += cycles[step] - c;
        x[3] += fewest[step] - f;
        cycles[step] = c;
        fewest[step] = f;
    }

    void access(int step, MemoryOp.Space space, long[] address, int mask, int size) {
        int active = Integer.bitCount(mask);
        requests[step]++;
        bytes[step] += (long) active * size;
        if (!traffic) {
            return;
        }
        if (space == MemoryOp.Space.SHARED) {
            banks(step, address, mask, size);
        } else if (space != MemoryOp.Space.LOCAL) {
            sectors(step, address, mask, size);
        }
    }

    /** Distance between the addresses of neighbouring lanes if it is the same for all 32, else -1. */
    private static long stride(long[] address, int mask) {
        long stride = address[1] - address[0];
        if (mask != -1 || stride < 0) {
            return -1;
        }
        long odd = 0;
        for (int i = 1; i < Warp.LANES; i++) {
            odd |= address[i] - address[i - 1] ^ stride;
        }
        return odd == 0 ? stride : -1;
    }

    /** Distinct 32-byte sectors; the fewest are those of as many bytes as the lanes touch, side by side. */
    private void sectors(int step, long[] address, int mask, int size) {
        long stride = stride(address, mask);
        if (stride == size) {
            cycles[step] += (address[0] + (long) Warp.LANES * size - 1) / SECTOR_BYTES - address[0] / SECTOR_BYTES + 1;
            fewest[step] += (Warp.LANES * size + SECTOR_BYTES - 1) / SECTOR_BYTES;
            return;
        }
        int count = 0;
        int distinct = 0;
        long last = -1;
        long lastAddress = -1;
        for (int m = mask; m != 0; m &= m - 1) {
            long a = address[Integer.numberOfTrailingZeros(m)];
            long sector = a / SECTOR_BYTES;
            if (a != lastAddress) {
                distinct++;
            }
            lastAddress = a;
            if (sector == last) {
                continue;
            }
            last = sector;
            int k = count - 1;
            while (k >= 0 && seen[k] != sector) {
                k--;
            }
            if (k < 0) {
                seen[count++] = sector;
            }
        }
        cycles[step] += count;
        fewest[step] += ((long) distinct * size + SECTOR_BYTES - 1) / SECTOR_BYTES;
    }

    /**
     * Cycles that the 32 banks of 4 bytes need: accesses of 4 bytes go by warps, of 8 by half warps, of 16 by quarters; within
     * each, different words of one bank take turns, the same word is one access.
     */
    private void banks(int step, long[] address, int mask, int size) {
        int group = size <= 4 ? 32 : size == 8 ? 16 : 8;
        long stride = stride(address, mask);
        if (stride == 0 || stride == size) {
            cycles[step] += Warp.LANES / group;
            fewest[step] += Warp.LANES / group;
            return;
        }
        for (int first = 0; first < Warp.LANES; first += group) {
            int m = mask & (group == 32 ? -1 : (1 << group) - 1 << first);
            if (m == 0) {
                continue;
            }
            turn++;
            int most = 0;
            for (; m != 0; m &= m - 1) {
                long a = address[Integer.numberOfTrailingZeros(m)];
                for (long word = a >> 2; word << 2 < a + size; word++) {
                    int bank = (int) word & BANKS - 1;
                    if (turns[bank] != turn) {
                        turns[bank] = turn;
                        perBank[bank] = 1;
                        words[bank][0] = word;
                        most = Math.max(most, 1);
                    } else if (words[bank][0] != word) {
                        most = Math.max(most, addWord(bank, word));
                    }
                }
            }
            cycles[step] += most;
            fewest[step]++;
        }
    }

    /** Another word of a bank; the number of words that the bank now has. */
    private int addWord(int bank, long word) {
        int n = perBank[bank];
        for (int k = 1; k < n; k++) {
            if (words[bank][k] == word) {
                return n;
            }
        }
        words[bank][n] = word;
        return perBank[bank] = n + 1;
    }
}
