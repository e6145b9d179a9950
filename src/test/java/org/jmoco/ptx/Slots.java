package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.ptx.Operand.Register;

/** Places in a kernel's register files: declared registers first, then one for each literal, special register and parameter. */
final class Slots {
    record PredicateConstant(int slot, boolean value) {
    }

    private final int[] declared = new int[3];
    private int predicates;
    private int ints;
    private int longs;
    private final List<Code.Constant> constants = new ArrayList<>();
    private final List<Code.SpecialSlot> specials = new ArrayList<>();
    private final List<Code.ParameterSlot> parameters = new ArrayList<>();
    private final List<PredicateConstant> predicateConstants = new ArrayList<>();
    private final Map<Object, Integer> known = new HashMap<>();

    Slots(List<Register> registers) {
        for (Register r : registers) {
            declared[file(r)] = Math.max(declared[file(r)], r.slot() + 1);
        }
        predicates = declared[0];
        ints = declared[1];
        longs = declared[2];
    }

    /** 0 predicates, 1 up to 32 bits, 2 64 bits. */
    static int file(Register r) {
        return r.type() == PtxType.PRED ? 0 : r.type().bytes == 8 ? 2 : 1;
    }

    int declared(int file) {
        return declared[file];
    }

    int predicates() {
        return predicates;
    }

    int ints() {
        return ints;
    }

    int longs() {
        return longs;
    }

    List<Code.Constant> constants() {
        return constants;
    }

    List<Code.SpecialSlot> specials() {
        return specials;
    }

    List<Code.ParameterSlot> parameters() {
        return parameters;
    }

    List<PredicateConstant> predicateConstants() {
        return predicateConstants;
    }

    int newPredicate() {
        return predicates++;
    }

    int newInt() {
        return ints++;
    }

    int newLong() {
        return longs++;
    }

    private int next(boolean wide) {
        return wide ? longs++ : ints++;
    }

    int constant(boolean wide, long value) {
        return known.computeIfAbsent(List.of(wide, value), k -> {
            Code.Constant c = new Code.Constant(wide, next(wide), value);
            constants.add(c);
            return c.slot();
        });
    }

    int predicate(boolean value) {
        return known.computeIfAbsent(value, k -> {
            predicateConstants.add(new PredicateConstant(predicates, value));
            return predicates++;
        });
    }

    int special(String name) {
        return known.computeIfAbsent(name, k -> {
            boolean wide = SpecialRegisters.wide(name);
            Code.SpecialSlot s = new Code.SpecialSlot(wide, next(wide), name);
            specials.add(s);
            return s.slot();
        });
    }

    int parameter(int offset, PtxType type, boolean wide) {
        return known.computeIfAbsent(List.of(offset, type, wide), k -> {
            Code.ParameterSlot p = new Code.ParameterSlot(wide, next(wide), offset, type);
            parameters.add(p);
            return p.slot();
        });
    }
}
