package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.ptx.PtxLexer.Token;
import org.jmoco.ptx.PtxModule.Space;
import org.jmoco.ptx.PtxModule.Variable;

/**
 * Reads the PTX that nvcc writes for a translation unit of kernels (PTX ISA 4, 5, 11): module directives, variables, entries.
 * Device functions are not part of it: nvcc inlines them. Whatever else stands there is an error with file, line and text.
 */
final class PtxParser {
    private final String file;
    private final String text;
    private final List<Token> tokens;
    private int next;

    private int version;
    private int target;
    private final List<Variable> variables = new ArrayList<>();
    private final Map<String, PtxModule.Entry> entries = new LinkedHashMap<>();

    private PtxParser(String file, String text) {
        this.file = file;
        this.text = text;
        tokens = PtxLexer.tokens(file, text);
    }

    static PtxModule parse(String file, String text) {
        PtxParser p = new PtxParser(file, text);
        p.module();
        return new PtxModule(file, p.version, p.target, List.copyOf(p.variables), p.entries);
    }

    private void module() {
        while (!peek().is("")) {
            Token t = take();
            switch (t.text()) {
                case ".version" -> version = (int) Math.round(Double.parseDouble(take().text()) * 10);
                case ".target" -> target();
                case ".address_size" -> {
                    if (!take().is("64")) {
                        throw error(t, "only 64-bit addresses are supported");
                    }
                }
                case ".visible", ".weak" -> {
                }
                case ".extern", ".global", ".const", ".shared" -> variables.add(variable(t));
                case ".entry" -> entry(t);
                case ".file", ".section" -> throw error(t, "debug information is not supported: compile without -G");
                default -> throw error(t, "unknown directive " + t);
            }
        }
        if (version == 0 || target == 0) {
            throw new PtxFault(file + ": has no .version or no .target");
        }
    }

    private void target() {
        Token t = take();
        if (!t.text().matches("sm_\\d+[af]?")) {
            throw error(t, "unknown target " + t);
        }
        target = Integer.parseInt(t.text().replaceAll("\\D", ""));
        while (peek().is(",")) {
            take();
            take();
        }
    }

    // ---- variables ---------------------------------------------------------------------------------------------

    /** {@code [.extern] .space [.align n] .type name [\[size]...] [= values] ;}. */
    private Variable variable(Token first) {
        boolean extern = first.is(".extern");
        Token t = extern ? take() : first;
        Space space = switch (t.text()) {
            case ".global" -> Space.GLOBAL;
            case ".const" -> Space.CONST;
            case ".shared" -> Space.SHARED;
            case ".local" -> Space.LOCAL;
            default -> throw error(t, "unknown state space " + t);
        };
        Variable v = declarator(space, extern);
        expect(";");
        return v;
    }

    private Variable declarator(Space space, boolean extern) {
        Token t = take();
        int alignment = 0;
        int vector = 1;
        while (t.is(".align") || t.is(".v2") || t.is(".v4")) {
            if (t.is(".align")) {
                alignment = integer(take());
            } else {
                vector = t.is(".v2") ? 2 : 4;
            }
            t = take();
        }
        PtxType type = PtxType.named(t.text().substring(1));
        if (type == null || !t.text().startsWith(".")) {
            throw error(t, "unknown type " + t);
        }
        if (peek().is(".ptr")) { // attributes of a pointer parameter (PTX ISA 5.1.6.1): nothing that an execution needs
            while (peek().text().startsWith(".") || Character.isDigit(peek().text().charAt(0))) {
                take();
            }
        }
        Token name = take();
        long count = vector;
        boolean unsized = false;
        while (peek().is("[")) {
            take();
            if (peek().is("]")) {
                unsized = true;
            } else {
                count *= integer(take());
            }
            expect("]");
        }
        int element = type.bytes;
        if (alignment == 0) {
            alignment = element * vector;
        }
        byte[] initial = null;
        if (peek().is("=")) {
            take();
            initial = values(type, unsized ? -1 : (int) count);
            count = initial.length / element;
            unsized = false;
        }
        return new Variable(space, name.text(), type, alignment, unsized ? 0 : (int) (count * element), extern, initial,
                name.line());
    }

    /** {@code { a, b, {c, d} }} or one value; missing ones are zero. */
    private byte[] values(PtxType type, int count) {
        List<Long> list = new ArrayList<>();
        int depth = 0;
        do {
            Token t = take();
            if (t.is("{")) {
                depth++;
            } else if (t.is("}")) {
                depth--;
            } else if (!t.is(",")) {
                Operand.Number n = Literals.number(t.is("-") ? "-" + take().text() : t.text());
                if (n == null) {
                    throw error(t, "only numbers are supported as initial values, found " + t);
                }
                list.add(Literals.bits(n, type));
            }
        } while (depth > 0);
        byte[] bytes = new byte[(count < 0 ? list.size() : count) * type.bytes];
        for (int i = 0; i < list.size(); i++) {
            for (int b = 0; b < type.bytes; b++) {
                bytes[i * type.bytes + b] = (byte) (list.get(i) >> 8 * b);
            }
        }
        return bytes;
    }

    // ---- entries -----------------------------------------------------------------------------------------------

    private void entry(Token start) {
        String name = take().text();
        List<Variable> parameters = new ArrayList<>();
        if (peek().is("(")) {
            take();
            while (!peek().is(")")) {
                expect(".param");
                parameters.add(declarator(Space.PARAM, false));
                if (peek().is(",")) {
                    take();
                }
            }
            take();
        }
        int[] max = null;
        int[] required = null;
        while (!peek().is("{")) {
            Token t = take();
            switch (t.text()) {
                case ".maxntid" -> max = triple();
                case ".reqntid" -> required = triple();
                case ".minnctapersm", ".maxnreg", ".maxnctapersm" -> take();
                default -> throw error(t, "unknown directive of an entry " + t);
            }
        }
        BodyParser body = new BodyParser(this, name);
        body.parse();
        if (entries.containsKey(name)) {
            throw error(start, "entry " + name + " stands there twice");
        }
        entries.put(name, new PtxModule.Entry(name, start.line(), List.copyOf(parameters), max, required, body.variables(),
                body.registers(),
                body.instructions(), body.labels(), body.branchTargets()));
    }

    private int[] triple() {
        int[] xyz = {integer(take()), 1, 1};
        for (int i = 1; i < 3 && peek().is(","); i++) {
            take();
            xyz[i] = integer(take());
        }
        return xyz;
    }

    /** A variable declared inside an entry; the state space's token has been taken. */
    Variable localVariable(Token space) {
        return variable(space);
    }

    // ---- tokens ------------------------------------------------------------------------------------------------

    Token peek() {
        return tokens.get(next);
    }

    Token peek(int ahead) {
        return tokens.get(Math.min(next + ahead, tokens.size() - 1));
    }

    Token take() {
        Token t = tokens.get(next);
        if (t.is("")) {
            throw error(t, "the text ends too early");
        }
        next++;
        return t;
    }

    void expect(String sign) {
        Token t = take();
        if (!t.is(sign)) {
            throw error(t, "expected '" + sign + "', found " + t);
        }
    }

    int integer(Token t) {
        Operand.Number n = Literals.number(t.text());
        if (n == null || n.floating()) {
            throw error(t, "expected a number, found " + t);
        }
        return (int) n.value();
    }

    /** The text from one token up to and including another, white space reduced. */
    String slice(Token from, Token to) {
        return text.substring(from.at(), to.end()).replaceAll("\\s+", " ").strip();
    }

    PtxFault error(Token t, String what) {
        int from = text.lastIndexOf('\n', Math.max(0, t.at() - 1)) + 1;
        int to = text.indexOf('\n', t.at());
        return new PtxFault(file + ":" + t.line() + ": " + what + ": "
                + text.substring(Math.min(from, t.at()), to < 0 ? text.length() : to).strip());
    }

    String file() {
        return file;
    }

    static Map<String, Integer> freshLabels() {
        return new HashMap<>();
    }
}
