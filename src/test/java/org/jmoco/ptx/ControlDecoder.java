package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Decodes control flow, barriers and what the lanes of a warp do together (PTX ISA 9.7.11, 9.7.12, 9.7.8.6). */
final class ControlDecoder {
    private final Decoder d;
    private final Step s;
    private final PtxInstruction i;

    ControlDecoder(Decoder d, Step s) {
        this.d = d;
        this.s = s;
        i = s.source;
    }

    void decode() {
        switch (i.name()) {
            case "bra" -> branch();
            case "brx" -> indexedBranch();
            case "ret", "exit" -> s.kind = Step.Kind.EXIT;
            case "trap" -> s.op = new Op() {
                @Override
                void run(Warp w, int mask) {
                    throw new LaneFault(Integer.numberOfTrailingZeros(mask), "trap");
                }
            };
            case "nanosleep" -> s.op = new NoOp();
            case "bar", "barrier" -> barrier();
            case "membar", "fence" -> fence();
            case "shfl" -> shuffle();
            case "vote" -> vote();
            case "activemask" -> {
                need(1);
                s.op = new VoteOp(VoteOp.Kind.ACTIVE, d.destination(s, i.operands().get(0), 1, PtxType.B32), 0, 0);
            }
            case "match" -> match();
            case "redux" -> redux();
            default -> s.op = mma();
        }
    }

    private PtxFault unknown() {
        return d.error(s, "unknown instruction " + i.opcode());
    }

    private void need(int operands) {
        if (i.operands().size() != operands) {
            throw d.error(s, i.opcode() + " has " + operands + " operands, found " + i.operands().size());
        }
    }

    private Operand operand(int k) {
        return i.operands().get(k);
    }

    private int source(int k) {
        return d.intSource(s, operand(k), PtxType.B32);
    }

    // ---- 9.7.11 control flow -----------------------------------------------------------------------------------

    private void branch() {
        if (!i.modifiers().isEmpty() && !i.modifiers().equals(List.of("uni"))) {
            throw unknown();
        }
        need(1);
        s.kind = Step.Kind.BRANCH;
        s.uniform = !i.modifiers().isEmpty();
        s.target = d.label(s, operand(0));
    }

    private void indexedBranch() {
        if (!i.modifiers().getFirst().equals("idx") || !(operand(1) instanceof Operand.Symbol y)
                || !d.entry.branchTargets().containsKey(y.name())) {
            throw unknown();
        }
        s.kind = Step.Kind.INDEXED_BRANCH;
        s.indexSlot = source(0);
        s.targets = d.entry.branchTargets().get(y.name()).stream().mapToInt(t -> d.label(s, new Operand.Symbol(t, 0))).toArray();
    }

    // ---- 9.7.12.1 bar, 9.7.12.2 bar.warp.sync, 9.7.12.3 membar --------------------------------------------------

    private void barrier() {
        List<String> m = new ArrayList<>(i.modifiers());
        m.remove("aligned");
        m.remove("cta");
        if (m.equals(List.of("warp", "sync"))) {
            need(1);
            s.kind = Step.Kind.SYNC;
            s.members = source(0);
            s.op = new Op() {
                @Override
                void run(Warp w, int mask) {
                    w.sync(mask);
                    w.block.clock.at(w.time);
                }
            };
            return;
        }
        s.kind = Step.Kind.BARRIER;
        boolean arrive = m.equals(List.of("arrive"));
        if (arrive || m.equals(List.of("sync"))) {
            s.barrier = new BarrierStep(arrive, source(0), i.operands().size() > 1 ? source(1) : -1, null, 0, 0, 0);
            return;
        }
        if (m.size() != 3 || !m.getFirst().equals("red") || !Set.of("popc", "and", "or").contains(m.get(1))) {
            throw unknown();
        }
        boolean count = m.get(1).equals("popc");
        if (!m.get(2).equals(count ? "u32" : "pred")) {
            throw unknown();
        }
        Operand last = i.operands().getLast();
        if (!(last instanceof Operand.Reg r) || r.register().type() != PtxType.PRED) {
            throw d.error(s, "the last operand must be a predicate");
        }
        s.barrier = new BarrierStep(false, source(1), i.operands().size() > 3 ? source(2) : -1, m.get(1),
                d.destination(s, operand(0), count ? 1 : 0, null), r.register().slot(), r.negated() ? -1 : 0);
    }

    private void fence() {
        Set<String> known = Set.of("cta", "gl", "sys", "gpu", "cluster", "acq_rel", "sc", "acquire", "release");
        if (i.modifiers().isEmpty() || !known.containsAll(i.modifiers())) {
            throw unknown();
        }
        s.op = new FenceOp(!i.modifiers().contains("cta"));
    }

    // ---- what lanes do together --------------------------------------------------------------------------------

    /** 9.7.8.6 shfl.sync. */
    private void shuffle() {
        List<String> m = i.modifiers();
        if (m.size() != 3 || !m.get(0).equals("sync") || !m.get(2).equals("b32")) {
            throw unknown();
        }
        ShuffleOp.Mode mode = switch (m.get(1)) {
            case "up" -> ShuffleOp.Mode.UP;
            case "down" -> ShuffleOp.Mode.DOWN;
            case "bfly" -> ShuffleOp.Mode.BUTTERFLY;
            case "idx" -> ShuffleOp.Mode.INDEX;
            default -> throw unknown();
        };
        need(5);
        Operand to = operand(0);
        int p = -1;
        if (to instanceof Operand.Pair pair) {
            p = d.destination(s, pair.second(), 0, null);
            to = pair.first();
        }
        s.op = new ShuffleOp(mode, d.destination(s, to, 1, PtxType.B32), p, source(1), source(2), source(3));
        together(4);
    }

    private void together(int members) {
        s.kind = Step.Kind.SYNC;
        s.members = source(members);
    }

    /** 9.7.12.7 vote.sync. */
    private void vote() {
        need(3);
        VoteOp.Kind kind = switch (i.opcode()) {
            case "vote.sync.all.pred" -> VoteOp.Kind.ALL;
            case "vote.sync.any.pred" -> VoteOp.Kind.ANY;
            case "vote.sync.uni.pred" -> VoteOp.Kind.UNIFORM;
            case "vote.sync.ballot.b32" -> VoteOp.Kind.BALLOT;
            default -> throw unknown();
        };
        int p;
        int flip = 0;
        if (operand(1) instanceof Operand.Reg r && r.register().type() == PtxType.PRED) {
            p = r.register().slot();
            flip = r.negated() ? -1 : 0;
        } else if (operand(1) instanceof Operand.Number n) {
            p = d.slots.predicate(n.value() != 0);
        } else {
            throw d.error(s, "the source must be a predicate");
        }
        s.op = new VoteOp(kind, d.destination(s, operand(0), kind == VoteOp.Kind.BALLOT ? 1 : 0, null), p, flip);
        together(2);
    }

    /** 9.7.12.8 match.sync. */
    private void match() {
        boolean all = i.modifiers().contains("all");
        PtxType type = PtxType.named(i.modifiers().getLast());
        if (!List.of("sync", all ? "all" : "any", i.modifiers().getLast()).equals(reorder()) || type != PtxType.B32
                && type != PtxType.B64) {
            throw unknown();
        }
        need(3);
        Operand to = operand(0);
        int p = -1;
        if (to instanceof Operand.Pair pair) {
            p = d.destination(s, pair.second(), 0, null);
            to = pair.first();
        }
        boolean wide = type == PtxType.B64;
        s.op = new MatchOp(all, d.destination(s, to, 1, PtxType.B32), p, wide ? d.longSource(s, operand(1), type) : source(1),
                wide);
        together(2);
    }

    /** match.any.sync and match.sync.any are both written. */
    private List<String> reorder() {
        List<String> m = new ArrayList<>(i.modifiers());
        m.remove("sync");
        m.addFirst("sync");
        return m;
    }

    /** 9.7.12.10 redux.sync. */
    private void redux() {
        List<String> m = i.modifiers();
        AtomicOp ignored = m.size() == 3 ? AtomicOp.make(m.get(1), PtxType.named(m.get(2))) : null;
        if (ignored == null || !m.getFirst().equals("sync") || !Set.of("add", "min", "max", "and", "or", "xor").contains(m.get(1))
                || PtxType.named(m.get(2)).bytes != 4 || PtxType.named(m.get(2)).isFloat()) {
            throw unknown();
        }
        need(3);
        s.op = new ReduxOp(m.get(1), PtxType.named(m.get(2)).isSigned(), d.destination(s, operand(0), 1, null), source(1));
        together(2);
    }

    /** 9.7.13.4 mma.sync. */
    private Op mma() {
        List<String> m = i.modifiers();
        if (m.size() != 9 || !m.subList(0, 2).equals(List.of("sync", "aligned")) || !m.subList(3, 5).equals(List.of("row", "col"))
                || !m.get(5).equals("f32") || !m.get(8).equals("f32") || !m.get(6).equals(m.get(7))) {
            throw unknown();
        }
        MmaOp op = MmaOp.make(m.get(2), m.get(6));
        if (op == null) {
            throw unknown();
        }
        need(4);
        op.d = vector(0, 4, true);
        op.a = vector(1, op.aRegisters(), false);
        op.b = vector(2, op.bRegisters(), false);
        op.c = vector(3, 4, false);
        s.kind = Step.Kind.SYNC;
        s.members = -2;
        return op;
    }

    private int[] vector(int k, int count, boolean destination) {
        List<Operand> e = operand(k) instanceof Operand.Vector v ? v.elements() : List.of(operand(k));
        if (e.size() != count) {
            throw d.error(s, "operand " + k + " has " + e.size() + " registers, the shape needs " + count);
        }
        boolean accumulator = k == 0 || k == 3;
        return e.stream().mapToInt(o -> destination ? d.destination(s, o, 1, PtxType.F32)
                : d.intSource(s, o, accumulator ? PtxType.F32 : null)).toArray();
    }
}
