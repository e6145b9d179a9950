package org.jmoco.ptx;

/** A decoded instruction that works on all lanes of a warp that the mask selects. */
abstract class Op {
    /** @param mask selected lanes, not 0 */
    abstract void run(Warp w, int mask);
}
