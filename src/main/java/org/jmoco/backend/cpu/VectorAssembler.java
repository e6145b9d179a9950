package org.jmoco.backend.cpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jmoco.tensor.DType;

/**
 * Writes x86-64 machine code: the few vector and integer instructions that small loops over vectors of 8 f32 or 4 f64 (AVX2), or
 * twice as many (AVX-512), need. Operands are in Intel order, destination first. Encodings: Intel SDM volume 2; vector
 * instructions always take the three-byte VEX prefix or, of 512 bits, the EVEX prefix, memory operands always a SIB byte.
 *
 * <p>Why not the Vector API for these loops: the compiler stops inlining after a number of nodes that a transform of 4 x 6
 * values exceeds, from where on each vector is an object; measured up to 50 times slower, depending on compilation order.
 */
final class VectorAssembler {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RSP = 4;
    static final int RSI = 6;
    static final int RDI = 7;
    static final int R8 = 8;
    static final int R9 = 9;
    static final int R10 = 10;
    static final int R11 = 11;

    private static final int NO_INDEX = 4; // rsp cannot be an index; its number means none
    private static final int IN_CODE = -1; // as a base: the constants behind the code, reached from the instruction pointer

    // Opcode maps and mandatory prefixes of the VEX and EVEX encodings.
    private static final int MAP_0F = 1;
    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;
    private static final int NO_PREFIX = 0;
    private static final int PREFIX_66 = 1;
    private static final int W = 0x80; // the bit for f64, added to the prefix
    private static final int L = 4; // VEX: vectors of 256 bits, not 128
    private static final int EVEX = 0x62; // first byte of a prefix of four
    private static final int EVEX_FIXED = 4; // a bit of its third byte that is always set
    private static final int EVEX_128 = 0; // lengths of vectors, in the fourth
    private static final int EVEX_256 = 0x20;
    private static final int EVEX_512 = 0x40;

    private final InstructionSet set;
    private final int vector; // bytes
    private final boolean wide; // vectors of 512 bits
    private final int prefix; // of arithmetic on the elements
    private final boolean f64;
    private byte[] code = new byte[1024];
    private int size;
    private final List<Double> constants = new ArrayList<>(); // each once
    private final List<Integer> uses = new ArrayList<>(); // positions of the distances to them, which hold their numbers

    /** For vectors of 256 bits. */
    VectorAssembler(DType type) {
        this(InstructionSet.AVX2, type);
    }

    /** @param type what arithmetic works on: f32 or f64 */
    VectorAssembler(InstructionSet set, DType type) {
        this.set = set;
        vector = set.vectorBytes;
        wide = set == InstructionSet.AVX512;
        f64 = type == DType.F64;
        if (!f64 && type != DType.F32) {
            throw new IllegalArgumentException("assembler: arithmetic is on f32 or f64, not " + type);
        }
        prefix = f64 ? PREFIX_66 | W : NO_PREFIX;
    }

    /**
     * A memory operand: address in {@code base}, plus {@code index} unless that is {@link #NO_INDEX}, plus {@code offset}; or
     * constant number {@code offset} of those {@link #IN_CODE}.
     */
    record Memory(int base, int index, int offset) {}

    static Memory at(int base, long offset) {
        return new Memory(base, NO_INDEX, Math.toIntExact(offset));
    }

    static Memory at(int base, int index, long offset) {
        if (index == NO_INDEX) {
            throw new IllegalArgumentException("assembler: rsp cannot be an index");
        }
        return new Memory(base, index, Math.toIntExact(offset));
    }

    /** A vector of {@code value} in all elements, rounded to their type, that is kept behind the code. */
    Memory inCode(double value) {
        int i = constants.indexOf(value);
        if (i < 0) {
            i = constants.size();
            constants.add(value);
        }
        return new Memory(IN_CODE, NO_INDEX, i);
    }

    /** The finished code, with its constants behind it. To be placed at a multiple of a vector. */
    byte[] code() {
        int pool = constants.isEmpty() ? size : (size + vector - 1) / vector * vector;
        ByteBuffer all = ByteBuffer.allocate(pool + vector * constants.size()).order(ByteOrder.LITTLE_ENDIAN);
        all.put(code, 0, size);
        for (int at : uses) {
            all.putInt(at, pool + vector * all.getInt(at) - (at + 4));
        }
        for (int i = 0; i < constants.size(); i++) {
            for (int b = 0; b < vector; b += f64 ? Double.BYTES : Float.BYTES) {
                int at = pool + vector * i + b;
                if (f64) {
                    all.putDouble(at, constants.get(i));
                } else {
                    all.putFloat(at, constants.get(i).floatValue());
                }
            }
        }
        return all.array();
    }

    /** The position of the next instruction, a target for {@link #jumpIfNotZero} and {@link #jumpIfBelow}. */
    int position() {
        return size;
    }

    /** What is written for. */
    InstructionSet set() {
        return set;
    }

    // Vectors. Registers ymm0 to ymm15 or zmm0 to zmm31 by number.

    void load(int to, Memory from) {
        vex(MAP_0F, NO_PREFIX, 0x10, to, 0, from);
    }

    void store(Memory to, int from) {
        vex(MAP_0F, NO_PREFIX, 0x11, from, 0, to);
    }

    /** Stores past the caches, to a multiple of a vector; {@link #storesDone} must follow before others read. */
    void storePast(Memory to, int from) {
        vex(MAP_0F, NO_PREFIX, 0x2b, from, 0, to);
    }

    /** Waits until all stores have reached memory. */
    void storesDone() {
        put(0x0f, 0xae, 0xf8);
    }

    /** to = a + b. */
    void add(int to, int a, int b) {
        vex(MAP_0F, prefix, 0x58, to, a, b);
    }

    void add(int to, int a, Memory b) {
        vex(MAP_0F, prefix, 0x58, to, a, b);
    }

    /** to = a - b. */
    void sub(int to, int a, int b) {
        vex(MAP_0F, prefix, 0x5c, to, a, b);
    }

    void sub(int to, int a, Memory b) {
        vex(MAP_0F, prefix, 0x5c, to, a, b);
    }

    /** to = a b. */
    void mul(int to, int a, int b) {
        vex(MAP_0F, prefix, 0x59, to, a, b);
    }

    void mul(int to, int a, Memory b) {
        vex(MAP_0F, prefix, 0x59, to, a, b);
    }

    /** to = a b + to, rounded once. */
    void multiplyAdd(int to, int a, int b) {
        vex(MAP_0F38, PREFIX_66 | prefix, 0xb8, to, a, b);
    }

    void multiplyAdd(int to, int a, Memory b) {
        vex(MAP_0F38, PREFIX_66 | prefix, 0xb8, to, a, b);
    }

    /** to = a to + b, rounded once. */
    void multiplySelfAdd(int to, int a, int b) {
        vex(MAP_0F38, PREFIX_66 | prefix, 0xa8, to, a, b);
    }

    /** to = from. */
    void move(int to, int from) {
        vex(MAP_0F, NO_PREFIX, 0x28, to, 0, from);
    }

    /** to = 0. */
    void clear(int to) {
        vex(MAP_0F, PREFIX_66, 0xef, to, to, to); // of integers: AVX-512 F has no other
    }

    /** All elements of {@code to} become {@code value}, rounded to their type; overwrites rax. */
    void constant(int to, double value) {
        if (f64) {
            put(0x48, 0xb8 + RAX);
            long bits = Double.doubleToRawLongBits(value);
            put32((int) bits);
            put32((int) (bits >> 32));
        } else {
            put(0xb8 + RAX);
            put32(Float.floatToRawIntBits((float) value));
        }
        int w = f64 ? W : 0;
        if (wide) { // vmovd or vmovq xmm, rax
            evex(MAP_0F, PREFIX_66 | w, EVEX_128, 0x6e, to, 0, RAX);
        } else {
            put(0xc4, 0xe1 ^ (to >> 3 << 7), 0x79 | w, 0x6e, 0xc0 | (to & 7) << 3 | RAX);
        }
        vex(MAP_0F38, PREFIX_66 | (wide ? w : 0), f64 ? 0x19 : 0x18, to, 0, to);
    }

    /** All elements of {@code to} become the one at {@code from}. */
    void broadcast(int to, Memory from) {
        int opcode = f64 ? 0x19 : 0x18;
        if (wide) {
            evexMemory(MAP_0F38, PREFIX_66 | prefix, EVEX_512, opcode, to, 0, from, f64 ? Double.BYTES : Float.BYTES);
        } else {
            vex(MAP_0F38, PREFIX_66, opcode, to, 0, from);
        }
    }

    /** The f64 {@code to} become the f32, half a vector of them, at {@code from}. */
    void widen(int to, Memory from) {
        if (wide) {
            evexMemory(MAP_0F, NO_PREFIX, EVEX_512, 0x5a, to, 0, from, vector / 2);
        } else {
            vex(MAP_0F, NO_PREFIX, 0x5a, to, 0, from);
        }
    }

    /** The f32 in the lower half of {@code to} become the f64 {@code from}, rounded. */
    void narrow(int to, int from) {
        vex(MAP_0F, PREFIX_66 | W, 0x5a, to, 0, from);
    }

    /** Stores the lower half of {@code from}. */
    void storeHalf(Memory to, int from) {
        if (wide) {
            evexMemory(MAP_0F, NO_PREFIX, EVEX_256, 0x11, from, 0, to, vector / 2);
        } else {
            vexMemory(MAP_0F, NO_PREFIX, 0x11, from, 0, to);
        }
    }

    // Four that rearrange vectors of 256 bits; of 512, halves would be quarters, and the last has no encoding.

    /** Interleaves the lower pairs of each half: a0 b0 a1 b1 | a4 b4 a5 b5. */
    void unpackLow(int to, int a, int b) {
        onlyOf256Bits();
        vex(MAP_0F, NO_PREFIX, 0x14, to, a, b);
    }

    /** Interleaves the upper pairs of each half: a2 b2 a3 b3 | a6 b6 a7 b7. */
    void unpackHigh(int to, int a, int b) {
        onlyOf256Bits();
        vex(MAP_0F, NO_PREFIX, 0x15, to, a, b);
    }

    /** Two elements of a, then two of b, in each half, chosen by two bits each of {@code select}. */
    void shuffle(int to, int a, int b, int select) {
        onlyOf256Bits();
        vex(MAP_0F, NO_PREFIX, 0xc6, to, a, b);
        put(select);
    }

    /** Two of the four halves a low, a high, b low, b high, chosen by the hexadecimal digits of {@code select}. */
    void permuteHalves(int to, int a, int b, int select) {
        onlyOf256Bits();
        vex(MAP_0F3A, PREFIX_66, 0x06, to, a, b);
        put(select);
    }

    private void onlyOf256Bits() {
        if (wide) {
            throw new IllegalStateException("assembler: vectors of 512 bits are not rearranged");
        }
    }

    /** Clears the upper halves, which code compiled without AVX expects on return. */
    void zeroUpper() {
        put(0xc5, 0xf8, 0x77);
    }

    // 64-bit integers.

    void load64(int to, Memory from) {
        rex(to, from);
        put(0x8b);
        operand(to, from);
    }

    /**
     * Makes room for {@code bytes} on the stack, from a multiple of 64 bytes on, so that no vector there lies across two lines of
     * the cache. {@link #leaveFrame} gives it back. Overwrites {@code spare}.
     */
    void enterFrame(int bytes, int spare) {
        copy(spare, RSP);
        add(RSP, -(bytes + 2L * Long.BYTES)); // behind the room, where the stack began
        rexRegister(0, RSP);
        put(0x83, 0xe0 | RSP, -NativeMemory.ALIGNMENT);
        rex(spare, at(RSP, bytes));
        put(0x89);
        operand(spare, at(RSP, bytes));
    }

    void leaveFrame(int bytes) {
        load64(RSP, at(RSP, bytes));
    }

    /** to = from. */
    void copy(int to, int from) {
        rexRegister(from, to);
        put(0x89, 0xc0 | (from & 7) << 3 | to & 7);
    }

    /** to += from. */
    void add64(int to, int from) {
        rexRegister(from, to);
        put(0x01, 0xc0 | (from & 7) << 3 | to & 7);
    }

    /** to = to x 2^bits. */
    void shiftLeft(int to, int bits) {
        rexRegister(0, to);
        put(0xc1, 0xe0 | to & 7, bits);
    }

    void add(int to, long immediate) {
        rexRegister(0, to);
        put(0x81, 0xc0 | to & 7);
        put32(Math.toIntExact(immediate));
    }

    /** to = value. */
    void count(int to, int value) {
        put(0x41 ^ (to < R8 ? 1 : 0), 0xb8 | to & 7); // of 32 bits, which clears the upper half
        put32(value);
    }

    /** to -= 1; sets the zero flag. */
    void decrement(int to) {
        rexRegister(0, to);
        put(0xff, 0xc8 | to & 7);
    }

    /** Asks for a cache line to be brought into the second-level cache. */
    void prefetch(Memory line) {
        rex(2, line);
        put(0x0f, 0x18);
        operand(2, line);
    }

    /** Asks for a cache line to be brought into the first-level cache, to be read soon. */
    void prefetchNear(Memory line) {
        rex(1, line);
        put(0x0f, 0x18);
        operand(1, line);
    }

    /** Asks for a cache line to be brought into the first-level cache for writing. */
    void prefetchToWrite(Memory line) {
        rex(1, line);
        put(0x0f, 0x0d);
        operand(1, line);
    }

    void zero(int to) {
        rexRegister(to, to);
        put(0x31, 0xc0 | (to & 7) << 3 | to & 7);
    }

    void compare(int a, int immediate) {
        rexRegister(0, a);
        put(0x81, 0xf8 | a & 7);
        put32(immediate);
    }

    /** Jumps to a place further on, which {@link #landHere} defines when given what this returns. */
    int jumpIfZeroForward() {
        jump(0x84, size);
        return size;
    }

    void landHere(int jump) {
        int distance = size - jump;
        for (int i = 0; i < 4; i++) {
            code[jump - 4 + i] = (byte) (distance >> 8 * i);
        }
    }

    void jumpIfNotZero(int target) {
        jump(0x85, target);
    }

    /** After {@link #compare}, unsigned. */
    void jumpIfBelow(int target) {
        jump(0x82, target);
    }

    void ret() {
        put(0xc3);
    }

    private void jump(int condition, int target) {
        put(0x0f, condition);
        put32(target - (size + 4));
    }

    private void vex(int map, int prefix, int opcode, int register, int first, int second) {
        if (wide) {
            evex(map, prefix, EVEX_512, opcode, register, first, second);
            return;
        }
        put(0xc4, (~register & 8) << 4 | 0x40 | (~second & 8) << 2 | map, (~first & 15) << 3 | L | prefix, opcode,
                0xc0 | (register & 7) << 3 | second & 7);
    }

    private void vex(int map, int prefix, int opcode, int register, int first, Memory second) {
        if (wide) {
            evexMemory(map, prefix, EVEX_512, opcode, register, first, second, vector);
        } else {
            vexMemory(map, L | prefix, opcode, register, first, second);
        }
    }

    private void evex(int map, int prefix, int length, int opcode, int register, int first, int second) {
        put(EVEX, (~register & 8) << 4 | (~second & 16) << 2 | (~second & 8) << 2 | ~register & 16 | map,
                (~first & 15) << 3 | EVEX_FIXED | prefix, length | (~first & 16) >> 1, opcode,
                0xc0 | (register & 7) << 3 | second & 7);
    }

    /** @param unit bytes in which a short offset is counted: those that are read or written */
    private void evexMemory(int map, int prefix, int length, int opcode, int register, int first, Memory second, int unit) {
        int base = second.base == IN_CODE ? 0 : second.base;
        put(EVEX, (~register & 8) << 4 | (~second.index & 8) << 3 | (~base & 8) << 2 | ~register & 16 | map,
                (~first & 15) << 3 | EVEX_FIXED | prefix, length | (~first & 16) >> 1, opcode);
        operand(register, second, unit);
    }

    /** @param flags the prefix, and L for 256 bits */
    private void vexMemory(int map, int flags, int opcode, int register, int first, Memory second) {
        int base = second.base == IN_CODE ? 0 : second.base;
        put(0xc4, (~register & 8) << 4 | (~second.index & 8) << 3 | (~base & 8) << 2 | map, (~first & 15) << 3 | flags, opcode);
        operand(register, second);
    }

    private void rex(int register, Memory memory) {
        put(0x48 | register >> 3 << 2 | memory.index >> 3 << 1 | memory.base >> 3);
    }

    private void rexRegister(int register, int base) {
        put(0x48 | register >> 3 << 2 | base >> 3);
    }

    private void operand(int register, Memory memory) {
        operand(register, memory, 1);
    }

    private void operand(int register, Memory memory, int unit) {
        if (memory.base == IN_CODE) { // the instructions that may have one end with it
            put(0x05 | (register & 7) << 3);
            uses.add(size);
            put32(memory.offset);
            return;
        }
        int sib = (memory.index & 7) << 3 | memory.base & 7;
        int units = memory.offset / unit;
        if (units * unit == memory.offset && units == (byte) units) {
            put(0x44 | (register & 7) << 3, sib, units);
        } else {
            put(0x84 | (register & 7) << 3, sib);
            put32(memory.offset);
        }
    }

    private void put(int... bytes) {
        if (size + bytes.length > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        for (int b : bytes) {
            code[size++] = (byte) b;
        }
    }

    private void put32(int value) {
        put(value, value >> 8, value >> 16, value >> 24);
    }
}
