package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.ptx.Operand.Register;

/**
 * Turns the instructions of an entry into operations, once, when the module is loaded. Each family has its decoder; an opcode,
 * a modifier or an operand that none of them knows is an error with file, line and text.
 */
final class Decoder {
    /** Opcodes whose first operand is not a destination. */
    private static final Set<String> NO_DESTINATION = Set.of("st", "bra", "brx", "bar", "barrier", "red", "membar", "fence",
            "cp", "ret", "exit",
            "trap", "prefetch", "prefetchu", "nanosleep");

    final PtxModule module;
    final PtxModule.Entry entry;
    final Slots slots;
    final SharedLayout shared;
    private final Map<String, Long> globals;
    private final Map<String, Integer> locals = new HashMap<>();
    private final Map<String, Integer> parameters = new HashMap<>();
    private final int localBytes;

    private Decoder(PtxModule module, PtxModule.Entry entry, Map<String, Long> globals) {
        this.module = module;
        this.entry = entry;
        this.globals = globals;
        slots = new Slots(entry.registers());
        List<PtxModule.Variable> sharedVariables = new ArrayList<>();
        for (PtxModule.Variable v : module.variables()) {
            if (v.space() == PtxModule.Space.SHARED && (v.extern() || mentioned(v.name()))) {
                sharedVariables.add(v);
            }
        }
        int local = 0;
        for (PtxModule.Variable v : entry.variables()) {
            if (v.space() == PtxModule.Space.SHARED) {
                sharedVariables.add(v);
            } else {
                local = (local + v.alignment() - 1) / v.alignment() * v.alignment();
                locals.put(v.name(), local);
                local += v.bytes();
            }
        }
        localBytes = local;
        shared = new SharedLayout(sharedVariables);
        int[] offsets = Code.parameterOffsets(entry);
        for (int i = 0; i < entry.parameters().size(); i++) {
            parameters.put(entry.parameters().get(i).name(), offsets[i]);
        }
    }

    /** @param globals addresses of the module's .global and .const variables */
    static Code decode(PtxModule module, PtxModule.Entry entry, Map<String, Long> globals) {
        return new Decoder(module, entry, globals).run();
    }

    private boolean mentioned(String name) {
        return entry.instructions().stream().anyMatch(i -> i.text().contains(name));
    }

    private Code run() {
        List<PtxInstruction> source = entry.instructions();
        Step[] steps = new Step[source.size() + 1];
        for (int i = 0; i < source.size(); i++) {
            steps[i] = decode(i, source.get(i));
        }
        // A body may end without ret: it returns there (PTX ISA 9.7.11.6).
        steps[source.size()] = new Step(source.size(), new PtxInstruction(entry.line(), "end of " + entry.name(), null, "ret",
                List.of(), List.of()),
                InstructionClass.CONTROL);
        steps[source.size()].kind = Step.Kind.EXIT;
        List<Unwritten.Use> uses = new ArrayList<>();
        for (Step s : steps) {
            uses.add(use(s.source));
        }
        Unwritten.analyse(steps, uses, slots.predicates(), slots.ints(), slots.longs());
        return new Code(module, entry, steps, slots, shared, localBytes);
    }

    private Step decode(int index, PtxInstruction i) {
        Step s = new Step(index, i, InstructionClass.of(i));
        if (i.guard() != null) {
            s.guard = i.guard().register().slot();
            s.guardFlip = i.guard().negated() ? -1 : 0;
        }
        switch (i.name()) {
            case "ld", "ldu", "st", "atom", "red", "cp", "ldmatrix", "prefetch", "prefetchu" ->
                    new MemoryDecoder(this, s).decode();
            case "bra", "brx", "ret", "exit", "trap", "bar", "barrier", "shfl", "vote", "match", "redux", "activemask", "membar",
                    "fence",
                    "nanosleep", "mma" -> new ControlDecoder(this, s).decode();
            default -> new ArithmeticDecoder(this, s).decode();
        }
        return s;
    }

    private Unwritten.Use use(PtxInstruction i) {
        List<Integer> reads = new ArrayList<>();
        List<Integer> writes = new ArrayList<>();
        boolean destination = !NO_DESTINATION.contains(i.name()) || i.modifiers().contains("red") && !i.name().equals("red");
        for (int k = 0; k < i.operands().size(); k++) {
            collect(i.operands().get(k), destination && k == 0 ? writes : reads, reads);
        }
        return new Unwritten.Use(reads.stream().mapToInt(x -> x).toArray(), writes.stream().mapToInt(x -> x).toArray());
    }

    private void collect(Operand o, List<Integer> to, List<Integer> reads) {
        switch (o) {
            case Operand.Reg r -> to.add(number(r.register()));
            case Operand.Vector v -> v.elements().forEach(e -> collect(e, to, reads));
            case Operand.Pair p -> {
                collect(p.first(), to, reads);
                collect(p.second(), to, reads);
            }
            case Operand.Address a when a.base() != null -> collect(a.base(), reads, reads);
            default -> {
            }
        }
    }

    private int number(Register r) {
        return r.slot() + switch (Slots.file(r)) {
            case 0 -> 0;
            case 1 -> slots.predicates();
            default -> slots.predicates() + slots.ints();
        };
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    PtxFault error(Step s, String what) {
        return new PtxFault(module.file() + ":" + s.source.line() + ": kernel " + entry.name() + ": " + what + ": "
                + s.source.text());
    }

    /** The slot of a source of up to 32 bits. */
    int intSource(Step s, Operand o, PtxType type) {
        return switch (o) {
            case Operand.Reg r -> register(s, r, 1, type);
            case Operand.Number n -> slots.constant(false, (int) Literals.bits(n, type));
            case Operand.Special x when !SpecialRegisters.wide(x.name())
                    && SpecialRegisters.scope(x.name()) != SpecialRegisters.Scope.NOW ->
                    slots.special(x.name());
            case Operand.Symbol y -> slots.constant(false, (int) address(s, y));
            default -> throw error(s, "operand " + o + " is not a value of 32 bits");
        };
    }

    int longSource(Step s, Operand o, PtxType type) {
        return switch (o) {
            case Operand.Reg r -> register(s, r, 2, type);
            case Operand.Number n -> slots.constant(true, Literals.bits(n, type));
            case Operand.Special x when SpecialRegisters.wide(x.name())
                    && SpecialRegisters.scope(x.name()) != SpecialRegisters.Scope.NOW ->
                    slots.special(x.name());
            case Operand.Symbol y -> slots.constant(true, address(s, y));
            default -> throw error(s, "operand " + o + " is not a value of 64 bits");
        };
    }

    /**
     * The slot of a predicate; a negated one gets a place of its own, filled before by an operation that is added to the list.
     */
    int predicateSource(Step s, Operand o, List<Op> before) {
        if (o instanceof Operand.Number n) {
            return slots.predicate(n.value() != 0);
        }
        if (!(o instanceof Operand.Reg r) || r.register().type() != PtxType.PRED) {
            throw error(s, "operand " + o + " is not a predicate");
        }
        if (!r.negated()) {
            return r.register().slot();
        }
        int t = slots.newPredicate();
        before.add(PredicateOp.make("not", t, r.register().slot(), 0));
        return t;
    }

    int destination(Step s, Operand o, int file, PtxType type) {
        if (o instanceof Operand.Sink) {
            return file == 0 ? slots.newPredicate() : file == 1 ? slots.newInt() : slots.newLong();
        }
        if (!(o instanceof Operand.Reg r)) {
            throw error(s, "destination " + o + " is not a register");
        }
        return register(s, r, file, type);
    }

    private int register(Step s, Operand.Reg r, int file, PtxType type) {
        Register x = r.register();
        if (r.negated()) {
            throw error(s, x + " is negated, but not a predicate operand");
        }
        if (Slots.file(x) != file) {
            throw error(s, "register " + x + " is ." + x.type() + ", expected "
                    + (file == 0 ? "a predicate" : file == 1 ? "up to 32 bits" : "64 bits"));
        }
        // Operand types must agree in size, and be of the same kind or untyped (PTX ISA 9.4, type checking).
        if (type != null && type.bytes == x.type().bytes && type.kind != PtxType.Kind.BITS && x.type().kind != PtxType.Kind.BITS
                && type.isFloat() != x.type().isFloat()) {
            throw error(s, "register " + x + " is ." + x.type() + ", the instruction works on ." + type);
        }
        return x.slot();
    }

    /** The address that the name of a variable stands for. */
    long address(Step s, Operand.Symbol y) {
        SharedLayout.Place p = shared.place(y.name());
        if (p != null) {
            return p.address() + y.offset();
        }
        if (locals.containsKey(y.name())) {
            return locals.get(y.name()) + y.offset();
        }
        Long g = globals.get(y.name());
        if (g == null) {
            throw error(s, "unknown name " + y.name());
        }
        return g + y.offset();
    }

    /** Offset of a parameter, or null if the name is none. */
    Integer parameter(String name) {
        return parameters.get(name);
    }

    int label(Step s, Operand o) {
        Integer at = o instanceof Operand.Symbol y ? entry.labels().get(y.name()) : null;
        if (at == null) {
            throw error(s, "unknown label");
        }
        return at;
    }
}
