package org.jmoco.ptx;

/**
 * atom and red (PTX ISA 9.7.12.4, 9.7.12.5). Lanes take turns in rising order; the ISA promises none. Integer results do not
 * depend on it; a sum of floating-point numbers does, which runs with other orders show ({@link BlockOrder}).
 */
final class AtomicOp extends MemoryOp {
    private interface Operation {
        long apply(long old, long b, long c);
    }

    /** Destination slot, or -1. */
    int dst;
    int b;
    int c;
    boolean acquires;
    boolean releases;
    private Operation operation;
    private boolean wide;

    private AtomicOp() {
    }

    /** @return null if there is no such operation on that type */
    static AtomicOp make(String name, PtxType type) {
        AtomicOp op = new AtomicOp();
        op.wide = type.bytes == 8;
        boolean wide = op.wide;
        if (type.bytes != 4 && type.bytes != 8) {
            return null;
        }
        op.operation = switch (name) {
            case "and" -> (x, y, z) -> x & y;
            case "or" -> (x, y, z) -> x | y;
            case "xor" -> (x, y, z) -> x ^ y;
            case "exch" -> (x, y, z) -> y;
            case "cas" -> (x, y, z) -> x == y ? z : x;
            case "inc" -> type != PtxType.U32 ? null : (x, y, z) -> x >= y ? 0 : x + 1;
            case "dec" -> type != PtxType.U32 ? null : (x, y, z) -> x == 0 || x > y ? y : x - 1;
            case "add" -> switch (type) {
                case F32 -> (x, y, z) -> Float.floatToRawIntBits(Bits.canonical(Float.intBitsToFloat((int) x)
                        + Float.intBitsToFloat((int) y)));
                case F64 -> (x, y, z) -> Double.doubleToRawLongBits(Double.longBitsToDouble(x) + Double.longBitsToDouble(y));
                case F16X2 -> (x, y, z) -> HalfLanes.add_rn_f16x2((int) x, (int) y);
                case BF16X2 -> (x, y, z) -> HalfLanes.add_rn_bf16x2((int) x, (int) y);
                default -> (x, y, z) -> x + y;
            };
            case "min" -> type.isFloat() || type.kind == PtxType.Kind.BITS ? null : type.isSigned()
                    ? (x, y, z) -> wide ? Math.min(x, y) : Math.min((int) x, (int) y)
                    : (x, y, z) -> Long.compareUnsigned(x, y) < 0 ? x : y;
            case "max" -> type.isFloat() || type.kind == PtxType.Kind.BITS ? null : type.isSigned()
                    ? (x, y, z) -> wide ? Math.max(x, y) : Math.max((int) x, (int) y)
                    : (x, y, z) -> Long.compareUnsigned(x, y) > 0 ? x : y;
            default -> null;
        };
        return op.operation == null ? null : op;
    }

    @Override
    void run(Warp w, int mask) {
        addresses(w, mask);
        Block block = w.block;
        int m = mask;
        while (m != 0) {
            int i = block.grid.lanesBackwards() ? 31 - Integer.numberOfLeadingZeros(m) : Integer.numberOfTrailingZeros(m);
            m &= ~(1 << i);
            Window v = window(w, i, w.address[i]);
            int at = (int) (w.address[i] - v.base);
            int fences = w.unfenced;
            noteRead(w, v, i, at);
            noteWrite(w, v, i, at);
            w.unfenced = fences;
            long y = wide ? w.d[b][i] : w.r[b][i] & 0xffffffffL;
            long z = wide ? w.d[c][i] : w.r[c][i] & 0xffffffffL;
            if (v.allocation != null) {
                block.grid.synchronise(w, w.address[i], releases);
            }
            long old = get(v.data, at, bytes);
            put(v.data, at, bytes, operation.apply(old, y, z));
            if (dst >= 0) {
                if (wide) {
                    w.d[dst][i] = old;
                } else {
                    w.r[dst][i] = (int) old;
                }
            }
        }
    }
}
