package org.jmoco.ptx;

import java.util.List;

/** An operand of an instruction as written (PTX ISA 6). */
sealed interface Operand {
    /** A register, {@code %r1}; {@code !%p1} is negated. */
    record Reg(Register register, boolean negated) implements Operand {
    }

    /** A literal: for a floating-point one its bits as f64 ({@code value}) and the text. */
    record Number(String text, long value, boolean floating) implements Operand {
    }

    /** {@code {a, b, ...}}. */
    record Vector(List<Operand> elements) implements Operand {
    }

    /** {@code [base + offset]}: base is a {@link Reg}, a {@link Symbol} or, for an absolute address, null. */
    record Address(Operand base, long offset) implements Operand {
    }

    /** The name of a variable, parameter or label, plus a constant. */
    record Symbol(String name, long offset) implements Operand {
    }

    /** A special register, {@code %tid.x} (PTX ISA 10). */
    record Special(String name) implements Operand {
    }

    /** {@code d|p}: two destinations. */
    record Pair(Operand first, Operand second) implements Operand {
    }

    /** {@code _}: result not wanted. */
    record Sink() implements Operand {
    }

    /**
     * A declared register.
     *
     * @param slot its place in the file of its width
     */
    record Register(String name, PtxType type, int slot) {
        @Override
        public String toString() {
            return name;
        }
    }
}
