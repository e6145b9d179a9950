package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.jmoco.backend.cpu.VectorAssembler.R10;
import static org.jmoco.backend.cpu.VectorAssembler.R11;
import static org.jmoco.backend.cpu.VectorAssembler.R8;
import static org.jmoco.backend.cpu.VectorAssembler.R9;
import static org.jmoco.backend.cpu.VectorAssembler.RAX;
import static org.jmoco.backend.cpu.VectorAssembler.RCX;
import static org.jmoco.backend.cpu.VectorAssembler.RDI;
import static org.jmoco.backend.cpu.VectorAssembler.RDX;
import static org.jmoco.backend.cpu.VectorAssembler.RSI;
import static org.jmoco.backend.cpu.VectorAssembler.RSP;
import static org.jmoco.backend.cpu.VectorAssembler.at;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.function.DoubleBinaryOperator;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every instruction is executed, with low and high registers, and its result compared with Java's. */
class VectorAssemblerTest {
    private static final int[] REGISTERS = {0, 3, 7, 8, 12, 15};

    @BeforeAll
    static void needsTheProcessor() {
        assumeTrue(MachineCode.supported(), "no x86-64 with AVX2 here: machine code is not used and not tested");
    }

    /** Input i is i + 0.25, 64 of them at rdi; the 64 floats at rsi after the code ran, NaN where it wrote nothing. */
    private static float[] run(long count, Consumer<VectorAssembler> body) {
        return run(DType.F32, count, body);
    }

    private static float[] run(DType type, long count, Consumer<VectorAssembler> body) {
        VectorAssembler a = new VectorAssembler(type);
        body.accept(a);
        a.zeroUpper();
        a.ret();
        try (NativeMemory memory = NativeMemory.allocate("test", 1024); MachineCode code = new MachineCode(a.code())) {
            for (int i = 0; i < 64; i++) {
                memory.segment().setAtIndex(JAVA_FLOAT, i, input(i));
                memory.segment().setAtIndex(JAVA_FLOAT, 64 + i, Float.NaN);
            }
            code.call(memory.address(), memory.address() + 256, count);
            return memory.segment().asSlice(256, 256).toArray(JAVA_FLOAT);
        }
    }

    private static float input(int i) {
        return i + 0.25f;
    }

    private static void checkBinary(DoubleBinaryOperator expected, Operation operation) {
        for (int to : REGISTERS) {
            for (int x : REGISTERS) {
                for (int y : REGISTERS) {
                    if (x == y) {
                        continue;
                    }
                    float[] out = run(1, a -> {
                        a.load(x, at(RDI, 0));
                        a.load(y, at(RDI, 32));
                        operation.write(a, to, x, y);
                        a.store(at(RSI, 0), to);
                    });
                    for (int i = 0; i < 8; i++) {
                        assertEquals((float) expected.applyAsDouble(input(i), input(8 + i)), out[i]);
                    }
                    assertEquals(Float.NaN, out[8]);
                }
            }
        }
    }

    private interface Operation {
        void write(VectorAssembler a, int to, int x, int y);
    }

    @Test
    void arithmetic() {
        checkBinary((x, y) -> x + y, (a, to, x, y) -> a.add(to, x, y));
        checkBinary((x, y) -> x - y, (a, to, x, y) -> a.sub(to, x, y));
        checkBinary((x, y) -> x * y, (a, to, x, y) -> a.mul(to, x, y));
        checkBinary((x, y) -> x, (a, to, x, y) -> a.move(to, x));
        checkBinary((x, y) -> x + y, (a, to, x, y) -> a.add(to, x, at(RDI, 32)));
        checkBinary((x, y) -> x - y, (a, to, x, y) -> a.sub(to, x, at(RDI, 32)));
        checkBinary((x, y) -> -1.75, (a, to, x, y) -> a.constant(to, -1.75f));
    }

    @Test
    void fusedMultiplyAdd() {
        for (int to : REGISTERS) {
            int x = to ^ 1;
            int y = to ^ 9;
            float[] out = run(1, a -> {
                a.load(x, at(RDI, 0));
                a.load(y, at(RDI, 32));
                a.load(to, at(RDI, 64));
                a.multiplyAdd(to, x, y);
                a.store(at(RSI, 0), to);
                a.load(to, at(RDI, 64));
                a.multiplySelfAdd(to, x, y);
                a.store(at(RSI, 32), to);
            });
            for (int i = 0; i < 8; i++) {
                assertEquals(Math.fma(input(i), input(8 + i), input(16 + i)), out[i]);
                assertEquals(Math.fma(input(i), input(16 + i), input(8 + i)), out[8 + i]);
            }
        }
    }

    @Test
    void doubles() {
        for (int to : REGISTERS) {
            int x = to ^ 1;
            int y = to ^ 9;
            double third = 1.0 / 3;
            double[] out = doubles(a -> {
                a.widen(x, at(RDI, 16));
                a.constant(y, third);
                a.add(to, x, y);
                a.store(at(RSI, 0), to);
                a.store(at(RSI, 32), x);
                a.sub(to, x, y);
                a.sub(to, to, at(RSI, 32));
                a.store(at(RSI, 64), to); // -1/3, rounded at the size of x
                a.mul(to, x, y);
                a.multiplyAdd(to, x, y);
                a.store(at(RSI, 96), to);
                a.broadcast(to, at(RSI, 40));
                a.multiplySelfAdd(to, y, x);
                a.store(at(RSI, 128), to);
            });
            for (int i = 0; i < 4; i++) {
                double v = input(4 + i);
                assertEquals(v + third, out[i]);
                assertEquals(v, out[4 + i]);
                assertEquals(v - third - v, out[8 + i]);
                assertEquals(Math.fma(v, third, v * third), out[12 + i]);
                assertEquals(Math.fma((double) input(5), third, v), out[16 + i]);
            }
        }
    }

    @Test
    void doublesAreRoundedAndHalfAVectorIsStored() {
        for (int r : REGISTERS) {
            float[] out = run(DType.F64, 1, a -> {
                a.widen(r, at(RDI, 0));
                a.constant(r ^ 1, 0.1);
                a.add(r, r, r ^ 1);
                a.narrow(r ^ 9, r);
                a.storeHalf(at(RSI, 8), r ^ 9);
            });
            for (int i = 0; i < 64; i++) {
                assertEquals(i >= 2 && i < 6 ? (float) (input(i - 2) + 0.1) : Float.NaN, out[i], "element " + i);
            }
        }
        assertThrows(IllegalArgumentException.class, () -> new VectorAssembler(DType.BF16));
    }

    private static double[] doubles(Consumer<VectorAssembler> body) {
        float[] out = run(DType.F64, 1, body);
        ByteBuffer bytes = ByteBuffer.allocate(4 * out.length).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(out);
        double[] d = new double[out.length / 2];
        bytes.asDoubleBuffer().get(d);
        return d;
    }

    @Test
    void rearrangement() {
        float[] out = run(1, a -> {
            a.load(9, at(RDI, 0));
            a.load(2, at(RDI, 32));
            a.unpackLow(11, 9, 2);
            a.store(at(RSI, 0), 11);
            a.unpackHigh(11, 9, 2);
            a.store(at(RSI, 32), 11);
            a.shuffle(1, 9, 2, 0xe4);
            a.store(at(RSI, 64), 1);
            a.permuteHalves(1, 9, 2, 0x31);
            a.store(at(RSI, 96), 1);
        });
        int[] expected = {0, 8, 1, 9, 4, 12, 5, 13, 2, 10, 3, 11, 6, 14, 7, 15, 0, 1, 10, 11, 4, 5, 14, 15,
            4, 5, 6, 7, 12, 13, 14, 15};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(input(expected[i]), out[i], "element " + i);
        }
    }

    @Test
    void addressingIntegersAndLoops() {
        // Copies as many vectors as the third argument says, by way of the stack.
        float[] out = run(5, a -> {
            a.add(RSP, -1024);
            a.zero(RCX);
            int loop = a.position();
            a.load(13, at(RDI, RCX, 64));
            a.store(at(RSP, RCX, 512), 13);
            a.load(4, at(RSP, RCX, 512));
            a.store(at(RSI, RCX, 0), 4);
            a.add(RCX, 32);
            a.decrement(RDX);
            a.jumpIfNotZero(loop);
            a.add(RSP, 1024);
        });
        for (int i = 0; i < 64; i++) {
            assertEquals(i < 40 ? input(16 + i) : Float.NaN, out[i], "element " + i);
        }
        for (int pointer : new int[] {RAX, R8, R9, R10, R11}) {
            float[] copied = run(1, a -> {
                a.add(RSP, -16);
                a.zero(pointer);
                int loop = a.position();
                a.add(pointer, 32);
                a.compare(pointer, 96);
                a.jumpIfBelow(loop); // now 96
                a.load(0, at(RDI, pointer, -32));
                a.store(at(RSI, pointer, 4), 0);
                a.add(RSP, 16);
            });
            assertEquals(input(16), copied[25]);
            assertEquals(Float.NaN, copied[24]);
        }
    }

    @Test
    void addressesAreReadFromTables() {
        for (int register : new int[] {RAX, RCX, R8, R11}) {
            try (NativeMemory memory = NativeMemory.allocate("test", 256)) {
                memory.segment().set(JAVA_LONG, 8, memory.address() + 64);
                memory.segment().set(JAVA_FLOAT, 64 + 28, 7.5f);
                try (MachineCode code = new MachineCode(code(a -> {
                    a.load64(register, at(RDI, 8));
                    a.load(14, at(register, 0));
                    a.store(at(RSI, 0), 14);
                    a.zeroUpper();
                    a.ret();
                }))) {
                    code.call(memory.address(), memory.address() + 128, 0);
                }
                assertEquals(7.5f, memory.segment().get(JAVA_FLOAT, 128 + 28));
            }
        }
        assertThrows(IllegalArgumentException.class, () -> at(RDI, RSP, 0));
        assertThrows(ArithmeticException.class, () -> at(RDI, 1L << 31));
    }

    @Test
    void shiftsSumsAndPrefetches() {
        for (int r : new int[] {RAX, R8, R11}) {
            float[] out = run(3, a -> {
                a.copy(r, RDX);
                a.shiftLeft(r, 5); // 96
                a.add64(r, RDI);
                a.prefetch(at(r, 64)); // without effect that could be seen: that they are instructions of the right length
                a.prefetchNear(at(r, 4096));
                a.prefetchToWrite(at(RSI, r, 64));
                a.prefetchToWrite(at(r, 1));
                a.load(5, at(r, 0));
                a.store(at(RSI, 0), 5);
            });
            assertEquals(input(24), out[0]);
        }
    }

    @Test
    void storesPastTheCaches() {
        for (int from : REGISTERS) {
            float[] out = run(1, a -> {
                a.load(from, at(RDI, 4));
                a.storePast(at(RSI, 32), from);
                a.storesDone();
            });
            for (int i = 0; i < 8; i++) {
                assertEquals(input(1 + i), out[8 + i]);
            }
            assertEquals(Float.NaN, out[7]);
            assertEquals(Float.NaN, out[16]);
        }
    }

    @Test
    void constantsBehindTheCode() {
        for (int to : REGISTERS) {
            float[] out = run(1, a -> {
                a.load(to, at(RDI, 0));
                a.mul(to, to, a.inCode(-1.75));
                a.load(to ^ 1, at(RDI, 32));
                a.multiplyAdd(to, to ^ 1, a.inCode(0.5));
                a.multiplyAdd(to, to ^ 1, a.inCode(-1.75)); // the first again
                a.store(at(RSI, 0), to);
            });
            for (int i = 0; i < 8; i++) {
                assertEquals(-1.75f * input(i) + 0.5f * input(8 + i) - 1.75f * input(8 + i), out[i]);
            }
        }
        float[] out = run(DType.F64, 1, a -> {
            a.widen(3, at(RDI, 0));
            a.mul(3, 3, a.inCode(1.0 / 3));
            a.mul(3, 3, a.inCode(3));
            a.narrow(3, 3);
            a.storeHalf(at(RSI, 0), 3);
        });
        for (int i = 0; i < 4; i++) {
            assertEquals(input(i), out[i]); // with a third of f32 it would not be
        }
    }

    @Test
    void theCodeGrowsBeyondItsFirstBuffer() {
        float[] out = run(1, a -> {
            a.load(0, at(RDI, 0));
            for (int i = 0; i < 1000; i++) {
                a.add(0, 0, at(RDI, 0));
            }
            a.store(at(RSI, 0), 0);
        });
        float sum = 0;
        for (int i = 0; i < 1001; i++) {
            sum += input(0);
        }
        assertEquals(sum, out[0]);
        assertArrayEquals(new byte[] {(byte) 0xc3}, code(VectorAssembler::ret));
    }

    private static byte[] code(Consumer<VectorAssembler> body) {
        VectorAssembler a = new VectorAssembler(DType.F32);
        body.accept(a);
        return a.code();
    }
}
