package org.jmoco.ptx;

import org.jmoco.backend.cuda.Launch.Dim;

/** A block that runs: shared memory, warps, barriers. One object serves all blocks of a launch, one after another. */
final class Block {
    /** Where generic addresses of shared memory start; below all global memory. */
    static final long SHARED_WINDOW = 0x7f0c_0000_0000L;
    static final long LOCAL_WINDOW = 0x7f0b_0000_0000L;
    private static final long WINDOW_BYTES = 1L << 32;
    private static final int BARRIERS = 16;

    final Code code;
    final GridLaunch grid;
    final Clock clock;
    final Tally tally;
    final long launch;
    final Dim size;
    final int threads;
    int x;
    int y;
    int z;
    /** Position among the grid's blocks, x fastest. */
    long number;
    private final byte[] shared;
    private final Shadow sharedShadow;
    private final Warp[] warps;
    private final Runner runner;

    private enum State {
        READY, WAITING, DONE
    }

    private final State[] states;
    private final Step[] waitsAt;
    private final int[] waitsFor;
    /** Threads that have come to each barrier. */
    private final int[] arrived = new int[BARRIERS];
    private final int[] expected = new int[BARRIERS];

    Block(Code code, GridLaunch grid, Clock clock, Tally tally) {
        this.code = code;
        this.grid = grid;
        this.clock = clock;
        this.tally = tally;
        launch = grid.serial();
        size = grid.block();
        threads = (int) size.count();
        shared = new byte[code.shared().size(grid.sharedBytes())];
        sharedShadow = new Shadow(shared.length, true);
        runner = new Runner(code, this);
        warps = new Warp[(threads + Warp.LANES - 1) / Warp.LANES];
        states = new State[warps.length];
        waitsAt = new Step[warps.length];
        waitsFor = new int[warps.length];
        for (int i = 0; i < warps.length; i++) {
            warps[i] = new Warp(this, i, code);
            if (code.localBytes() > 0) {
                warps[i].local = new LocalMemory(code.localBytes());
            }
        }
    }

    /** Runs one block of the grid to its end. */
    void run(long which) {
        number = which;
        x = (int) (which % grid.grid().x());
        y = (int) (which / grid.grid().x() % grid.grid().y());
        z = (int) (which / grid.grid().x() / grid.grid().y());
        clock.startBlock();
        java.util.Arrays.fill(arrived, 0);
        code.startBlock(this);
        for (int i = 0; i < warps.length; i++) {
            int count = Math.min(Warp.LANES, threads - i * Warp.LANES);
            warps[i].start(count == Warp.LANES ? -1 : (1 << count) - 1);
            states[i] = State.READY;
        }
        runner.startBlock();
        boolean more = true;
        while (more) {
            more = false;
            boolean ran = false;
            for (int i = 0; i < warps.length; i++) {
                if (states[i] == State.READY) {
                    ran = true;
                    Step at = runner.run(warps[i]);
                    if (at == Runner.FINISHED) {
                        states[i] = State.DONE;
                    } else if (at != Runner.INTERRUPTED) {
                        arrive(i, at);
                    }
                }
                more |= states[i] != State.DONE;
            }
            if (more && !ran) {
                throw stuck();
            }
        }
    }

    // ---- barriers ----------------------------------------------------------------------------------------------

    private void arrive(int warp, Step step) {
        BarrierStep b = step.barrier;
        Warp w = warps[warp];
        int id = w.r[b.idSlot()][0];
        if (id < 0 || id >= BARRIERS) {
            throw fault(step, w, -1, "barrier " + id + ": a block has barriers 0 to " + (BARRIERS - 1));
        }
        boolean all = b.countSlot() < 0;
        int count = all ? threads : w.r[b.countSlot()][0];
        if (!all && (count <= 0 || count % Warp.LANES != 0)) {
            throw fault(step, w, -1, "barrier for " + count + " threads: the number must be a multiple of 32 (PTX ISA 9.7.12.1)");
        }
        if (arrived[id] > 0 && expected[id] != count) {
            throw fault(step, w, -1, "barrier " + id + " for " + count + " threads, but others wait in it for " + expected[id]);
        }
        if (arrived[id] == 0) {
            java.util.Arrays.fill(reduced, id * 3, id * 3 + 3, 0);
            reduced[id * 3 + 1] = 1;
        }
        expected[id] = count;
        // Barriers count whole warps (PTX ISA 9.7.12.1).
        arrived[id] += all ? Math.min(Warp.LANES, threads - warp * Warp.LANES) : Warp.LANES;
        if (b.reduce() != null) {
            int lanes = w.live & (w.p[b.reduceSource()] ^ b.reduceFlip());
            reduced[id * 3] += Integer.bitCount(lanes);
            reduced[id * 3 + 1] &= lanes == w.live ? 1 : 0;
            reduced[id * 3 + 2] |= lanes != 0 ? 1 : 0;
        }
        if (!b.arriveOnly()) {
            states[warp] = State.WAITING;
            waitsAt[warp] = step;
            waitsFor[warp] = id;
            if (all) {
                checkSameBarrier(w, step, id);
            }
        }
        if (arrived[id] >= count) {
            release(id);
        }
    }

    /** Per barrier: how many lanes were true, whether all were, whether any was. */
    private final int[] reduced = new int[BARRIERS * 3];

    /** All warps of the block must meet in the same instruction, with all their threads. */
    private void checkSameBarrier(Warp w, Step step, int id) {
        for (int i = 0; i < warps.length; i++) {
            if (states[i] == State.WAITING && waitsFor[i] == id && waitsAt[i] != step) {
                throw fault(step, w, -1, "divergent barrier: other threads of the block (warp " + i + ") wait in line "
                        + waitsAt[i].source.line() + ": " + waitsAt[i].source.text());
            }
        }
        for (Warp o : warps) {
            int born = Math.min(Warp.LANES, threads - o.index * Warp.LANES);
            int all = born == Warp.LANES ? -1 : (1 << born) - 1;
            if (o.live != all) {
                throw fault(step, w, -1, "divergent barrier: thread "
                        + thread(o.threadOf(Integer.numberOfTrailingZeros(all & ~o.live)))
                        + " has exited and will never come to it");
            }
        }
    }

    private void release(int id) {
        arrived[id] = 0;
        clock.barrier();
        for (int i = 0; i < warps.length; i++) {
            warps[i].blockBarrier();
            if (states[i] == State.WAITING && waitsFor[i] == id) {
                BarrierStep b = waitsAt[i].barrier;
                Warp w = warps[i];
                if (b.reduce() != null) {
                    switch (b.reduce()) {
                        case "popc" -> java.util.Arrays.fill(w.r[b.reduceDst()], reduced[id * 3]);
                        case "and" -> w.p[b.reduceDst()] = -reduced[id * 3 + 1];
                        default -> w.p[b.reduceDst()] = -reduced[id * 3 + 2];
                    }
                }
                states[i] = State.READY;
                waitsAt[i] = null;
            }
        }
    }

    private PtxFault stuck() {
        for (int i = 0; i < warps.length; i++) {
            if (states[i] == State.WAITING) {
                return fault(waitsAt[i], warps[i], -1, "divergent barrier: " + arrived[waitsFor[i]] + " of "
                        + expected[waitsFor[i]]
                        + " threads came, and no other thread can come any more");
            }
        }
        throw new IllegalStateException("no warp can run and none waits");
    }

    // ---- fences ------------------------------------------------------------------------------------------------

    /** A thread has fenced: that covers what others wrote before they met it in a barrier. */
    void fence() {
        for (Warp w : warps) {
            w.unfencedBeforeBarrier = 0;
        }
    }

    boolean allFenced() {
        for (Warp w : warps) {
            if ((w.unfenced | w.unfencedBeforeBarrier) != 0) {
                return false;
            }
        }
        return true;
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    /** The window for an access, checked. */
    Window window(Warp w, MemoryOp.Space space, long address, int bytes, int lane) {
        return switch (space) {
            case SHARED -> sharedWindow(address, bytes, lane, 0);
            case LOCAL -> localWindow(w, address, bytes, lane);
            case GENERIC -> address >= SHARED_WINDOW && address < SHARED_WINDOW + WINDOW_BYTES
                    ? sharedWindow(address - SHARED_WINDOW, bytes, lane, SHARED_WINDOW)
                    : address >= LOCAL_WINDOW && address < LOCAL_WINDOW + WINDOW_BYTES
                            ? localWindow(w, address, bytes, lane)
                            : grid.window(address, bytes, lane);
            default -> grid.window(address, bytes, lane);
        };
    }

    private Window sharedWindow(long address, int bytes, int lane, long shift) {
        int[] range = code.shared().range(address, grid.sharedBytes());
        if (range == null || address + bytes > range[1]) {
            throw new LaneFault(lane, "out of bounds: " + bytes + " bytes at "
                    + code.shared().describe(address, grid.sharedBytes()));
        }
        int aligned = code.shared().alignment(address);
        if (aligned < bytes) {
            throw new LaneFault(lane, "misaligned access: " + bytes + " bytes at "
                    + code.shared().describe(address, grid.sharedBytes()) + ", which is declared .align " + aligned + " only");
        }
        return new Window(shared, shift, range[0] + shift, range[1] + shift, sharedShadow, null, -1, true, launch);
    }

    private Window localWindow(Warp w, long address, int bytes, int lane) {
        long shift = address >= LOCAL_WINDOW ? LOCAL_WINDOW : 0;
        Window v = w.local == null ? null : w.local.window(lane, launch, shift);
        if (v == null || address < v.low || address + bytes > v.high) {
            throw new LaneFault(lane, "out of bounds: " + bytes + " bytes at byte " + (address - shift)
                    + " of the thread's local memory ("
                    + code.localBytes() + " bytes)");
        }
        return v;
    }

    /** Where an address lies, for people. */
    String where(MemoryOp.Space space, long address) {
        return switch (space) {
            case SHARED -> code.shared().describe(address, grid.sharedBytes());
            case LOCAL -> "byte " + address + " of the thread's local memory";
            default -> "0x" + Long.toHexString(address) + ", " + (address >= SHARED_WINDOW && address < SHARED_WINDOW
                    + WINDOW_BYTES
                    ? code.shared().describe(address - SHARED_WINDOW, grid.sharedBytes()) : grid.memory().nearest(address));
        };
    }

    LaneFault conflict(Warp w, Window v, int lane, int at, int bytes, int found, boolean writes) {
        String place = v.allocation != null ? v.allocation.describe(v.base + at)
                : v.lane >= 0 ? "byte " + (at - v.lane * w.local.bytesPerLane) + " of the thread's local memory"
                        : code.shared().describe(at, grid.sharedBytes());
        String access = (writes ? "writes " : "reads ") + bytes + " bytes at " + place;
        if (found == Shadow.UNWRITTEN) {
            return new LaneFault(lane, access + ", which no thread of this block wrote");
        }
        if (found == Shadow.IN_FLIGHT) {
            return new LaneFault(lane, access + " while a cp.async into it, by thread " + thread(v.shadow.conflictThread())
                    + ", has not been waited for");
        }
        String other = found == Shadow.AFTER_WRITE ? "written" : "read";
        if (v.shadow.conflictBySeveralBlocks()) {
            return new LaneFault(lane, "race between blocks: " + access + ", which several blocks of the same launch have read");
        }
        int segment = v.shadow.conflictSegment();
        if (segment < clock.blockFirst) {
            return new LaneFault(lane, "race between blocks: " + access + ", which block "
                    + grid.blockName(clock.blockOf(segment))
                    + " of the same launch has " + other);
        }
        return new LaneFault(lane, "race: " + access + ", which thread " + thread(v.shadow.conflictThread())
                + (v.shadow.conflictBySeveral() ? " and others have " : " has ") + other
                + " with no barrier between the two");
    }

    // ---- words -------------------------------------------------------------------------------------------------

    String thread(int t) {
        return "(" + t % size.x() + "," + t / size.x() % size.y() + "," + t / size.x() / size.y() + ")";
    }

    PtxFault fault(Step step, Warp w, int lane, String what) {
        String who = lane < 0 ? "warp " + w.index : "thread " + thread(w.threadOf(lane));
        return new PtxFault("kernel " + code.entry().name() + ", " + code.module().file() + ":" + step.source.line() + ": "
                + step.source.text() + " block (" + x + "," + y + "," + z + ") " + who + ": " + what);
    }
}
