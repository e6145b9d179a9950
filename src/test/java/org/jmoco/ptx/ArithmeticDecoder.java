package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Decodes what a lane computes by itself: arithmetic, logic, comparison, conversion, moves. */
final class ArithmeticDecoder {
    /** Opcodes with operands narrower or wider than their type: shift amounts, field positions, wide products. */
    private static final Set<String> MIXED_WIDTHS = Set.of("shl", "shr", "mul", "mad", "bfe", "bfi", "shf", "lop3", "prmt",
            "popc", "clz", "bfind",
            "slct", "testp", "dp4a");
    private static final Set<String> ROUNDED = Set.of("add", "sub", "mul", "fma");

    private final Decoder d;
    private final Step s;
    private final PtxInstruction i;
    private final List<Op> ops = new ArrayList<>();

    ArithmeticDecoder(Decoder d, Step s) {
        this.d = d;
        this.s = s;
        i = s.source;
    }

    void decode() {
        switch (i.name()) {
            case "mov" -> mov();
            case "selp" -> selp();
            case "cvta" -> cvta();
            case "cvt" -> cvt();
            case "setp" -> setp();
            case "set" -> set();
            default -> {
                if (lastModifier().equals("pred")) {
                    predicateLogic();
                } else {
                    lanes();
                }
            }
        }
        s.op = Sequence.of(ops);
    }

    private String lastModifier() {
        return i.modifiers().isEmpty() ? "" : i.modifiers().getLast();
    }

    private PtxType type() {
        PtxType t = PtxType.named(lastModifier());
        if (t == null) {
            throw unknown();
        }
        return t;
    }

    private PtxFault unknown() {
        return d.error(s, "unknown instruction " + i.opcode());
    }

    private void need(int operands) {
        if (i.operands().size() != operands) {
            throw d.error(s, i.opcode() + " has " + operands + " operands, found " + i.operands().size());
        }
    }

    private void emit(String function, int dst, int... sources) {
        ops.add(LaneOps.find(function).make(dst, sources));
    }

    // ---- lane functions ----------------------------------------------------------------------------------------

    private void lanes() {
        PtxType type = type();
        LaneOps.Function f = find(type);
        need(f.sources() + 1);
        int[] sources = new int[4];
        for (int k = 0; k < f.sources(); k++) {
            sources[k] = source(f.source(k), i.operands().get(k + 1), type);
        }
        Class<?> r = f.result();
        int file = r == boolean.class ? 0 : LaneOps.wide(r) ? 2 : 1;
        checkWidth(i.operands().get(0), type);
        ops.add(f.make(d.destination(s, i.operands().get(0), file, type), sources));
    }

    private int source(Class<?> c, Operand o, PtxType type) {
        if (c == boolean.class) {
            return d.predicateSource(s, o, ops);
        }
        checkWidth(o, type);
        boolean wide = LaneOps.wide(c);
        PtxType t = type.bytes == 8 == wide ? type : wide ? PtxType.B64 : PtxType.B32;
        return wide ? d.longSource(s, o, t) : d.intSource(s, o, t);
    }

    private void checkWidth(Operand o, PtxType type) {
        if (o instanceof Operand.Reg r && r.register().type() != PtxType.PRED && r.register().type().bytes != type.bytes
                && !MIXED_WIDTHS.contains(i.name())) {
            throw d.error(s, "register " + r.register() + " is ." + r.register().type() + ", the instruction works on ." + type);
        }
    }

    /** The function of this instruction: by its own name, or by that of the type with the same bits. */
    private LaneOps.Function find(PtxType type) {
        List<String> parts = new ArrayList<>(i.modifiers());
        parts.replaceAll(p -> p.equals("NaN") ? "nan" : p);
        if (ROUNDED.contains(i.name()) && type.isFloat() && parts.stream().allMatch(p -> Rounding.named(p) == null)) {
            parts.addFirst("rn");
        }
        String untyped = i.name();
        for (String p : parts.subList(0, parts.size() - 1)) {
            untyped += "_" + p;
        }
        String[] names = {untyped + "_" + type, untyped + "_b" + 8 * type.bytes,
            Set.of("and", "or", "xor").contains(i.name()) && type == PtxType.B16 ? untyped + "_b32" : ""};
        for (String n : names) {
            LaneOps.Function f = n.endsWith("_b" + 8 * type.bytes) && type.isFloat() ? null : LaneOps.find(n);
            if (f != null) {
                return f;
            }
        }
        throw unknown();
    }

    private void predicateLogic() {
        boolean one = i.name().equals("not") || i.name().equals("mov");
        if (i.modifiers().size() != 1) {
            throw unknown();
        }
        need(one ? 2 : 3);
        int a = d.predicateSource(s, i.operands().get(1), ops);
        int b = one ? a : d.predicateSource(s, i.operands().get(2), ops);
        Op op = PredicateOp.make(i.name(), d.destination(s, i.operands().get(0), 0, null), a, b);
        if (op == null) {
            throw unknown();
        }
        ops.add(op);
    }

    // ---- mov, selp, cvta ---------------------------------------------------------------------------------------

    private void mov() {
        need(2);
        s.passesOn = true;
        if (i.modifiers().size() != 1) {
            throw unknown();
        }
        if (lastModifier().equals("pred")) {
            predicateLogic();
            return;
        }
        PtxType type = type();
        Operand to = i.operands().get(0);
        Operand from = i.operands().get(1);
        if (to instanceof Operand.Vector v) {
            unpack(v, from, type);
        } else if (from instanceof Operand.Vector v) {
            pack(to, v, type);
        } else if (from instanceof Operand.Special x && SpecialRegisters.scope(x.name()) == SpecialRegisters.Scope.NOW) {
            ops.add(new ClockOp(d.destination(s, to, type.bytes == 8 ? 2 : 1, type), type.bytes == 8));
        } else if (type.bytes == 8) {
            emit("mov_b64", d.destination(s, to, 2, null), d.longSource(s, from, bits(from, type)));
        } else {
            checkWidth(to, type);
            emit("mov_b32", d.destination(s, to, 1, null), d.intSource(s, from, bits(from, type)));
        }
    }

    /** mov checks sizes only; the type matters for literals. */
    private static PtxType bits(Operand from, PtxType type) {
        return from instanceof Operand.Number ? type : null;
    }

    private void pack(Operand to, Operand.Vector v, PtxType type) {
        int n = v.elements().size();
        int[] e = new int[4];
        PtxType part = n * 4 == type.bytes ? PtxType.B32 : n * 2 == type.bytes ? PtxType.B16 : PtxType.B8;
        for (int k = 0; k < n; k++) {
            e[k] = d.intSource(s, v.elements().get(k), v.elements().get(k) instanceof Operand.Number ? part : null);
        }
        String f = type.bytes + "/" + n;
        switch (f) {
            case "4/2" -> emit("pack_16", d.destination(s, to, 1, null), e);
            case "8/2" -> emit("pack_32", d.destination(s, to, 2, null), e);
            case "8/4" -> emit("pack_16x4", d.destination(s, to, 2, null), e);
            case "4/4" -> emit("pack_8x4", d.destination(s, to, 1, null), e);
            default -> throw unknown();
        }
    }

    private void unpack(Operand.Vector v, Operand from, PtxType type) {
        int n = v.elements().size();
        int width = type.bytes * 8 / n;
        String f = type.bytes == 4 && (n == 2 || n == 4) ? "bits_" + width : type.bytes == 8 && n == 2 ? "bits_32"
                : type.bytes == 8 && n == 4
                ? "bits_16_of_64" : null;
        if (f == null) {
            throw unknown();
        }
        int src = type.bytes == 8 ? d.longSource(s, from, null) : d.intSource(s, from, null);
        for (int k = 0; k < n; k++) {
            if (!(v.elements().get(k) instanceof Operand.Sink)) {
                emit(f, d.destination(s, v.elements().get(k), 1, null), src, d.slots.constant(false, k * width));
            }
        }
    }

    private void selp() {
        need(4);
        s.passesOn = true;
        PtxType type = type();
        if (i.modifiers().size() != 1) {
            throw unknown();
        }
        int c = d.predicateSource(s, i.operands().get(3), ops);
        if (type.bytes == 8) {
            emit("selp_b64", d.destination(s, i.operands().get(0), 2, type), d.longSource(s, i.operands().get(1), type),
                    d.longSource(s, i.operands().get(2), type), c);
        } else {
            checkWidth(i.operands().get(0), type);
            emit("selp_b32", d.destination(s, i.operands().get(0), 1, type), d.intSource(s, i.operands().get(1), type),
                    d.intSource(s, i.operands().get(2), type), c);
        }
    }

    private void cvta() {
        need(2);
        String f = switch (i.opcode()) {
            case "cvta.to.global.u64", "cvta.global.u64", "cvta.to.const.u64", "cvta.const.u64" -> "mov_b64";
            case "cvta.shared.u64" -> "cvta_shared";
            case "cvta.to.shared.u64" -> "cvta_to_shared";
            case "cvta.local.u64" -> "cvta_local";
            case "cvta.to.local.u64" -> "cvta_to_local";
            default -> throw unknown();
        };
        emit(f, d.destination(s, i.operands().get(0), 2, null), d.longSource(s, i.operands().get(1), null));
    }

    // ---- cvt ---------------------------------------------------------------------------------------------------

    private void cvt() {
        LaneOps.Function f = LaneOps.find("cvt_" + String.join("_", i.modifiers()));
        List<String> m = i.modifiers();
        PtxType from = PtxType.named(m.getLast());
        PtxType to = m.size() < 2 ? null : PtxType.named(m.get(m.size() - 2));
        if (from == null || to == null) {
            throw unknown();
        }
        if (f != null && registersFit(f, to, from)) {
            need(f.sources() + 1);
            int[] sources = new int[4];
            for (int k = 0; k < f.sources(); k++) {
                sources[k] = LaneOps.wide(f.source(k)) ? d.longSource(s, i.operands().get(k + 1), from)
                        : d.intSource(s, i.operands().get(k + 1), from);
            }
            ops.add(f.make(d.destination(s, i.operands().get(0), LaneOps.wide(f.result()) ? 2 : 1, to), sources));
            return;
        }
        if (to == PtxType.F16X2 || to == PtxType.BF16X2 || from == PtxType.TF32 || from == PtxType.F16X2
                || from == PtxType.BF16X2) {
            throw unknown();
        }
        need(2);
        ConvertOp op = new ConvertOp();
        op.from = from;
        op.to = to;
        for (String x : m.subList(0, m.size() - 2)) {
            Rounding r = Rounding.named(x);
            if (r != null && op.rounding == null) {
                op.rounding = r;
                op.integral = x.endsWith("i");
            } else if (x.equals("sat")) {
                op.saturate = true;
            } else if (x.equals("ftz")) {
                op.flush = true;
            } else {
                throw unknown();
            }
        }
        boolean narrows = to.isFloat() && from.isFloat() && to.bytes < from.bytes || to == PtxType.TF32
                || to.isFloat() != from.isFloat() || to == PtxType.BF16 && from == PtxType.F16 || to == PtxType.F16
                        && from == PtxType.BF16;
        if (narrows && op.rounding == null || !to.isFloat() && from.isFloat() && !op.integral) {
            throw d.error(s, "this conversion needs a rounding modifier (PTX ISA 9.7.8.18)");
        }
        if (to == PtxType.F64 && op.rounding != null && op.rounding != Rounding.RN && !op.integral) {
            throw unknown();
        }
        op.srcWide = isWide(i.operands().get(1), from);
        op.dstWide = isWide(i.operands().get(0), to);
        op.dst16 = i.operands().get(0) instanceof Operand.Reg r && r.register().type().bytes == 2;
        op.src = op.srcWide ? d.longSource(s, i.operands().get(1), from) : d.intSource(s, i.operands().get(1), from);
        op.dst = d.destination(s, i.operands().get(0), op.dstWide ? 2 : 1, to);
        ops.add(op);
    }

    private static boolean isWide(Operand o, PtxType type) {
        return o instanceof Operand.Reg r ? r.register().type().bytes == 8 : type.bytes == 8;
    }

    /** Sources and destinations may be wider than the types; then the general conversion is used. */
    private boolean registersFit(LaneOps.Function f, PtxType to, PtxType from) {
        for (int k = 0; k < i.operands().size(); k++) {
            PtxType t = k == 0 ? to : from;
            if (i.operands().get(k) instanceof Operand.Reg r && r.register().type().bytes != t.bytes) {
                return false;
            }
        }
        return f.sources() + 1 == i.operands().size();
    }

    // ---- comparison --------------------------------------------------------------------------------------------

    private void setp() {
        List<String> m = new ArrayList<>(i.modifiers());
        PtxType type = type();
        String compare = m.removeFirst();
        m.removeLast();
        boolean flush = m.remove("ftz");
        String combine = m.isEmpty() ? null : m.removeFirst();
        if (!m.isEmpty()) {
            throw unknown();
        }
        need(combine == null ? 3 : 4);
        Operand first = i.operands().get(0);
        Operand second = null;
        if (first instanceof Operand.Pair p) {
            first = p.first();
            second = p.second();
        }
        int result = d.slots.newPredicate();
        compare(compare, type, flush, i.operands().get(1), i.operands().get(2), result);
        if (combine == null) {
            ops.add(PredicateOp.make("mov", d.destination(s, first, 0, null), result, result));
            if (second != null) {
                ops.add(PredicateOp.make("not", d.destination(s, second, 0, null), result, result));
            }
            return;
        }
        // p = compare op c, q = !compare op c; c is read before either is written.
        int c = d.predicateSource(s, i.operands().get(3), ops);
        int c2 = d.slots.newPredicate();
        int inverse = d.slots.newPredicate();
        ops.add(PredicateOp.make("mov", c2, c, c));
        ops.add(PredicateOp.make("not", inverse, result, result));
        Op op = PredicateOp.make(combine, d.destination(s, first, 0, null), result, c2);
        if (op == null || combine.equals("not") || combine.equals("mov")) {
            throw unknown();
        }
        ops.add(op);
        if (second != null) {
            ops.add(PredicateOp.make(combine, d.destination(s, second, 0, null), inverse, c2));
        }
    }

    private void compare(String operator, PtxType type, boolean flush, Operand a, Operand b, int result) {
        checkWidth(a, type);
        checkWidth(b, type);
        if (type == PtxType.F16 || type == PtxType.BF16) {
            int x = d.slots.newInt();
            int y = d.slots.newInt();
            emit("cvt_f32_" + type, x, d.intSource(s, a, type));
            emit("cvt_f32_" + type, y, d.intSource(s, b, type));
            comparison(operator, PtxType.F32, result, x, y);
            return;
        }
        boolean wide = type.bytes == 8;
        int x = wide ? d.longSource(s, a, type) : d.intSource(s, a, type);
        int y = wide ? d.longSource(s, b, type) : d.intSource(s, b, type);
        if (flush && type == PtxType.F32) {
            int fx = d.slots.newInt();
            int fy = d.slots.newInt();
            emit("flush_f32", fx, x);
            emit("flush_f32", fy, y);
            x = fx;
            y = fy;
        }
        comparison(operator, type, result, x, y);
    }

    private void comparison(String operator, PtxType type, int result, int x, int y) {
        String name = switch (operator) {
            case "lo" -> "lt";
            case "ls" -> "le";
            case "hi" -> "gt";
            case "hs" -> "ge";
            default -> operator;
        };
        boolean equality = name.equals("eq") || name.equals("ne");
        String t = type.isFloat() ? type.toString() : equality ? type.bytes == 8 ? "b64" : "b32"
                : type == PtxType.U16 ? "u32" : type.toString();
        LaneOps.Function f = LaneOps.find(name + "_" + t);
        if (f == null || f.result() != boolean.class) {
            throw unknown();
        }
        ops.add(f.make(result, x, y));
    }

    /** set: all ones, or 1.0, where the comparison holds. */
    private void set() {
        List<String> m = i.modifiers();
        PtxType from = type();
        PtxType to = m.size() < 3 ? null : PtxType.named(m.get(m.size() - 2));
        boolean flush = m.size() == 4 && m.get(1).equals("ftz");
        if (to == null || to.bytes != 4 || m.size() != (flush ? 4 : 3)) {
            throw unknown();
        }
        need(3);
        int p = d.slots.newPredicate();
        compare(m.getFirst(), from, flush, i.operands().get(1), i.operands().get(2), p);
        int yes = d.slots.constant(false, to == PtxType.F32 ? Float.floatToRawIntBits(1f) : -1);
        emit("selp_b32", d.destination(s, i.operands().get(0), 1, to), yes, d.slots.constant(false, 0), p);
    }
}
