package org.jmoco.ptx;

/** In which order the blocks of a grid run. A device promises none, so a result must not depend on it. */
public enum BlockOrder {
    /** x fastest, as most devices start. */
    FORWARD,
    /** Last block first; lanes of an atomic from the highest down. */
    REVERSE,
    /** A fixed permutation. */
    SHUFFLED;

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
