package org.jmoco.ptx;

/**
 * Runs a warp whose lanes may stand at different instructions. The group of lanes at the lowest instruction goes first and takes
 * in whomever it meets, so that lanes which parted in a branch come together where the branch ends; no lane waits for another
 * for ever, since a group that loops is set back after a while (PTX ISA 3.1: independent thread scheduling).
 */
final class Runner {
    static final Step FINISHED = new Step(-1, null, null);
    static final Step INTERRUPTED = new Step(-2, null, null);
    /** Instructions that a group may run while others wait. */
    private static final int PATIENCE = 200_000;
    /** Warp instructions of one block after which it is taken for an endless loop. */
    private static final long ENDLESS = 2_000_000_000L;

    private final Step[] steps;
    private final Block block;
    private final Tally tally;
    private long executed;

    // The running group.
    private int pc;
    private int mask;
    /** Lowest instruction at which another runnable group stands. */
    private int meet;

    Runner(Code code, Block block) {
        steps = code.steps();
        this.block = block;
        tally = block.tally;
    }

    void startBlock() {
        executed = 0;
    }

    /** Runs a warp until it is through, stands at a barrier of the block, or has had its turn. */
    Step run(Warp w) {
        Clock clock = block.clock;
        clock.warp = w;
        clock.at(w.time);
        if (w.groups == 0) {
            push(w, 0, w.live, 0);
        }
        int left = PATIENCE;
        if (!pick(w, false)) {
            throw stuck(w);
        }
        try {
            while (true) {
                if (pc >= meet) {
                    push(w, pc, mask, 0);
                    pick(w, false);
                }
                if (--left < 0) {
                    executed += PATIENCE;
                    if (executed > ENDLESS) {
                        throw block.fault(steps[pc], w, -1, "the block has run " + executed
                                + " instructions: taken for an endless loop");
                    }
                    left = PATIENCE;
                    if (meet != Integer.MAX_VALUE) {
                        push(w, pc, mask, 0);
                        pick(w, true);
                        meet = Integer.MAX_VALUE;
                        left = PATIENCE / 100;
                    } else {
                        push(w, pc, mask, 0);
                        return INTERRUPTED;
                    }
                }
                Step s = steps[pc];
                if (s.checkGuard && (mask & ~w.definedP[s.guard]) != 0) {
                    throw new LaneFault(Integer.numberOfTrailingZeros(mask & ~w.definedP[s.guard]),
                            "its predicate was never written");
                }
                int m = s.guard < 0 ? mask : mask & (w.p[s.guard] ^ s.guardFlip);
                tally.issued[pc]++;
                tally.lanes[pc] += Integer.bitCount(m);
                switch (s.kind) {
                    case PLAIN -> {
                        if (m != 0) {
                            if (s.tracked) {
                                Unwritten.track(s, w, m);
                            }
                            s.op.run(w, m);
                        }
                        pc++;
                    }
                    case BRANCH -> branch(s, w, m);
                    case INDEXED_BRANCH -> indexedBranch(s, w, m);
                    case EXIT -> {
                        w.live &= ~m;
                        mask &= ~m;
                        pc++;
                        if (mask == 0 && !next(w)) {
                            return FINISHED;
                        }
                    }
                    case SYNC, BARRIER -> {
                        if (m != 0) {
                            int passed = meetOthers(s, w, m);
                            if (s.kind == Step.Kind.BARRIER && passed != 0) {
                                push(w, pc + 1, mask & ~m | passed, 0);
                                return s;
                            }
                            mask = mask & ~m | passed;
                        }
                        pc++;
                        if (mask == 0 && !next(w)) {
                            return FINISHED;
                        }
                    }
                }
            }
        } catch (LaneFault f) {
            throw block.fault(steps[Math.min(pc, steps.length - 1)], w, f.lane, f.getMessage());
        }
    }

    // ---- groups ------------------------------------------------------------------------------------------------

    private static void push(Warp w, int pc, int mask, int needs) {
        for (int g = 0; g < w.groups; g++) {
            if (w.groupPc[g] == pc && w.groupNeeds[g] == needs) {
                w.groupMask[g] |= mask;
                return;
            }
        }
        w.groupPc[w.groups] = pc;
        w.groupMask[w.groups] = mask;
        w.groupNeeds[w.groups++] = needs;
    }

    private static void remove(Warp w, int g) {
        int last = --w.groups;
        w.groupPc[g] = w.groupPc[last];
        w.groupMask[g] = w.groupMask[last];
        w.groupNeeds[g] = w.groupNeeds[last];
    }

    /** Makes the lowest (or the highest) runnable group the running one. */
    private boolean pick(Warp w, boolean highest) {
        int best = -1;
        for (int g = 0; g < w.groups; g++) {
            if (w.groupNeeds[g] == 0 && (best < 0 || w.groupPc[g] < w.groupPc[best] != highest)) {
                best = g;
            }
        }
        if (best < 0) {
            return false;
        }
        pc = w.groupPc[best];
        mask = w.groupMask[best];
        remove(w, best);
        findMeeting(w);
        return true;
    }

    private void findMeeting(Warp w) {
        meet = Integer.MAX_VALUE;
        for (int g = 0; g < w.groups; g++) {
            if (w.groupNeeds[g] == 0) {
                meet = Math.min(meet, w.groupPc[g]);
            }
        }
    }

    /** The running group is empty: goes on with another one. False if all lanes have exited. */
    private boolean next(Warp w) {
        if (w.groups == 0) {
            return false;
        }
        if (pick(w, false)) {
            return true;
        }
        // Lanes that a waiting group named have exited: it need not wait for them (PTX ISA 9.7.12.2).
        for (int g = 0; g < w.groups; g++) {
            int needs = w.groupNeeds[g] & w.live;
            if ((w.groupMask[g] & needs) == needs) {
                pc = w.groupPc[g];
                mask = w.groupMask[g];
                remove(w, g);
                findMeeting(w);
                return true;
            }
        }
        throw stuck(w);
    }

    private PtxFault stuck(Warp w) {
        StringBuilder text = new StringBuilder("lanes wait for each other in different places:");
        for (int g = 0; g < w.groups; g++) {
            PtxInstruction i = steps[w.groupPc[g]].source;
            text.append(String.format(" lanes %08x in line %d: %s;", w.groupMask[g], i.line(), i.text()));
        }
        Step at = steps[w.groupPc[0]];
        return block.fault(at, w, Integer.numberOfTrailingZeros(w.groupMask[0]),
                (at.kind == Step.Kind.BARRIER ? "divergent barrier: " : "divergent " + at.source.opcode() + ": ") + text);
    }

    // ---- control -----------------------------------------------------------------------------------------------

    private void branch(Step s, Warp w, int m) {
        int stay = mask & ~m;
        if (s.uniform && m != 0 && stay != 0) {
            throw new LaneFault(Integer.numberOfTrailingZeros(m), "bra.uni that not all threads of the warp take");
        }
        if (m == 0) {
            pc++;
        } else if (stay == 0) {
            pc = s.target;
        } else {
            push(w, s.target, m, 0);
            push(w, pc + 1, stay, 0);
            pick(w, false);
        }
    }

    private void indexedBranch(Step s, Warp w, int m) {
        int stay = mask & ~m;
        if (stay != 0) {
            push(w, pc + 1, stay, 0);
        }
        for (; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int index = w.r[s.indexSlot][lane];
            if (index < 0 || index >= s.targets.length) {
                throw new LaneFault(lane, "branch index " + index + " outside 0 to " + (s.targets.length - 1));
            }
            push(w, s.targets[index], 1 << lane, 0);
        }
        pick(w, false);
    }

    /**
     * The running group has come to an instruction that lanes do together. Runs it for all whose partners are there too and
     * returns them; the others wait.
     */
    private int meetOthers(Step s, Warp w, int m) {
        int passed = 0;
        while (m != 0) {
            int lane = Integer.numberOfTrailingZeros(m);
            int needs = s.members < 0 ? -1 : w.r[s.members][lane];
            int same = s.members < 0 ? m : 0;
            if (s.members >= 0) {
                for (int k = m; k != 0; k &= k - 1) {
                    int j = Integer.numberOfTrailingZeros(k);
                    same |= w.r[s.members][j] == needs ? 1 << j : 0;
                }
                if ((same & ~needs) != 0) {
                    throw new LaneFault(Integer.numberOfTrailingZeros(same & ~needs), "the thread is not in the member mask 0x"
                            + Integer.toHexString(needs) + " of the instruction that it executes");
                }
            } else if (s.members == -2 && w.live != -1) {
                throw new LaneFault(lane, "needs all 32 threads of the warp, but only 0x" + Integer.toHexString(w.live)
                        + " are there");
            }
            int there = same;
            for (int g = 0; g < w.groups; g++) {
                if (w.groupPc[g] == pc && w.groupNeeds[g] == needs) {
                    there |= w.groupMask[g];
                }
            }
            int wanted = needs & w.live;
            if ((there & wanted) == wanted) {
                for (int g = w.groups - 1; g >= 0; g--) {
                    if (w.groupPc[g] == pc && w.groupNeeds[g] == needs) {
                        remove(w, g);
                    }
                }
                Unwritten.track(s, w, there);
                if (s.op != null) {
                    s.op.run(w, there);
                }
                passed |= there;
            } else {
                push(w, pc, same, needs);
            }
            m &= ~same;
        }
        return passed;
    }
}
