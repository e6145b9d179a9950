package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

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
    static void analyse(Step[] steps, List<Use> uses, int predicates, int ints, int longs, BitSet always) {
        int n = steps.length;
        int registers = predicates + ints + longs;
        BitSet[] before = new BitSet[n + 1];
        before[0] = (BitSet) always.clone();
        List<Integer> work = new ArrayList<>(List.of(0));
        while (!work.isEmpty()) {
            int i = work.removeLast();
            if (i >= n) {
                continue;
            }
            BitSet after = after(steps[i], uses.get(i), before[i]);
            for (int next : successors(steps[i])) {
                if (next <= n && flow(before, next, after)) {
                    work.add(next);
                }
            }
        }
        BitSet doubtful = new BitSet(registers);
        for (int i = 0; i < n; i++) {
            if (before[i] != null) {
                for (int r : uses.get(i).reads()) {
                    if (!before[i].get(r)) {
                        doubtful.set(r);
                    }
                }
                int guard = steps[i].guard;
                if (guard >= 0 && !before[i].get(guard)) {
                    doubtful.set(guard);
                    steps[i].checkGuard = true;
                }
            }
        }
        for (int i = 0; i < n; i++) {
            Step s = steps[i];
            if (before[i] == null) {
                continue;
            }
            BitSet known = before[i];
            int[] checks = java.util.Arrays.stream(uses.get(i).reads()).filter(r -> !known.get(r)).toArray();
            int[] notes = java.util.Arrays.stream(uses.get(i).writes()).filter(doubtful::get).toArray();
            s.checkP = part(checks, 0, predicates);
            s.checkR = part(checks, predicates, ints);
            s.checkD = part(checks, predicates + ints, longs);
            s.noteP = part(notes, 0, predicates);
            s.noteR = part(notes, predicates, ints);
            s.noteD = part(notes, predicates + ints, longs);
        }
    }

    private static BitSet after(Step s, Use use, BitSet before) {
        BitSet after = (BitSet) before.clone();
        boolean sourcesKnown = true;
        for (int r : use.reads()) {
            sourcesKnown &= before.get(r);
        }
        for (int r : use.writes()) {
            if (s.passesOn && !sourcesKnown) {
                after.clear(r);
            } else if (s.guard < 0) {
                after.set(r);
            }
        }
        return after;
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
        int[] slots = java.util.Arrays.stream(registers).filter(r -> r >= first && r < first + count).map(r -> r - first).distinct().toArray();
        return slots.length == 0 ? null : slots;
    }

    // ---- while the kernel runs ---------------------------------------------------------------------------------

    static void check(Step s, Warp w, int mask) {
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
                    throw new LaneFault(Integer.numberOfTrailingZeros(mask & ~defined[slot]), "reads a register that nothing wrote: one of "
                            + s.source.operands().stream().filter(o -> !(o instanceof Operand.Number)).map(Unwritten::name).toList());
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
    static void passOn(Step s, Warp w, int mask) {
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
