package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.jmoco.backend.cpu.VectorAssembler.R10;
import static org.jmoco.backend.cpu.VectorAssembler.R11;
import static org.jmoco.backend.cpu.VectorAssembler.R9;
import static org.jmoco.backend.cpu.VectorAssembler.RAX;
import static org.jmoco.backend.cpu.VectorAssembler.RCX;
import static org.jmoco.backend.cpu.VectorAssembler.RDI;
import static org.jmoco.backend.cpu.VectorAssembler.RSI;
import static org.jmoco.backend.cpu.VectorAssembler.RSP;
import static org.jmoco.backend.cpu.VectorAssembler.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.DoubleBinaryOperator;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Vectors of 512 bits: every instruction is executed, with registers of all four quarters, and its result compared with Java's.
 */
class WideVectorsTest {
    private static final int[] REGISTERS = {0, 7, 8, 15, 16, 21, 24, 31};
    private static final int BYTES = 64;
    private static final int INPUTS = 4 * BYTES; // and as many outputs, 4 KiB behind them

    /** The two types that arithmetic works on. */
    enum Element {
        F32(DType.F32),
        F64(DType.F64);

        final DType type;
        final int lanes;

        Element(DType type) {
            this.type = type;
            lanes = BYTES / type.bytes;
        }

        /** Input {@code i}, of its type. */
        double input(int i) {
            return i + 0.25;
        }

        double round(double v) {
            return this == F32 ? (float) v : v;
        }

        double fma(double a, double b, double c) {
            return this == F32 ? Math.fma((float) a, (float) b, (float) c) : Math.fma(a, b, c);
        }
    }

    @BeforeAll
    static void needsTheProcessor() {
        assumeTrue(MachineCode.supported() && InstructionSet.widest() == InstructionSet.AVX512, "no AVX-512 here");
    }

    /** Elements at rsi after the code ran, NaN where it wrote nothing; rdi has the inputs. */
    private static double[] run(Element e, Consumer<VectorAssembler> body) {
        VectorAssembler a = new VectorAssembler(InstructionSet.AVX512, e.type);
        body.accept(a);
        a.zeroUpper();
        a.ret();
        try (NativeMemory memory = NativeMemory.allocate("test", 8192); MachineCode code = new MachineCode(a.code())) {
            for (int i = 0; i < INPUTS / e.type.bytes; i++) {
                if (e == Element.F32) {
                    memory.segment().setAtIndex(JAVA_FLOAT, i, (float) e.input(i));
                } else {
                    memory.segment().setAtIndex(JAVA_DOUBLE, i, e.input(i));
                }
            }
            for (int i = 4096; i < 8192; i++) {
                memory.segment().set(JAVA_BYTE, i, (byte) 0xff); // NaN in both
            }
            code.call(memory.address(), memory.address() + 4096, 1);
            double[] out = new double[4096 / e.type.bytes];
            for (int i = 0; i < out.length; i++) {
                long at = 4096 + (long) i * e.type.bytes;
                out[i] = e == Element.F32 ? memory.segment().get(JAVA_FLOAT, at) : memory.segment().get(JAVA_DOUBLE, at);
            }
            return out;
        }
    }

    private interface Operation {
        void write(VectorAssembler a, int to, int x, int y);
    }

    /** Inputs x and y are the first and the second vector. */
    private static void check(Element e, String what, DoubleBinaryOperator expected, Operation operation) {
        for (int to : REGISTERS) {
            for (int x : REGISTERS) {
                for (int y : REGISTERS) {
                    if (x == y) {
                        continue;
                    }
                    double[] out = run(e, a -> {
                        a.load(x, at(RDI, 0));
                        a.load(y, at(RDI, BYTES));
                        operation.write(a, to, x, y);
                        a.store(at(RSI, 0), to);
                    });
                    for (int i = 0; i < e.lanes; i++) {
                        assertEquals(e.round(expected.applyAsDouble(e.input(i), e.input(e.lanes + i))), out[i],
                                String.format(Locale.ROOT, "%s %s to %d from %d and %d", what, e, to, x, y));
                    }
                    assertEquals(Double.NaN, out[e.lanes], what);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void arithmetic(Element e) {
        check(e, "add", (x, y) -> x + y, (a, to, x, y) -> a.add(to, x, y));
        check(e, "sub", (x, y) -> x - y, (a, to, x, y) -> a.sub(to, x, y));
        check(e, "mul", (x, y) -> x * y, (a, to, x, y) -> a.mul(to, x, y));
        check(e, "move", (x, y) -> x, (a, to, x, y) -> a.move(to, x));
        check(e, "clear", (x, y) -> 0, (a, to, x, y) -> a.clear(to));
        check(e, "add memory", (x, y) -> x + y, (a, to, x, y) -> a.add(to, x, at(RDI, BYTES)));
        check(e, "sub memory", (x, y) -> x - y, (a, to, x, y) -> a.sub(to, x, at(RDI, BYTES)));
        check(e, "mul memory", (x, y) -> x * y, (a, to, x, y) -> a.mul(to, x, at(RDI, BYTES)));
        check(e, "constant", (x, y) -> 1.0 / 3, (a, to, x, y) -> a.constant(to, 1.0 / 3));
        check(e, "in code", (x, y) -> x + 0.1f, (a, to, x, y) -> a.add(to, x, a.inCode(0.1f)));
    }

    @ParameterizedTest
    @EnumSource
    void fusedMultiplyAdd(Element e) {
        for (int to : REGISTERS) {
            int x = to ^ 1;
            int y = to ^ 25;
            double[] out = run(e, a -> {
                a.load(x, at(RDI, 0));
                a.load(y, at(RDI, BYTES));
                a.load(to, at(RDI, 2 * BYTES));
                a.multiplyAdd(to, x, y);
                a.store(at(RSI, 0), to);
                a.load(to, at(RDI, 2 * BYTES));
                a.multiplyAdd(to, x, at(RDI, BYTES));
                a.store(at(RSI, BYTES), to);
                a.load(to, at(RDI, 2 * BYTES));
                a.multiplySelfAdd(to, x, y);
                a.store(at(RSI, 2 * BYTES), to);
            });
            for (int i = 0; i < e.lanes; i++) {
                double u = e.input(i);
                double v = e.input(e.lanes + i);
                double w = e.input(2 * e.lanes + i);
                assertEquals(e.fma(u, v, w), out[i]);
                assertEquals(e.fma(u, v, w), out[e.lanes + i]);
                assertEquals(e.fma(u, w, v), out[2 * e.lanes + i]);
            }
        }
    }

    /** Offsets that are counted in units of what is read, in bytes, and in 32 bits; with and without an index. */
    @ParameterizedTest
    @EnumSource
    void addresses(Element e) {
        int bytes = e.type.bytes;
        for (int r : REGISTERS) {
            for (int offset : new int[] {0, bytes, 3 * bytes, BYTES, BYTES + bytes, 2 * BYTES}) {
                for (int index : new int[] {RAX, RCX, R9, R11}) {
                    double[] out = run(e, a -> {
                        a.count(index, 5 * BYTES);
                        a.load(r, at(RDI, index, offset - 5 * BYTES));
                        a.store(at(RSI, offset), r);
                        a.storePast(at(RSI, index, 0), r);
                        a.broadcast(r, at(RDI, offset));
                        a.store(at(RSI, 64 * 60), r);
                        a.storesDone();
                    });
                    for (int i = 0; i < e.lanes; i++) {
                        int from = offset / bytes + i;
                        assertEquals(e.input(from), out[from]);
                        assertEquals(e.input(from), out[5 * e.lanes + i]);
                        assertEquals(e.input(offset / bytes), out[60 * e.lanes + i]);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "F64")
    void wideningAndNarrowing(Element e) {
        for (int r : REGISTERS) {
            double[] out = run(e, a -> {
                a.load(r, at(RDI, 0));
                a.narrow(r ^ 1, r);
                a.storeHalf(at(RSI, BYTES), r ^ 1);
                a.widen(r ^ 25, at(RSI, BYTES));
                a.store(at(RSI, 0), r ^ 25);
                a.widen(r, at(RSI, BYTES + 4)); // an offset that is no multiple of half a vector
                a.store(at(RSI, 4 * BYTES), r);
            });
            for (int i = 0; i < e.lanes; i++) {
                assertEquals(e.input(i), out[i]);
            }
            for (int i = 0; i < e.lanes - 1; i++) {
                assertEquals(e.input(i + 1), out[4 * e.lanes + i]);
            }
            for (int i = e.lanes + e.lanes / 2; i < 4 * e.lanes; i++) {
                assertEquals(Double.NaN, out[i], "half a vector was stored");
            }
        }
    }

    /** A frame begins at a multiple of a line, holds what it is asked to, and gives the stack back. */
    @ParameterizedTest
    @EnumSource
    void frames(Element e) {
        for (int spare : new int[] {RAX, RCX, R10}) {
            double[] out = run(e, a -> {
                a.enterFrame(3 * BYTES, spare);
                a.load(17, at(RDI, 0));
                for (int i = 0; i < 3; i++) {
                    a.store(at(RSP, i * BYTES), 17);
                }
                a.load(3, at(RSP, 2 * BYTES));
                a.store(at(RSI, 0), 3);
                a.copy(R9, RSP);
                a.leaveFrame(3 * BYTES); // if it failed, ret would not come back
                a.shiftLeft(R9, 58);
                a.compare(R9, 0);
                int aligned = a.jumpIfZeroForward();
                a.clear(3);
                a.landHere(aligned);
                a.store(at(RSI, BYTES), 3);
            });
            for (int i = 0; i < e.lanes; i++) {
                assertEquals(e.input(i), out[i]);
                assertEquals(e.input(i), out[e.lanes + i]);
            }
        }
    }

    @Test
    void vectorsOf256BitsAreRearrangedOnly() {
        VectorAssembler a = new VectorAssembler(InstructionSet.AVX512, DType.F32);
        assertThrows(IllegalStateException.class, () -> a.unpackLow(0, 1, 2));
        assertThrows(IllegalStateException.class, () -> a.unpackHigh(0, 1, 2));
        assertThrows(IllegalStateException.class, () -> a.shuffle(0, 1, 2, 0));
        assertThrows(IllegalStateException.class, () -> a.permuteHalves(0, 1, 2, 0));
    }
}
