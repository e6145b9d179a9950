package org.jmoco.ptx;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/**
 * Registers that are read though no path, or not every path, wrote them. A pass over the control flow finds the instructions
 * where that may be; only there lanes are checked while the kernel runs. mov and selp hand an unwritten register on: compilers
 * leave such copies where the value does not matter.
 */
final class Unwritten {
    private Unwritten() {
    }

    /** What an instruction reads and writes, as numbers of registers over all three files. */
    record Use(int[] reads, int[] writes) {
    }

    /** Registers are numbered predicates first, then ints, then longs. */
    static void analyse(Step[] steps, List<Use> uses, int predicates, int ints, int longs) {
        int n = steps.length;
        int registers = predicates + ints + longs;
        // What is known before the first instruction of each stretch without branches; a stretch is gone through at once.
        BitSet[] known = new BitSet[n + 1];
        boolean[] head = new boolean[n + 1];
        head[0] = true;
        for (Step s : steps) {
            if (s.kind == Step.Kind.BRANCH || s.kind == Step.Kind.INDEXED_BRANCH || s.kind == Step.Kind.EXIT) {
                for (int next : successors(s)) {
                    head[next] = true;
                }
            }
        }
        known[0] = new BitSet(registers);
        TreeSet<Integer> work = new TreeSet<>(List.of(0));
        while (!work.isEmpty()) {
            int first = work.pollFirst();
            BitSet state = (BitSet) known[first].clone();
            for (int i = first; i < n; i++) {
                if (i > first && head[i]) {
                    if (flow(known, i, state)) {
                        work.add(i);
                    }
                    break;
                }
                step(steps[i], uses.get(i), state);
                if (steps[i].kind == Step.Kind.BRANCH || steps[i].kind == Step.Kind.INDEXED_BRANCH
                        || steps[i].kind == Step.Kind.EXIT) {
                    for (int next : successors(steps[i])) {
                        if (next < n && flow(known, next, state)) {
                            work.add(next);
                        }
                    }
                    break;
                }
            }
        }
        int[][] unknown = new int[n][];
        BitSet state = null;
        for (int i = 0; i < n; i++) {
            state = known[i] != null ? (BitSet) known[i].clone() : head[i] ? null : state;
            if (state == null) {
                unknown[i] = new int[0];
                continue;
            }
            BitSet now = state;
            unknown[i] = Arrays.stream(uses.get(i).reads()).filter(r -> !now.get(r)).toArray();
            steps[i].checkGuard = steps[i].guard >= 0 && !now.get(steps[i].guard);
            step(steps[i], uses.get(i), state);
        }
        BitSet doubtful = new BitSet(registers);
        for (int i = 0; i < n; i++) {
            Arrays.stream(unknown[i]).forEach(doubtful::set);
            if (steps[i].checkGuard) {
                doubtful.set(steps[i].guard);
            }
        }
        for (int i = 0; i < n; i++) {
            Step s = steps[i];
            int[] notes = Arrays.stream(uses.get(i).writes()).filter(doubtful::get).toArray();
            s.checkP = part(unknown[i], 0, predicates);
            s.checkR = part(unknown[i], predicates, ints);
            s.checkD = part(unknown[i], predicates + ints, longs);
            s.noteP = part(notes, 0, predicates);
            s.noteR = part(notes, predicates, ints);
            s.noteD = part(notes, predicates + ints, longs);
            s.tracked = unknown[i].length + notes.length > 0;
        }
    }

    private static void step(Step s, Use use, BitSet state) {
        boolean sourcesKnown = true;
        if (s.passesOn) {
            for (int r : use.reads()) {
                sourcesKnown &= state.get(r);
            }
        }
        for (int r : use.writes()) {
            if (!sourcesKnown) {
                state.clear(r);
            } else if (s.guard < 0) {
                state.set(r);
            }
        }
    }

    private static int[] successors(Step s) {
        return switch (s.kind) {
            case BRANCH -> s.guard < 0 ? new int[] {s.target} : new int[] {s.target, s.index + 1};
            case INDEXED_BRANCH -> s.targets;
            case EXIT -> s.guard < 0 ? new int[0] : new int[] {s.index + 1};
            default -> new int[] {s.index + 1};
        };
    }

    private static boolean flow(BitSet[] before, int at, BitSet in) {
        if (before[at] == null) {
            before[at] = (BitSet) in.clone();
            return true;
        }
        int size = before[at].cardinality();
        before[at].and(in);
        return before[at].cardinality() != size;
    }

    private static int[] part(int[] registers, int first, int count) {
        int[] slots = Arrays.stream(registers).filter(r -> r >= first && r < first + count).map(r ->
                r - first).distinct().toArray();
        return slots.length == 0 ? null : slots;
    }

    // ---- while the kernel runs ---------------------------------------------------------------------------------

    static void track(Step s, Warp w, int mask) {
        if (s.passesOn) {
            passOn(s, w, mask);
            return;
        }
        check(s, s.checkP, w.definedP, mask);
        check(s, s.checkR, w.definedR, mask);
        check(s, s.checkD, w.definedD, mask);
        note(s.noteP, w.definedP, mask);
        note(s.noteR, w.definedR, mask);
        note(s.noteD, w.definedD, mask);
    }

    private static void check(Step s, int[] slots, int[] defined, int mask) {
        if (slots != null) {
            for (int slot : slots) {
                if ((mask & ~defined[slot]) != 0) {
                    throw new LaneFault(Integer.numberOfTrailingZeros(mask & ~defined[slot]),
                            "reads a register that nothing wrote: one of "
                            + s.source.operands().stream().filter(o ->
                                    !(o instanceof Operand.Number)).map(Unwritten::name).toList());
                }
            }
        }
    }

    private static String name(Operand o) {
        return switch (o) {
            case Operand.Reg r -> r.register().name();
            case Operand.Vector v -> v.elements().stream().map(Unwritten::name).toList().toString();
            case Operand.Address a -> a.base() == null ? "" : name(a.base());
            case Operand.Pair p -> name(p.first()) + "|" + name(p.second());
            case Operand.Symbol y -> y.name();
            case Operand.Special x -> x.name();
            default -> "";
        };
    }

    private static void note(int[] slots, int[] defined, int mask) {
        if (slots != null) {
            for (int slot : slots) {
                defined[slot] |= mask;
            }
        }
    }

    /** Destinations become exactly as written as the sources are. */
    private static void passOn(Step s, Warp w, int mask) {
        int known = mask;
        known &= all(s.checkP, w.definedP) & all(s.checkR, w.definedR) & all(s.checkD, w.definedD);
        set(s.noteP, w.definedP, mask, known);
        set(s.noteR, w.definedR, mask, known);
        set(s.noteD, w.definedD, mask, known);
    }

    private static int all(int[] slots, int[] defined) {
        int known = -1;
        if (slots != null) {
            for (int slot : slots) {
                known &= defined[slot];
            }
        }
        return known;
    }

    private static void set(int[] slots, int[] defined, int mask, int known) {
        if (slots != null) {
            for (int slot : slots) {
                defined[slot] = defined[slot] & ~mask | known;
            }
        }
    }
}
