package org.jmoco.ptx;

/**
 * What a barrier instruction does (PTX ISA 9.7.12.1).
 *
 * @param arriveOnly barrier.arrive: goes on at once
 * @param idSlot integer slot with the barrier's number
 * @param countSlot integer slot with the number of threads, or -1 for all of the block
 * @param reduce popc, and, or, or null
 * @param reduceDst destination: integer slot for popc, else predicate slot
 * @param reduceSource predicate slot, @param reduceFlip all ones if it is negated
 */
record BarrierStep(boolean arriveOnly, int idSlot, int countSlot, String reduce, int reduceDst, int reduceSource,
        int reduceFlip) {
}
