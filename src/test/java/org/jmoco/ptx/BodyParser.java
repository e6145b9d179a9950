package org.jmoco.ptx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.ptx.Operand.Register;
import org.jmoco.ptx.PtxLexer.Token;
import org.jmoco.ptx.PtxModule.Variable;

/** Reads the body of an entry: registers, variables, labels and instructions, with nested scopes as inline assembly has them. */
final class BodyParser {
    private final PtxParser in;
    private final String entry;
    private final Deque<Map<String, Register>> scopes = new ArrayDeque<>();
    private final Deque<Map<String, String>> labelScopes = new ArrayDeque<>();
    private final List<Register> registers = new ArrayList<>();
    private final List<Variable> variables = new ArrayList<>();
    private final List<PtxInstruction> instructions = new ArrayList<>();
    private final Map<String, Integer> labels = PtxParser.freshLabels();
    private final Map<String, List<String>> branchTargets = new HashMap<>();
    /** Registers of each width: 0 predicates, 1 up to 32 bits, 2 64 bits. */
    private final int[] slots = new int[3];
    private int scopeNumber;

    BodyParser(PtxParser in, String entry) {
        this.in = in;
        this.entry = entry;
    }

    List<Variable> variables() {
        return List.copyOf(variables);
    }

    List<Register> registers() {
        return List.copyOf(registers);
    }

    List<PtxInstruction> instructions() {
        return List.copyOf(instructions);
    }

    Map<String, Integer> labels() {
        return Map.copyOf(labels);
    }

    Map<String, List<String>> branchTargets() {
        return Map.copyOf(branchTargets);
    }

    void parse() {
        in.expect("{");
        open();
        while (!scopes.isEmpty()) {
            statement();
        }
    }

    private void open() {
        scopes.push(new HashMap<>());
        // Labels are visible before they are declared, so those of an inner scope get names of their own in advance.
        Map<String, String> own = new HashMap<>();
        int depth = 1;
        int number = scopeNumber++;
        for (int i = 0; depth > 0 && !in.peek(i).is(""); i++) {
            Token t = in.peek(i);
            if (t.is("{")) {
                depth++;
            } else if (t.is("}")) {
                depth--;
            } else if (depth == 1 && in.peek(i + 1).is(":")) {
                own.put(t.text(), number == 0 ? t.text() : t.text() + "@" + number);
            }
        }
        labelScopes.push(own);
    }

    private void statement() {
        Token t = in.peek();
        if (t.is("{")) {
            in.take();
            open();
        } else if (t.is("}")) {
            in.take();
            scopes.pop();
            labelScopes.pop();
        } else if (t.is(";")) {
            in.take();
        } else if (in.peek(1).is(":")) {
            label();
        } else if (t.text().startsWith(".")) {
            directive();
        } else {
            instruction();
        }
    }

    private void label() {
        Token t = in.take();
        in.expect(":");
        if (in.peek().is(".branchtargets")) {
            in.take();
            List<String> targets = new ArrayList<>();
            do {
                targets.add(label(in.take().text()));
            } while (!in.take().is(";"));
            branchTargets.put(label(t.text()), targets);
            return;
        }
        if (labels.put(label(t.text()), instructions.size()) != null) {
            throw in.error(t, "label " + t + " stands there twice");
        }
    }

    private String label(String name) {
        for (Map<String, String> scope : labelScopes) {
            if (scope.containsKey(name)) {
                return scope.get(name);
            }
        }
        return name;
    }

    private void directive() {
        Token t = in.take();
        switch (t.text()) {
            case ".reg" -> registerDeclaration();
            case ".shared", ".local" -> variables.add(in.localVariable(t));
            case ".pragma", ".loc", ".file" -> {
                int line = t.line();
                while (!in.peek().is(";") && !(t.is(".loc") && in.peek().line() != line)) {
                    in.take();
                }
            }
            default -> throw in.error(t, "kernel " + entry + ": unknown directive " + t);
        }
    }

    private void registerDeclaration() {
        Token t = in.take();
        PtxType type = PtxType.named(t.text().substring(1));
        if (type == null) {
            throw in.error(t, "kernel " + entry + ": unknown register type " + t);
        }
        Token end;
        do {
            String name = in.take().text();
            if (in.peek().is("<")) {
                in.take();
                int count = in.integer(in.take());
                in.expect(">");
                for (int i = 0; i < count; i++) {
                    declare(name + i, type);
                }
            } else {
                declare(name, type);
            }
            end = in.take();
        } while (end.is(","));
        if (!end.is(";")) {
            throw in.error(end, "kernel " + entry + ": expected ';'");
        }
    }

    private void declare(String name, PtxType type) {
        int file = type == PtxType.PRED ? 0 : type.bytes == 8 ? 2 : 1;
        Register r = new Register(name, type, slots[file]++);
        registers.add(r);
        scopes.peek().put(name, r);
    }

    private Register register(String name) {
        for (Map<String, Register> scope : scopes) {
            Register r = scope.get(name);
            if (r != null) {
                return r;
            }
        }
        return null;
    }

    private void instruction() {
        Token first = in.peek();
        Operand.Reg guard = null;
        if (first.is("@")) {
            in.take();
            boolean negated = in.peek().is("!");
            if (negated) {
                in.take();
            }
            Token p = in.take();
            Register r = register(p.text());
            if (r == null || r.type() != PtxType.PRED) {
                throw in.error(p, "kernel " + entry + ": " + p + " is not a declared predicate");
            }
            guard = new Operand.Reg(r, negated);
        }
        Token opcode = in.take();
        List<Operand> operands = new ArrayList<>();
        Token end = in.peek();
        if (end.is(";")) {
            in.take();
        } else {
            do {
                operands.add(operand());
                end = in.take();
            } while (end.is(","));
            if (!end.is(";")) {
                throw in.error(end, "kernel " + entry + ": expected ',' or ';', found " + end);
            }
        }
        String[] parts = opcode.text().split("\\.");
        instructions.add(new PtxInstruction(first.line(), in.slice(first, end), guard, parts[0],
                List.of(parts).subList(1, parts.length), List.copyOf(operands)));
    }

    private Operand operand() {
        Token t = in.peek();
        Operand o;
        if (t.is("{")) {
            in.take();
            List<Operand> elements = new ArrayList<>();
            do {
                elements.add(operand());
            } while (in.take().is(","));
            o = new Operand.Vector(List.copyOf(elements));
        } else if (t.is("[")) {
            in.take();
            o = address();
        } else if (t.is("!")) {
            in.take();
            Token p = in.take();
            Register r = register(p.text());
            if (r == null) {
                throw in.error(p, "kernel " + entry + ": unknown register " + p);
            }
            o = new Operand.Reg(r, true);
        } else {
            o = simple();
        }
        if (in.peek().is("|")) {
            in.take();
            o = new Operand.Pair(o, operand());
        }
        return o;
    }

    private Operand address() {
        Operand base = simple();
        long offset = 0;
        while (in.peek().is("+") || in.peek().is("-")) {
            boolean minus = in.take().is("-");
            if (in.peek().is("-")) {
                in.take();
                minus = !minus;
            }
            Operand.Number n = Literals.number(in.take().text());
            offset += minus ? -n.value() : n.value();
        }
        in.expect("]");
        if (base instanceof Operand.Number n) {
            return new Operand.Address(null, n.value() + offset);
        }
        if (base instanceof Operand.Symbol s) {
            return new Operand.Address(new Operand.Symbol(s.name(), 0), s.offset() + offset);
        }
        return new Operand.Address(base, offset);
    }

    private Operand simple() {
        Token t = in.take();
        String name = t.text();
        if (name.equals("-")) {
            name = "-" + in.take().text();
        }
        if (name.equals("_")) {
            return new Operand.Sink();
        }
        Operand.Number n = Literals.number(name);
        if (n != null) {
            return n;
        }
        Register r = register(name);
        if (r != null) {
            return new Operand.Reg(r, false);
        }
        if (name.equals("WARP_SZ")) { // the one predefined constant (PTX ISA 4.4)
            return new Operand.Number("32", 32, false);
        }
        if (name.startsWith("%")) {
            if (!SpecialRegisters.known(name)) {
                throw in.error(t, "kernel " + entry + ": unknown register " + t);
            }
            return new Operand.Special(name);
        }
        if (!Character.isLetter(name.charAt(0)) && name.charAt(0) != '_' && name.charAt(0) != '$') {
            throw in.error(t, "kernel " + entry + ": unknown operand " + t);
        }
        if (in.peek().is("+") && Literals.number(in.peek(1).text()) != null) {
            in.take();
            return new Operand.Symbol(label(name), Literals.number(in.take().text()).value());
        }
        return new Operand.Symbol(label(name), 0);
    }
}
