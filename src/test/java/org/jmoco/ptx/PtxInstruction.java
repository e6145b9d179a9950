package org.jmoco.ptx;

import java.util.List;

/**
 * One instruction as written.
 *
 * @param line where it starts in the file
 * @param text as written, white space reduced
 * @param guard predicate that it depends on, or null
 * @param name first part of the opcode: {@code mad}
 * @param modifiers the other parts in order: {@code lo}, {@code s32}
 */
record PtxInstruction(int line, String text, Operand.Reg guard, String name, List<String> modifiers, List<Operand> operands) {
    String opcode() {
        return modifiers.isEmpty() ? name : name + "." + String.join(".", modifiers);
    }
}
