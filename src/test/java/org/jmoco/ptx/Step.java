package org.jmoco.ptx;

/** A decoded instruction in its place. */
final class Step {
    enum Kind {
        /** Runs by itself. */
        PLAIN,
        BRANCH,
        /** Branch to one of several targets by an index. */
        INDEXED_BRANCH,
        EXIT,
        /** Runs when all lanes that it names have come to it. */
        SYNC,
        /** Barrier of the block. */
        BARRIER
    }

    final int index;
    final PtxInstruction source;
    final InstructionClass type;
    Kind kind = Kind.PLAIN;
    Op op;
    /** Predicate slot, or -1. */
    int guard = -1;
    /** All ones if the guard is negated. */
    int guardFlip;
    /** Branch target. */
    int target;
    int[] targets;
    /** Register with a branch's index. */
    int indexSlot;
    boolean uniform;
    /** Integer slot with the lanes that must take part; -1: all lanes that have not exited; -2: all 32. */
    int members = -1;
    BarrierStep barrier;

    /** Some register here is checked or noted. */
    boolean tracked;
    /** The guard itself may be unwritten. */
    boolean checkGuard;
    // Which registers may be unwritten here; null if none. Reads of them are checked, writes to them noted.
    int[] checkP;
    int[] checkR;
    int[] checkD;
    int[] noteP;
    int[] noteR;
    int[] noteD;
    /** The destination is as unwritten as the sources are (mov, selp): nothing is at fault yet. */
    boolean passesOn;

    Step(int index, PtxInstruction source, InstructionClass type) {
        this.index = index;
        this.source = source;
        this.type = type;
    }
}
