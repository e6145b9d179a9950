package org.jmoco.ptx;

import java.util.Arrays;
import java.util.List;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * A decoded kernel. Literals, special registers and parameters are registers too, filled before the first instruction: so an
 * operation only ever reads registers.
 */
final class Code {
    /** A register of this width, at this slot, that holds a literal (or an address known when the module is loaded). */
    record Constant(boolean wide, int slot, long value) {
    }

    record SpecialSlot(boolean wide, int slot, String name) {
    }

    /** @param offset byte in the parameters, laid out as PTX lays them out, @param type how it is loaded */
    record ParameterSlot(boolean wide, int slot, int offset, PtxType type) {
    }

    private final PtxModule module;
    private final PtxModule.Entry entry;
    private final Step[] steps;
    private final Slots slots;
    private final SharedLayout shared;
    private final int localBytes;
    private final boolean atomics;
    private final int[][] intArrays;
    private final long[][] longArrays;

    Code(PtxModule module, PtxModule.Entry entry, Step[] steps, Slots slots, SharedLayout shared, int localBytes) {
        this.module = module;
        this.entry = entry;
        this.steps = steps;
        this.slots = slots;
        this.shared = shared;
        this.localBytes = localBytes;
        atomics = Arrays.stream(steps).anyMatch(s -> s.op instanceof AtomicOp);
        intArrays = new int[slots.ints()][];
        longArrays = new long[slots.longs()][];
        for (Constant c : slots.constants()) {
            fill(c.wide(), c.slot(), c.value());
        }
        for (ParameterSlot p : slots.parameters()) {
            fill(p.wide(), p.slot(), 0);
        }
        for (SpecialSlot x : slots.specials()) {
            if (SpecialRegisters.scope(x.name()) == SpecialRegisters.Scope.BLOCK) {
                fill(x.wide(), x.slot(), 0);
            }
        }
    }

    PtxModule module() {
        return module;
    }

    PtxModule.Entry entry() {
        return entry;
    }

    Step[] steps() {
        return steps;
    }

    SharedLayout shared() {
        return shared;
    }

    int localBytes() {
        return localBytes;
    }

    boolean hasAtomics() {
        return atomics;
    }

    int predicates() {
        return slots.predicates();
    }

    int ints() {
        return slots.ints();
    }

    int longs() {
        return slots.longs();
    }

    /** A register that is the same in all warps. */
    private void fill(boolean wide, int slot, long value) {
        if (wide) {
            if (longArrays[slot] == null) {
                longArrays[slot] = new long[Warp.LANES];
            }
            Arrays.fill(longArrays[slot], value);
        } else {
            if (intArrays[slot] == null) {
                intArrays[slot] = new int[Warp.LANES];
            }
            Arrays.fill(intArrays[slot], (int) value);
        }
    }

    /** Bytes of the arguments, laid out by the parameters' alignment (PTX ISA 7.1). */
    static byte[] parameterBytes(PtxModule.Entry entry, Object[] arguments) {
        int[] offsets = parameterOffsets(entry);
        byte[] bytes = new byte[offsets[offsets.length - 1] + 8];
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case Long l -> Allocation.LONGS.set(bytes, offsets[i], (long) l);
                case Integer v -> Allocation.INTS.set(bytes, offsets[i], (int) v);
                case Float f -> Allocation.INTS.set(bytes, offsets[i], Float.floatToRawIntBits(f));
                case Double d -> Allocation.LONGS.set(bytes, offsets[i], Double.doubleToRawLongBits(d));
                default -> throw new PtxFault("kernel " + entry.name() + ": argument " + i + " is a "
                        + arguments[i].getClass().getSimpleName());
            }
        }
        return bytes;
    }

    /** Offset of each parameter, and the end behind the last. */
    static int[] parameterOffsets(PtxModule.Entry entry) {
        int[] offsets = new int[entry.parameters().size() + 1];
        int at = 0;
        for (int i = 0; i < entry.parameters().size(); i++) {
            PtxModule.Variable p = entry.parameters().get(i);
            at = (at + p.alignment() - 1) / p.alignment() * p.alignment();
            offsets[i] = at;
            at += p.bytes();
        }
        offsets[entry.parameters().size()] = at;
        return offsets;
    }

    void startLaunch(Object[] arguments) {
        byte[] bytes = parameterBytes(entry, arguments);
        for (ParameterSlot p : slots.parameters()) {
            long v = MemoryOp.get(bytes, p.offset(), p.type().bytes);
            if (p.type().isSigned() && p.type().bytes < 8) {
                int shift = 64 - 8 * p.type().bytes;
                v = v << shift >> shift;
            }
            fill(p.wide(), p.slot(), v);
        }
    }

    void startBlock(Block b) {
        Dim grid = b.grid.grid();
        for (SpecialSlot s : slots.specials()) {
            if (SpecialRegisters.scope(s.name()) == SpecialRegisters.Scope.BLOCK) {
                fill(s.wide(), s.slot(), switch (s.name()) {
                    case "%ctaid.x" -> b.x;
                    case "%ctaid.y" -> b.y;
                    case "%ctaid.z" -> b.z;
                    case "%ntid.x" -> b.size.x();
                    case "%ntid.y" -> b.size.y();
                    case "%ntid.z" -> b.size.z();
                    case "%nctaid.x" -> grid.x();
                    case "%nctaid.y" -> grid.y();
                    case "%nctaid.z" -> grid.z();
                    case "%nwarpid" -> (b.threads + Warp.LANES - 1) / Warp.LANES;
                    case "%dynamic_smem_size" -> b.grid.sharedBytes();
                    case "%total_smem_size" -> shared.staticBytes() + b.grid.sharedBytes();
                    case "%gridid" -> b.grid.serial();
                    case "%nsmid" -> 1; // blocks run one after another
                    default -> 0;
                });
            }
        }
    }

    /** Gives a new warp its registers: own ones, and those that all warps share. */
    void giveRegisters(Warp w) {
        for (int i = 0; i < w.r.length; i++) {
            w.r[i] = intArrays[i] != null ? intArrays[i] : new int[Warp.LANES];
        }
        for (int i = 0; i < w.d.length; i++) {
            w.d[i] = longArrays[i] != null ? longArrays[i] : new long[Warp.LANES];
        }
        for (SpecialSlot s : slots.specials()) {
            if (SpecialRegisters.scope(s.name()) != SpecialRegisters.Scope.BLOCK) {
                for (int lane = 0; lane < Warp.LANES; lane++) {
                    w.r[s.slot()][lane] = perLane(s.name(), w, lane);
                }
            }
        }
        for (Slots.PredicateConstant c : slots.predicateConstants()) {
            w.p[c.slot()] = c.value() ? -1 : 0;
        }
    }

    private static int perLane(String name, Warp w, int lane) {
        int t = w.threadOf(lane);
        Dim d = w.block.size;
        return switch (name) {
            case "%tid.x" -> t % d.x();
            case "%tid.y" -> t / d.x() % d.y();
            case "%tid.z" -> t / d.x() / d.y();
            case "%laneid" -> lane;
            case "%warpid" -> w.index;
            case "%lanemask_eq" -> 1 << lane;
            case "%lanemask_lt" -> (1 << lane) - 1;
            case "%lanemask_le" -> (1 << lane) - 1 | 1 << lane;
            case "%lanemask_gt" -> ~((1 << lane) - 1 | 1 << lane);
            case "%lanemask_ge" -> -(1 << lane);
            default -> throw new IllegalStateException(name);
        };
    }

    List<String> parameterTypes() {
        return entry.parameters().stream().map(p -> p.type().toString()).toList();
    }
}
