package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.Avx2Assembler.R8;
import static org.jmoco.backend.cpu.Avx2Assembler.RAX;
import static org.jmoco.backend.cpu.Avx2Assembler.RCX;
import static org.jmoco.backend.cpu.Avx2Assembler.RDI;
import static org.jmoco.backend.cpu.Avx2Assembler.RDX;
import static org.jmoco.backend.cpu.Avx2Assembler.RSI;
import static org.jmoco.backend.cpu.Avx2Assembler.RSP;
import static org.jmoco.backend.cpu.Avx2Assembler.at;

import org.jmoco.backend.cpu.Avx2Assembler.Memory;

/**
 * Machine code for the transforms around Winograd's products, made for one tile shape and fixed distances. A kernel runs
 * over {@code count} items (tiles, or filter rows) and in each over channels, 8 at a time. It reads and writes every value
 * once, so its price is that of the memory traffic: per tile and channel 16 or 24 floats on the side of the products.
 */
final class WinogradKernel {
    /** Bytes of the vectors written here, 8 f32. */
    static final int VECTOR = 32;

    private WinogradKernel() {}

    /** Where the elements of one side of a transform lie. */
    sealed interface Place {
        /** Bytes from one item to the next. */
        long step();
    }

    /**
     * Element (row, column) of an item at a fixed distance.
     *
     * @param pitch bytes from one element to the next, row by row
     * @param columns elements of a row
     * @param reversed whether the elements come in the opposite order, as the taps of a rotated filter
     */
    record Strided(long pitch, int rows, int columns, boolean reversed, long step) implements Place {
        long offset(int row, int column) {
            int i = row * columns + column;
            return pitch * (reversed ? rows * columns - 1 - i : i);
        }
    }

    /** The address of each element in a table of 64-bit addresses, row by row. */
    record Table(int columns, long step) implements Place {
        static Table of(int rows, int columns) {
            return new Table(columns, 8L * rows * columns);
        }
    }

    /** A tile's transformed elements, {@code pitch} bytes apart, and {@code step} bytes from tile to tile. */
    static Strided frequencies(WinogradTile tile, long pitch, long step) {
        return new Strided(pitch, tile.down().products(), tile.across().products(), false, step);
    }

    /** The taps of a filter with {@code bytes} bytes of channels, filter after filter. */
    static Strided taps(WinogradTile tile, long bytes, boolean reversed) {
        return new Strided(bytes, tile.down().taps(), tile.across().taps(), reversed, tile.taps() * bytes);
    }

    /** The pixels that a tile reads. */
    static Table inputTable(WinogradTile tile) {
        return Table.of(tile.down().inputs(), tile.across().inputs());
    }

    /** The pixels that a tile makes. */
    static Table outputTable(WinogradTile tile) {
        return Table.of(tile.down().outputs(), tile.across().outputs());
    }

    /**
     * {@code f(source, target, count)}: target = map(source) for each item, or target += map(source).
     *
     * @param bytes channels x 4, a multiple of {@link #VECTOR}
     * @param targetStep bytes from one vector of 8 channels to the next in the target; in the source it is {@link #VECTOR}
     */
    static MachineCode transform(WinogradTile.Map map, Place source, Place target, int bytes, long targetStep,
            boolean accumulate) {
        Avx2Assembler a = new Avx2Assembler();
        map.across().loadConstants(a);
        int item = a.position();
        a.zero(RCX);
        a.zero(R8);
        int channel = a.position();
        writeMap(a, map, (row, column) -> operand(a, source, RDI, RCX, row, column), (row, column, register) -> {
            Memory to = operand(a, target, RSI, R8, row, column);
            if (accumulate) {
                a.add(register, register, to);
            }
            a.store(to, register);
        });
        a.add(R8, targetStep);
        a.add(RCX, VECTOR);
        a.compare(RCX, bytes);
        a.jumpIfBelow(channel);
        a.add(RDI, source.step());
        a.add(RSI, target.step());
        a.decrement(RDX);
        a.jumpIfNotZero(item);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    private static Memory operand(Avx2Assembler a, Place place, int base, int channel, int row, int column) {
        return switch (place) {
            case Strided s -> at(base, channel, s.offset(row, column));
            case Table t -> {
                a.load64(RAX, at(base, 8L * (row * t.columns + column)));
                yield at(RAX, channel, 0);
            }
        };
    }

    /**
     * {@code f(w, u, count)}: the filter transform for 16 filters and {@code count} groups of 8 channels, turned round: w has
     * the channels of a filter side by side, U the filters of a channel.
     *
     * @param tapBytes from one tap to the next in w; nine of them make a filter
     * @param pitch bytes from one frequency to the next in U
     * @param rowBytes from one channel to the next in U
     */
    static MachineCode transposingFilter(WinogradTile.Map map, long tapBytes, long pitch, long rowBytes) {
        int taps = map.rowsIn() * map.across().in();
        int square = 8 * VECTOR; // 8 channels x 8 filters of one tap, on the stack
        Avx2Assembler a = new Avx2Assembler();
        a.add(RSP, -(long) taps * square);
        int group = a.position();
        for (int half = 0; half < 2; half++) {
            for (int tap = 0; tap < taps; tap++) {
                for (int k = 0; k < 8; k++) {
                    a.load(k, at(RDI, ((8 * half + k) * taps + tap) * tapBytes));
                }
                transpose(a);
                for (int c = 0; c < 8; c++) {
                    a.store(at(RSP, tap * square + c * VECTOR), 8 + c);
                }
            }
            map.across().loadConstants(a);
            a.zero(RCX);
            int channel = a.position();
            int column = half * VECTOR;
            writeMap(a, map, (r, s) -> at(RSP, RCX, (r * map.across().in() + s) * square),
                    (r, s, register) -> a.store(at(RSI, (r * map.across().out() + s) * pitch + column), register));
            a.add(RSI, rowBytes);
            a.add(RCX, VECTOR);
            a.compare(RCX, square);
            a.jumpIfBelow(channel);
            if (half == 0) {
                a.add(RSI, -8 * rowBytes);
            }
        }
        a.add(RDI, VECTOR);
        a.decrement(RDX);
        a.jumpIfNotZero(group);
        a.add(RSP, (long) taps * square);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** Turns the 8 x 8 square in ymm0 to ymm7 round into ymm8 to ymm15. */
    private static void transpose(Avx2Assembler a) {
        for (int i = 0; i < 8; i += 2) {
            a.unpackLow(8 + i, i, i + 1);
            a.unpackHigh(9 + i, i, i + 1);
        }
        for (int i = 0; i < 8; i += 4) {
            for (int j = 0; j < 2; j++) {
                a.shuffle(i + 2 * j, 8 + i + j, 10 + i + j, 0x44);
                a.shuffle(i + 2 * j + 1, 8 + i + j, 10 + i + j, 0xee);
            }
        }
        for (int i = 0; i < 4; i++) {
            a.permuteHalves(8 + i, i, 4 + i, 0x20);
            a.permuteHalves(12 + i, i, 4 + i, 0x31);
        }
    }

    private interface Source {
        Memory operand(int row, int column);
    }

    private interface Target {
        void take(int row, int column, int register);
    }

    /** Down the columns first, row by row of the result, then across: nothing but one row is ever held in registers. */
    private static void writeMap(Avx2Assembler a, WinogradTile.Map map, Source source, Target target) {
        for (int row = 0; row < map.rowsOut(); row++) {
            for (int column = 0; column < map.across().in(); column++) {
                combine(a, column, map.down()[row], column, source);
            }
            int r = row;
            map.across().body().write(a, (column, register) -> target.take(r, column, register));
        }
    }

    /** register = sum of factors[r] x element (r, column). */
    private static void combine(Avx2Assembler a, int register, double[] factors, int column, Source source) {
        WinogradLine.combine(a, register, factors, new WinogradLine.Terms() {
            @Override
            public void load(int row) {
                a.load(register, source.operand(row, column));
            }

            @Override
            public void add(int row) {
                a.add(register, register, source.operand(row, column));
            }

            @Override
            public void subtract(int row) {
                a.sub(register, register, source.operand(row, column));
            }
        });
    }
}
