package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** In which order the blocks of a grid run. A device promises none, so a result must not depend on it. */
public enum BlockOrder {
    /** x fastest, as most devices start. */
    FORWARD,
    /** Last block first; lanes of an atomic from the highest down. */
    REVERSE,
    /** A fixed permutation. */
    SHUFFLED;

    /** Lanes of an atomic take turns from the highest down. */
    boolean lanesBackwards() {
        return this == REVERSE;
    }

    /**
     * Those of some orders in which a grid really runs otherwise: a single block has but one order, two blocks have two.
     *
     * @param atomics whether the order of an atomic's lanes matters as well
     */
    static List<BlockOrder> different(List<BlockOrder> orders, long count, boolean atomics) {
        if (orders.size() == 1 || count > 2) {
            return orders;
        }
        List<BlockOrder> different = new ArrayList<>();
        for (BlockOrder o : orders) {
            if (different.stream().noneMatch(d -> Arrays.equals(d.numbers(count), o.numbers(count))
                    && (!atomics || d.lanesBackwards() == o.lanesBackwards()))) {
                different.add(o);
            }
        }
        return different;
    }

    /** Numbers of the blocks in order of execution. */
    long[] numbers(long count) {
        long[] order = new long[Math.toIntExact(count)];
        for (int i = 0; i < order.length; i++) {
            order[i] = this == REVERSE ? count - 1 - i : i;
        }
        if (this == SHUFFLED) {
            java.util.Random random = new java.util.Random(count);
            for (int i = order.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                long t = order[i];
                order[i] = order[j];
                order[j] = t;
            }
        }
        return order;
    }
}
