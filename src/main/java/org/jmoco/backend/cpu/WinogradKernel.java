package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.VectorAssembler.R8;
import static org.jmoco.backend.cpu.VectorAssembler.R9;
import static org.jmoco.backend.cpu.VectorAssembler.RAX;
import static org.jmoco.backend.cpu.VectorAssembler.RCX;
import static org.jmoco.backend.cpu.VectorAssembler.RDI;
import static org.jmoco.backend.cpu.VectorAssembler.RDX;
import static org.jmoco.backend.cpu.VectorAssembler.RSI;
import static org.jmoco.backend.cpu.VectorAssembler.RSP;
import static org.jmoco.backend.cpu.VectorAssembler.at;

import org.jmoco.backend.cpu.VectorAssembler.Memory;
import org.jmoco.tensor.DType;

/**
 * Machine code for the transforms around Winograd's products, made for one tile shape and fixed distances. A kernel runs
 * over {@code count} items (tiles, or filter rows) and in each over channels, a vector at a time. It reads and writes every value
 * once, so its price is that of the memory traffic: per tile and channel 16 to 100 numbers on the side of the products.
 */
final class WinogradKernel {
    /** Bytes of an AVX2 vector, in which filters are turned round. */
    private static final int VECTOR = 32;

    /**
     * Channels of a block in f64, a line of the cache. With two lines a block of 10 x 10 would not stay in the first-level cache.
     */
    private static final int F64_BLOCK = 8;

    /** Bytes ahead at which a line is asked for that the item after next (AVX2), or the next, will write. */
    private static final long NEXT_LINE = NativeMemory.ALIGNMENT;

    /** Items behind the last one whose addresses a kernel reads from its table, whatever stands there. */
    static final int ITEMS_AHEAD = 2;

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

        long offset(int row, int column) {
            return 8L * (row * columns + column);
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
     * {@code f(source, target, count)}: target = map(source) for each item, or target += map(source), over all channels.
     *
     * <p>Down the columns first, into a square on the stack, then across its rows. In f64 by AVX2 the two vectors of a block of
     * channels take turns in each pass: a vector of 4 channels is a quarter of a line of the cache in f32, and pixels below each
     * other are often a multiple of 4 KiB apart, so that their lines would drive each other out before the other quarter is read.
     *
     * <p>Pixels come from memory and go there, in an order that the processor doesn't foresee. So those of the next item are
     * asked for meanwhile, in tables' sources and targets alike: without that, transforms of the first layers take twice as long.
     *
     * @param work the type that is calculated in: f32 or f64
     * @param from type of the source, f32 or that of the work
     * @param to type of the target, f32 or that of the work
     * @param channels a multiple of 16
     * @param targetStep bytes from one vector of channels to the next in the target; the source is dense
     */
    static MachineCode transform(InstructionSet set, DType work, WinogradTile.Map map, Place source, DType from, Place target,
            DType to, int channels, long targetStep, boolean accumulate) {
        if (accumulate && work != to) {
            throw new IllegalArgumentException("transform: what is added to a target is calculated in its type");
        }
        int lanes = set.vectorBytes / work.bytes;
        int vectors = work == DType.F64 ? F64_BLOCK / lanes : 1;
        int blockBytes = vectors * lanes * from.bytes;
        VectorAssembler a = new VectorAssembler(set, work);
        int frame = vectors * squareBytes(set.vectorBytes, map);
        a.enterFrame(frame, RAX);
        map.loadConstants(a);
        int item = a.position();
        a.zero(RCX);
        a.zero(R8);
        int block = a.position();
        block(a, work, map, source, from, target, to, vectors, targetStep, accumulate, 1, 0);
        a.add(R8, vectors * targetStep);
        a.add(RCX, blockBytes);
        a.compare(RCX, channels * from.bytes);
        a.jumpIfBelow(block);
        nextItem(a, source, target, item);
        a.leaveFrame(frame);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /**
     * {@code f(source, target, count, channel)}: the same in f32 for one vector of channels, {@code channel} bytes from the
     * first: for a target where the items of a vector follow each other, so that its lines are written from end to end.
     */
    static MachineCode transformVector(InstructionSet set, WinogradTile.Map map, Place source, Strided target) {
        VectorAssembler a = new VectorAssembler(set, DType.F32);
        int frame = squareBytes(set.vectorBytes, map);
        a.enterFrame(frame, RAX);
        map.loadConstants(a);
        a.zero(R8);
        int item = a.position();
        block(a, DType.F32, map, source, DType.F32, target, DType.F32, 1, 0, false, ITEMS_AHEAD, NEXT_LINE);
        nextItem(a, source, target, item);
        a.leaveFrame(frame);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    private static void nextItem(VectorAssembler a, Place source, Place target, int item) {
        a.add(RDI, source.step());
        a.add(RSI, target.step());
        a.decrement(RDX);
        a.jumpIfNotZero(item);
    }

    /**
     * One block of channels of an item.
     *
     * @param itemsAhead items by which pixels are asked for before their turn
     * @param ahead bytes by which lines of a strided target are
     */
    private static void block(VectorAssembler a, DType work, WinogradTile.Map map, Place source, DType from, Place target,
            DType to, int vectors, long targetStep, boolean accumulate, int itemsAhead, long ahead) {
        int columns = map.across().in();
        int vector = a.set().vectorBytes;
        int square = squareBytes(vector, map);
        int read = vector / work.bytes * from.bytes;
        int blockBytes = vectors * read;
        for (int c = 0; c < columns; c++) {
            int column = c;
            if (target instanceof Strided s) {
                askFor(a, s, RSI, R8, ahead, vectors * vector, c, columns, true);
            }
            if (source instanceof Table t) {
                for (int row = 0; row < map.down().in(); row++) {
                    askFor(a, t, RDI, RCX, itemsAhead, row, column);
                }
            }
            forEachVector(a, vectors, square, RCX, read, () -> {
                for (int row = 0; row < map.down().in(); row++) {
                    load(a, row, operand(a, source, RDI, RCX, row, column), from != work);
                }
                map.down().body().write(a,
                        (row, register) -> a.store(at(RSP, R9, inSquare(vector, columns, row, column)), register));
            });
        }
        for (int r = 0; r < map.down().out(); r++) {
            int row = r;
            if (source instanceof Strided s) {
                askFor(a, s, RDI, RCX, blockBytes, blockBytes, r, map.down().out(), false);
            }
            if (target instanceof Table t) {
                for (int column = 0; column < map.across().out(); column++) {
                    askFor(a, t, RSI, R8, itemsAhead, row, column);
                }
            }
            forEachVector(a, vectors, square, R8, targetStep, () -> {
                for (int column = 0; column < columns; column++) {
                    a.load(column, at(RSP, R9, inSquare(vector, columns, row, column)));
                }
                map.across().body().write(a, (column, register) -> {
                    Memory result = operand(a, target, RSI, R8, row, column);
                    if (accumulate) {
                        a.add(register, register, result);
                    }
                    store(a, result, register, to != work);
                });
            });
        }
    }

    /**
     * Asks for share {@code part} of {@code parts} of the lines of a block, which lie in as many places as there are frequencies:
     * too many for the processor to foresee. Those that are written are asked for while the same block is read, those that are
     * read while the block before is written.
     */
    private static void askFor(VectorAssembler a, Strided place, int base, int moving, long ahead, int bytes, int part, int parts,
            boolean write) {
        int elements = place.rows * place.columns;
        for (int i = elements * part / parts; i < elements * (part + 1) / parts; i++) {
            for (int line = 0; line < Math.max(1, bytes / NativeMemory.ALIGNMENT); line++) {
                Memory memory = at(base, moving, place.offset(i / place.columns, i % place.columns) + ahead
                        + (long) line * NativeMemory.ALIGNMENT);
                if (write) {
                    a.prefetchToWrite(memory);
                } else {
                    a.prefetchNear(memory);
                }
            }
        }
    }

    /** Asks for the line of an element of the item that comes {@code items} later. */
    private static void askFor(VectorAssembler a, Table table, int base, int moving, int items, int row, int column) {
        a.load64(RAX, at(base, items * table.step() + table.offset(row, column)));
        a.prefetch(at(RAX, moving, 0));
    }

    /**
     * Writes the body as a loop over the vectors of a block: r9 is the place of the vector's square, {@code moving} its offset.
     */
    private static void forEachVector(VectorAssembler a, int vectors, int square, int moving, long step, Runnable body) {
        a.zero(R9);
        int start = a.position();
        body.run();
        if (vectors > 1) {
            a.add(moving, step);
            a.add(R9, square);
            a.compare(R9, vectors * square);
            a.jumpIfBelow(start);
            a.add(moving, -vectors * step);
        }
    }

    private static void load(VectorAssembler a, int register, Memory from, boolean widen) {
        if (widen) {
            a.widen(register, from);
        } else {
            a.load(register, from);
        }
    }

    private static void store(VectorAssembler a, Memory to, int register, boolean narrow) {
        if (narrow) {
            a.narrow(register, register);
            a.storeHalf(to, register);
        } else {
            a.store(to, register);
        }
    }

    private static Memory operand(VectorAssembler a, Place place, int base, int channel, int row, int column) {
        return switch (place) {
            case Strided s -> at(base, channel, s.offset(row, column));
            case Table t -> {
                a.load64(RAX, at(base, t.offset(row, column)));
                yield at(RAX, channel, 0);
            }
        };
    }

    /**
     * {@code f(w, u, count)}: the filter transform for 16 filters and {@code count} groups of 8 channels, turned round: w has
     * the channels of a filter side by side, U the filters of a channel, in rows of 64 bytes.
     *
     * @param work the type that is calculated in, and of U
     * @param tapBytes from one tap to the next in w; nine of them make a filter
     * @param pitch bytes from one frequency to the next in U
     * @param panelBytes from the 64 bytes of a channel's first filters to those of its next; 16 filters take one or two
     * @param past whether to write past the caches, in f64, where a line is written from end to end
     */
    static MachineCode transposingFilter(DType work, WinogradTile.Map map, long tapBytes, long pitch, long panelBytes,
            boolean past) {
        int taps = map.down().in() * map.across().in();
        int turned = 8 * VECTOR; // 8 channels x 8 filters of one tap, on the stack
        int lanes = VECTOR / work.bytes;
        int rowBytes = 2 * VECTOR;
        int vectors = 8 / lanes;
        int square = squareBytes(VECTOR, map);
        long tapsAt = (long) vectors * square;
        int frame = vectors * square + taps * turned;
        VectorAssembler a = new VectorAssembler(work);
        a.enterFrame(frame, RAX);
        int group = a.position();
        for (int half = 0; half < 2; half++) {
            for (int tap = 0; tap < taps; tap++) {
                for (int k = 0; k < 8; k++) {
                    a.load(k, at(RDI, ((8 * half + k) * taps + tap) * tapBytes));
                }
                transpose(a);
                for (int c = 0; c < 8; c++) {
                    a.store(at(RSP, tapsAt + tap * turned + c * VECTOR), 8 + c);
                }
            }
            map.loadConstants(a);
            a.zero(RCX);
            int channel = a.position();
            for (int v = 0; v < vectors; v++) {
                int read = 4 * lanes * v;
                writeDown(a, map, v * square, (r, s, register) -> load(a, register,
                        at(RSP, RCX, tapsAt + (r * map.across().in() + s) * turned + read), work != DType.F32));
            }
            int firstHalf = half * vectors;
            for (int row = 0; row < map.down().out(); row++) {
                for (int v = 0; v < vectors; v++) {
                    int written = VECTOR * (firstHalf + v);
                    long panel = written / rowBytes * panelBytes + written % rowBytes;
                    writeAcross(a, map, v * square, row, (r, s, register) -> {
                        Memory to = at(RSI, (r * map.across().out() + s) * pitch + panel);
                        if (past && work == DType.F64) {
                            a.storePast(to, register);
                        } else {
                            a.store(to, register);
                        }
                    });
                }
            }
            a.add(RSI, rowBytes);
            a.add(RCX, VECTOR);
            a.compare(RCX, turned);
            a.jumpIfBelow(channel);
            if (half == 0) {
                a.add(RSI, -8 * rowBytes);
            }
        }
        a.add(RDI, VECTOR);
        a.decrement(RDX);
        a.jumpIfNotZero(group);
        if (past) {
            a.storesDone();
        }
        a.leaveFrame(frame);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** Turns the 8 x 8 square in ymm0 to ymm7 round into ymm8 to ymm15. */
    private static void transpose(VectorAssembler a) {
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
        void load(int row, int column, int register);
    }

    private interface Target {
        void take(int row, int column, int register);
    }

    /** Bytes on the stack between the two passes of a map. */
    private static int squareBytes(int vector, WinogradTile.Map map) {
        return vector * map.down().out() * map.across().in();
    }

    private static int inSquare(int vector, int columns, int row, int column) {
        return vector * (row * columns + column);
    }

    /** Down the columns of the source, into the square at {@code square} on the stack. */
    private static void writeDown(VectorAssembler a, WinogradTile.Map map, long square, Source source) {
        int columns = map.across().in();
        for (int column = 0; column < columns; column++) {
            for (int row = 0; row < map.down().in(); row++) {
                source.load(row, column, row);
            }
            int s = column;
            map.down().body().write(a, (row, register) -> a.store(at(RSP, square + inSquare(VECTOR, columns, row, s)), register));
        }
    }

    /** Across one row of that square. */
    private static void writeAcross(VectorAssembler a, WinogradTile.Map map, long square, int row, Target target) {
        int columns = map.across().in();
        for (int column = 0; column < columns; column++) {
            a.load(column, at(RSP, square + inSquare(VECTOR, columns, row, column)));
        }
        map.across().body().write(a, (column, register) -> target.take(row, column, register));
    }
}
