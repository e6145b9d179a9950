package org.jmoco.ptx;

/** cp.async.commit_group, wait_group and wait_all (PTX ISA 9.7.8.20.2, 9.7.8.20.3). */
final class AsyncGroupOp extends Op {
    private static final int COMMIT = -1;
    private static final int ALL = -2;
    private final int pending;

    private AsyncGroupOp(int pending) {
        this.pending = pending;
    }

    static Op commit() {
        return new AsyncGroupOp(COMMIT);
    }

    static Op waitAll() {
        return new AsyncGroupOp(ALL);
    }

    /** Waits until at most {@code pending} of the latest groups are under way. */
    static Op waitFor(int pending) {
        return new AsyncGroupOp(pending);
    }

    @Override
    void run(Warp w, int mask) {
        switch (pending) {
            case COMMIT -> w.copies.commit(mask);
            case ALL -> w.copies.waitAll(w, mask);
            default -> w.copies.waitGroups(w, mask, pending);
        }
    }
}
