package org.jmoco.ptx;

/** Logic on predicates of all lanes at once (PTX ISA 9.7.7). */
final class PredicateOp extends Op {
    private enum Kind {
        AND, OR, XOR, NOT, MOV
    }

    private Kind kind;
    private int dst;
    private int a;
    private int b;

    private PredicateOp() {
    }

    /** @return null if there is no such operation */
    static Op make(String name, int dst, int a, int b) {
        PredicateOp op = new PredicateOp();
        op.kind = switch (name) {
            case "and" -> Kind.AND;
            case "or" -> Kind.OR;
            case "xor" -> Kind.XOR;
            case "not" -> Kind.NOT;
            case "mov" -> Kind.MOV;
            default -> null;
        };
        op.dst = dst;
        op.a = a;
        op.b = b;
        return op.kind == null ? null : op;
    }

    @Override
    void run(Warp w, int mask) {
        int x = w.p[a];
        int y = w.p[b];
        int r = switch (kind) {
            case AND -> x & y;
            case OR -> x | y;
            case XOR -> x ^ y;
            case NOT -> ~x;
            case MOV -> x;
        };
        w.p[dst] = w.p[dst] & ~mask | r & mask;
    }
}
