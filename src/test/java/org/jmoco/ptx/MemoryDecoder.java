package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Decodes what touches memory (PTX ISA 9.7.8, 9.7.12.4, 9.7.13.4.15). */
final class MemoryDecoder {
    /** Cache hints: no effect on values. */
    private static final Set<String> HINTS = Set.of("ca", "cg", "cs", "lu", "cv", "wb", "wt", "L1::evict_last",
            "L1::evict_first", "L1::no_allocate",
            "L1::evict_normal", "L1::evict_unchanged", "L2::64B", "L2::128B", "L2::256B", "weak");
    private static final Set<String> SCOPES = Set.of("cta", "cluster", "gpu", "sys");
    private static final Set<String> STRONG = Set.of("volatile", "relaxed", "acquire", "release", "acq_rel");

    private final Decoder d;
    private final Step s;
    private final PtxInstruction i;
    private final List<String> modifiers;
    private MemoryOp.Space space = MemoryOp.Space.GENERIC;
    private boolean strong;
    private boolean readOnly;
    private boolean acquires;
    private boolean releases;

    MemoryDecoder(Decoder d, Step s) {
        this.d = d;
        this.s = s;
        i = s.source;
        modifiers = new ArrayList<>(i.modifiers());
    }

    void decode() {
        switch (i.name()) {
            case "ld", "ldu" -> load();
            case "st" -> store();
            case "atom", "red" -> atomic();
            case "cp" -> copyAsync();
            case "ldmatrix" -> loadMatrix();
            default -> s.op = new NoOp(); // prefetch: no effect on values
        }
    }

    private PtxFault unknown() {
        return d.error(s, "unknown instruction " + i.opcode());
    }

    /** Takes space, hints and ordering out of the modifiers; what is left is vector and type. */
    private void takeCommon() {
        modifiers.removeIf(m -> {
            switch (m) {
                case "global" -> space = MemoryOp.Space.GLOBAL;
                case "shared", "shared::cta" -> space = MemoryOp.Space.SHARED;
                case "local" -> space = MemoryOp.Space.LOCAL;
                case "const" -> space = MemoryOp.Space.CONST;
                case "nc" -> readOnly = true;
                default -> {
                    strong |= STRONG.contains(m);
                    acquires |= m.startsWith("acq");
                    releases |= m.equals("release") || m.equals("acq_rel");
                    return HINTS.contains(m) || SCOPES.contains(m) || STRONG.contains(m);
                }
            }
            return true;
        });
    }

    private void address(MemoryOp op, Operand o) {
        if (!(o instanceof Operand.Address a)) {
            throw d.error(s, "operand " + o + " is not an address");
        }
        op.offset = a.offset();
        op.space = space;
        op.step = s.index;
        op.flags = strong ? Shadow.STRONG : 0;
        op.readOnly = readOnly;
        switch (a.base()) {
            case null -> {
                op.baseWide = true;
                op.base = d.slots.constant(true, 0);
            }
            case Operand.Reg r -> {
                op.baseWide = r.register().type().bytes == 8;
                op.base = op.baseWide ? d.longSource(s, r, null) : d.intSource(s, r, null);
                if (!op.baseWide && space != MemoryOp.Space.SHARED && space != MemoryOp.Space.LOCAL) {
                    throw d.error(s, "register " + r.register() + " has 32 bits, an address of this space 64");
                }
            }
            case Operand.Symbol y -> {
                op.baseWide = true;
                op.base = d.slots.constant(true, d.address(s, y));
            }
            default -> throw d.error(s, "operand " + o + " is not an address");
        }
    }

    private List<Operand> elements(Operand o) {
        int count = 1;
        if (modifiers.size() > 1) {
            count = switch (modifiers.removeFirst()) {
                case "v2" -> 2;
                case "v4" -> 4;
                case "v8" -> 8;
                default -> throw unknown();
            };
        }
        List<Operand> list = o instanceof Operand.Vector v ? v.elements() : List.of(o);
        if (list.size() != count) {
            throw d.error(s, "has " + list.size() + " elements, the vector type says " + count);
        }
        return list;
    }

    private PtxType type() {
        PtxType t = modifiers.size() == 1 ? PtxType.named(modifiers.getFirst()) : null;
        if (t == null || t == PtxType.PRED) {
            throw unknown();
        }
        return t;
    }

    private static boolean wide(List<Operand> elements, PtxType type) {
        for (Operand o : elements) {
            if (o instanceof Operand.Reg r) {
                return r.register().type().bytes == 8;
            }
        }
        return type.bytes == 8;
    }

    // ---- ld, st ------------------------------------------------------------------------------------------------

    private void load() {
        if (modifiers.remove("param") | modifiers.remove("param::entry")) {
            loadParameter();
            return;
        }
        takeCommon();
        List<Operand> to = elements(i.operands().get(0));
        PtxType type = type();
        LoadOp op = new LoadOp();
        address(op, i.operands().get(1));
        op.size = type.bytes;
        op.bytes = type.bytes * to.size();
        op.dstWide = wide(to, type);
        op.signShift = type.isSigned() ? 64 - 8 * type.bytes : 0;
        op.dst = new int[to.size()];
        for (int k = 0; k < op.dst.length; k++) {
            Operand o = to.get(k);
            op.dst[k] = o instanceof Operand.Sink ? -1 : d.destination(s, o, op.dstWide ? 2 : 1, type);
            if (o instanceof Operand.Reg r) {
                op.mask16 = r.register().type().bytes == 2;
                narrowEnough(r, type);
            }
        }
        s.op = op;
    }

    /** Registers may be wider than what is moved, never narrower (PTX ISA 9.4.1). */
    private void narrowEnough(Operand.Reg r, PtxType type) {
        if (r.register().type().bytes < type.bytes) {
            throw d.error(s, "register " + r.register() + " is narrower than ." + type);
        }
    }

    private void loadParameter() {
        modifiers.removeIf(HINTS::contains);
        List<Operand> to = elements(i.operands().get(0));
        PtxType type = type();
        if (!(i.operands().get(1) instanceof Operand.Address a) || !(a.base() instanceof Operand.Symbol y)
                || d.parameter(y.name()) == null) {
            throw d.error(s, "a parameter is only read by its name");
        }
        List<Op> ops = new ArrayList<>();
        boolean wide = wide(to, type);
        for (int k = 0; k < to.size(); k++) {
            int offset = d.parameter(y.name()) + (int) a.offset() + k * type.bytes;
            int dst = d.destination(s, to.get(k), wide ? 2 : 1, type);
            ops.add(LaneOps.find(wide ? "mov_b64" : "mov_b32").make(dst, d.slots.parameter(offset, type, wide)));
        }
        s.op = Sequence.of(ops);
    }

    private void store() {
        takeCommon();
        List<Operand> from = elements(i.operands().get(1));
        PtxType type = type();
        StoreOp op = new StoreOp();
        address(op, i.operands().get(0));
        op.size = type.bytes;
        op.bytes = type.bytes * from.size();
        op.srcWide = wide(from, type);
        op.src = new int[from.size()];
        for (int k = 0; k < op.src.length; k++) {
            if (from.get(k) instanceof Operand.Reg r) {
                narrowEnough(r, type);
            }
            op.src[k] = op.srcWide ? d.longSource(s, from.get(k), type) : d.intSource(s, from.get(k), type);
        }
        s.op = op;
    }

    // ---- atom, red ---------------------------------------------------------------------------------------------

    private void atomic() {
        boolean returns = i.name().equals("atom");
        takeCommon();
        modifiers.remove("noftz");
        if (modifiers.size() != 2) {
            throw unknown();
        }
        String operation = modifiers.removeFirst();
        PtxType type = type();
        AtomicOp op = AtomicOp.make(operation, type);
        if (op == null) {
            throw unknown();
        }
        int first = returns ? 1 : 0;
        address(op, i.operands().get(first));
        op.bytes = type.bytes;
        op.flags = Shadow.STRONG;
        op.acquires = acquires;
        op.releases = releases;
        boolean wide = type.bytes == 8;
        op.dst = returns && !(i.operands().get(0) instanceof Operand.Sink)
                ? d.destination(s, i.operands().get(0), wide ? 2 : 1, type) : -1;
        int sources = operation.equals("cas") ? 2 : 1;
        if (i.operands().size() != first + 1 + sources) {
            throw d.error(s, "wrong number of operands");
        }
        op.b = wide ? d.longSource(s, i.operands().get(first + 1), type) : d.intSource(s, i.operands().get(first + 1), type);
        op.c = sources == 1 ? op.b
                : wide ? d.longSource(s, i.operands().get(first + 2), type) : d.intSource(s, i.operands().get(first + 2), type);
        s.op = op;
    }

    // ---- cp.async ----------------------------------------------------------------------------------------------

    private void copyAsync() {
        switch (i.opcode()) {
            case "cp.async.commit_group" -> s.op = AsyncGroupOp.commit();
            case "cp.async.wait_all" -> s.op = AsyncGroupOp.waitAll();
            case "cp.async.wait_group" -> s.op = AsyncGroupOp.waitFor((int) ((Operand.Number) i.operands().getFirst()).value());
            default -> {
                modifiers.removeIf(HINTS::contains);
                if (!modifiers.equals(List.of("async", "shared", "global"))
                        && !modifiers.equals(List.of("async", "shared::cta", "global"))) {
                    throw unknown();
                }
                AsyncCopyOp op = new AsyncCopyOp();
                space = MemoryOp.Space.GLOBAL;
                address(op, i.operands().get(1));
                op.to = new AsyncCopyOp.Destination();
                space = MemoryOp.Space.SHARED;
                address(op.to, i.operands().get(0));
                op.bytes = size(i.operands().get(2));
                if (!Set.of(4, 8, 16).contains(op.bytes) || i.modifiers().contains("cg") && op.bytes != 16) {
                    throw d.error(s, "cp.async copies 4, 8 or 16 bytes, with .cg 16");
                }
                op.to.bytes = op.bytes;
                op.to.flags = Shadow.PENDING;
                op.sourceBytes = i.operands().size() > 3 ? d.intSource(s, i.operands().get(3), PtxType.U32)
                        : d.slots.constant(false, op.bytes);
                s.op = op;
            }
        }
    }

    private int size(Operand o) {
        if (!(o instanceof Operand.Number n)) {
            throw d.error(s, "the size must be a number");
        }
        return (int) n.value();
    }

    // ---- ldmatrix ----------------------------------------------------------------------------------------------

    private void loadMatrix() {
        boolean transpose = modifiers.remove("trans");
        takeCommon();
        LoadMatrixOp op = new LoadMatrixOp();
        int count = modifiers.size() == 5 ? List.of("x1", "x2", "", "x4").indexOf(modifiers.get(3)) + 1 : 0;
        if (count == 0 || !modifiers.equals(List.of("sync", "aligned", "m8n8", "x" + count, "b16"))) {
            throw unknown();
        }
        if (space == MemoryOp.Space.GLOBAL) {
            throw unknown();
        }
        address(op, i.operands().get(1));
        List<Operand> to = i.operands().get(0) instanceof Operand.Vector v ? v.elements() : List.of(i.operands().get(0));
        if (to.size() != count) {
            throw d.error(s, "has " + to.size() + " destinations, the instruction says " + count);
        }
        op.dst = to.stream().mapToInt(o -> d.destination(s, o, 1, PtxType.B32)).toArray();
        op.transpose = transpose;
        op.bytes = LoadMatrixOp.ROW_BYTES;
        s.kind = Step.Kind.SYNC;
        s.members = -2;
        s.op = op;
    }
}
