package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.List;

/**
 * cp.async of a warp (PTX ISA 9.7.8.20): what is under way, by lane. The bytes are taken when the copy is issued and appear in
 * shared memory when the thread that issued it waits for it, the latest moment that the ISA allows; until then reading or writing
 * the destination is a fault, and so is changing the source.
 */
final class AsyncCopies {
    /** @param group number of the lane's commit group, -1 before it is committed */
    private record Copy(int lane, int group, byte[] bytes, int sourceBytes, Window from, int fromAt, Window to, int toAt) {
    }

    private final List<Copy> underWay = new ArrayList<>();
    private final int[] committed = new int[Warp.LANES];

    void clear() {
        underWay.clear();
        java.util.Arrays.fill(committed, 0);
    }

    void issue(int lane, byte[] bytes, int sourceBytes, Window from, int fromAt, Window to, int toAt) {
        underWay.add(new Copy(lane, -1, bytes, sourceBytes, from, fromAt, to, toAt));
    }

    void commit(int mask) {
        for (int i = 0; i < underWay.size(); i++) {
            Copy c = underWay.get(i);
            if (c.group < 0 && (mask >> c.lane & 1) != 0) {
                underWay.set(i, new Copy(c.lane, committed[c.lane], c.bytes, c.sourceBytes, c.from, c.fromAt, c.to, c.toAt));
            }
        }
        for (int lane = 0; lane < Warp.LANES; lane++) {
            committed[lane] += mask >> lane & 1;
        }
    }

    /** All but the last {@code pending} groups of these lanes are through. */
    void waitGroups(Warp w, int mask, int pending) {
        underWay.removeIf(c -> {
            boolean done = (mask >> c.lane & 1) != 0 && c.group >= 0 && c.group < committed[c.lane] - pending;
            if (done) {
                finish(w, c);
            }
            return done;
        });
    }

    /** All copies of these lanes are through, committed or not. */
    void waitAll(Warp w, int mask) {
        commit(mask);
        waitGroups(w, mask, 0);
    }

    private static void finish(Warp w, Copy c) {
        for (int i = 0; i < c.sourceBytes; i++) {
            if (c.from.data[c.fromAt + i] != c.bytes[i]) {
                throw new LaneFault(c.lane, "the source of a cp.async was changed before the copy was waited for: "
                        + c.from.allocation.describe(c.from.base + c.fromAt + i));
            }
        }
        System.arraycopy(c.bytes, 0, c.to.data, c.toAt, c.bytes.length);
        Clock clock = w.block.clock;
        clock.thread = w.threadOf(c.lane);
        c.to.shadow.land(clock, c.toAt, c.bytes.length);
    }
}
