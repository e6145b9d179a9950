package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.Avx2Assembler.R10;
import static org.jmoco.backend.cpu.Avx2Assembler.R11;
import static org.jmoco.backend.cpu.Avx2Assembler.R8;
import static org.jmoco.backend.cpu.Avx2Assembler.R9;
import static org.jmoco.backend.cpu.Avx2Assembler.RAX;
import static org.jmoco.backend.cpu.Avx2Assembler.RCX;
import static org.jmoco.backend.cpu.Avx2Assembler.RDI;
import static org.jmoco.backend.cpu.Avx2Assembler.RDX;
import static org.jmoco.backend.cpu.Avx2Assembler.RSI;
import static org.jmoco.backend.cpu.Avx2Assembler.RSP;
import static org.jmoco.backend.cpu.Avx2Assembler.at;

import org.jmoco.tensor.DType;

/**
 * Matrix products in machine code, on a block of the result that fits into 12 vector registers: a step along the sum
 * loads two or three vectors of one factor, spreads six or four numbers of the other, and makes 12 fused multiply-adds, the
 * most that two units can do in 6 cycles.
 *
 * <p><b>Sums are short.</b> After {@link #CHUNK} terms the registers are added to the result in memory and begin anew. The
 * rounding error of one long chain grows with its length; of 512 channels in one chain it is four times that of chunks
 * of 16. The extra additions and stores run in units that are idle otherwise. This, and not speed, is why oneDNN's product is
 * not used here: it keeps one chain.
 */
final class GemmKernel {
    /** Terms that are summed in registers before they are added to the result in memory. */
    static final int CHUNK = 16;
    /** The same for long sums, whose error is then in the additions of the chunks; 8 % faster. */
    private static final int LONG_CHUNK = 2 * CHUNK;
    /** A sum of so many terms or more is long. */
    private static final int LONG = 8 * CHUNK;
    /** Rows of the result in {@link #rowsTimesPanel}. */
    static final int ROWS = 6;
    /** Bytes of a row of a panel of the second factor, two vectors: 16 columns in f32, 8 in f64. */
    static final int PANEL_BYTES = 64;

    private static final int VECTOR = 32;
    /**
     * Bytes by which the lines of a row of A are asked for before their turn, which comes each 96 cycles or 48: six short rows are
     * too many streams for the processor to foresee.
     */
    private static final long AHEAD = 2 * NativeMemory.ALIGNMENT;
    /** Rows of the result in {@link #sumOfOuterProducts} that are held in registers. */
    private static final int OUTER_ROWS = 4;

    private GemmKernel() {}

    /** Terms of a chunk of {@link #rowsTimesPanel} for a sum of {@code terms}, a multiple of 16. */
    static int chunk(int terms) {
        return terms >= LONG && terms % LONG_CHUNK == 0 ? LONG_CHUNK : CHUNK;
    }

    /**
     * {@code f(a, b, c, groups, chunks)}: C = A B or C += A B for 6 x groups rows and 16 columns, summed over chunk x chunks
     * terms. A is row by row; B is a panel of 16 columns, dense. Meanwhile what follows B in memory is brought nearer.
     *
     * @param chunk terms of a chunk
     * @param aRow bytes from one row of A to the next
     * @param cRow bytes from one row of C to the next
     * @param accumulate whether the first chunk is added to C as well
     */
    static MachineCode rowsTimesPanel(int chunk, long aRow, long cRow, boolean accumulate) {
        Avx2Assembler a = new Avx2Assembler(DType.F32);
        a.copy(RAX, R8); // bytes of the panel: r8 chunks of a power of two
        a.shiftLeft(RAX, Integer.numberOfTrailingZeros(PANEL_BYTES * chunk));
        a.add64(RAX, RSI);
        int group = a.position();
        askForGroup(a, aRow, cRow);
        a.copy(R9, RDI);
        a.copy(R10, RSI);
        a.copy(R11, R8);
        int done = -1;
        if (!accumulate) {
            rowsChunk(a, chunk, aRow, cRow, false);
            a.decrement(R11);
            done = a.jumpIfZeroForward();
        }
        int next = a.position();
        rowsChunk(a, chunk, aRow, cRow, true);
        a.decrement(R11);
        a.jumpIfNotZero(next);
        if (done >= 0) {
            a.landHere(done);
        }
        a.add(RDI, ROWS * aRow);
        a.add(RDX, ROWS * cRow);
        a.decrement(RCX);
        a.jumpIfNotZero(group);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /**
     * {@code f(a, b, c, groups, chunks)}: the same in f64, for 8 columns and 16 x chunks terms, where a sum is one chain: its
     * error is far below what f32 can show.
     */
    static MachineCode rowsTimesPanelF64(long aRow, long cRow, boolean accumulate) {
        Avx2Assembler a = new Avx2Assembler(DType.F64);
        a.copy(RAX, R8); // bytes of the panel
        a.shiftLeft(RAX, Integer.numberOfTrailingZeros(PANEL_BYTES * CHUNK));
        a.add64(RAX, RSI);
        int group = a.position();
        askForGroup(a, aRow, cRow);
        a.copy(R9, RDI);
        a.copy(R10, RSI);
        a.copy(R11, R8);
        for (int i = 0; i < 2 * ROWS; i++) {
            if (accumulate) {
                a.load(i, at(RDX, i / 2 * cRow + i % 2 * VECTOR));
            } else {
                a.clear(i);
            }
        }
        int next = a.position();
        rowsTerms(a, DType.F64, CHUNK, aRow, false);
        a.decrement(R11);
        a.jumpIfNotZero(next);
        for (int i = 0; i < 2 * ROWS; i++) {
            a.store(at(RDX, i / 2 * cRow + i % 2 * VECTOR), i);
        }
        a.add(RDI, ROWS * aRow);
        a.add(RDX, ROWS * cRow);
        a.decrement(RCX);
        a.jumpIfNotZero(group);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** Some terms of 6 rows x 2 vectors from A at r9 and B at r10, which move on. @param anew whether the sums begin */
    private static void rowsTerms(Avx2Assembler a, DType type, int terms, long aRow, boolean anew) {
        int b = 12;
        int spread = 14;
        for (int term = 0; term < terms; term++) {
            if (term % 8 == 0) { // in all more lines than the next panel has, for 8 groups or more
                a.prefetch(at(RAX, 0));
                a.add(RAX, PANEL_BYTES);
            }
            if (type.bytes * term % NativeMemory.ALIGNMENT == 0) {
                for (int row = 0; row < ROWS; row++) {
                    a.prefetchNear(at(R9, row * aRow + type.bytes * term + AHEAD));
                }
            }
            a.load(b, at(R10, PANEL_BYTES * term));
            a.load(b + 1, at(R10, PANEL_BYTES * term + VECTOR));
            for (int row = 0; row < ROWS; row++) {
                int s = spread + (row & 1);
                a.broadcast(s, at(R9, row * aRow + type.bytes * term));
                for (int v = 0; v < 2; v++) {
                    product(a, 2 * row + v, s, b + v, anew && term == 0);
                }
            }
        }
        a.add(R9, type.bytes * terms);
        a.add(R10, PANEL_BYTES * terms);
    }

    /** Asks for the lines of C that 6 rows x 2 vectors will be written to, and for the first lines of the next 6 rows of A. */
    private static void askForGroup(Avx2Assembler a, long aRow, long cRow) {
        for (int row = 0; row < ROWS; row++) {
            a.prefetchToWrite(at(RDX, row * cRow));
        }
        for (int row = ROWS; row < 2 * ROWS; row++) {
            for (long line = 0; line < AHEAD; line += NativeMemory.ALIGNMENT) {
                a.prefetchNear(at(RDI, row * aRow + line));
            }
        }
    }

    /** One chunk of 6 rows x 2 vectors from A at r9 and B at r10, which move on; C at rdx. */
    private static void rowsChunk(Avx2Assembler a, int chunk, long aRow, long cRow, boolean add) {
        rowsTerms(a, DType.F32, chunk, aRow, true);
        for (int i = 0; i < 2 * ROWS; i++) {
            var c = at(RDX, i / 2 * cRow + i % 2 * VECTOR);
            if (add) {
                a.add(i, i, c);
            }
            a.store(c, i);
        }
    }

    /**
     * {@code f(a, b, c, groups, chunks)}: C = A^T B or C += A^T B for 8 x groups rows and 8 x vectors columns, summed over
     * 16 x chunks terms. Both factors come in panels of 8 columns, in which the terms follow each other: element (term,
     * column) of a panel is at 32 term + 4 column. Meanwhile the panels of both that follow in memory are brought nearer.
     *
     * @param vectors panels of B, 1 to 3
     * @param panelBytes from one panel to the next, in either factor
     * @param cRow bytes from one row of C to the next
     * @param accumulate whether to add to C
     */
    static MachineCode sumOfOuterProducts(int vectors, long panelBytes, long cRow, boolean accumulate) {
        int sumBytes = OUTER_ROWS * vectors * VECTOR;
        Avx2Assembler a = new Avx2Assembler(DType.F32);
        a.copy(RAX, RSI);
        a.add(RAX, vectors * panelBytes); // the panels of B whose turn is next
        a.add(RSP, -sumBytes);
        int group = a.position();
        for (int half = 0; half < 2; half++) { // 4 of the 8 columns of a panel of A
            a.copy(R9, RDI);
            a.copy(R10, RSI);
            a.copy(R11, R8);
            for (int row = 0; row < OUTER_ROWS; row++) { // of C: three vectors lie in two lines
                a.prefetchToWrite(at(RDX, row * cRow));
                a.prefetchToWrite(at(RDX, row * cRow + (vectors - 1L) * VECTOR));
            }
            a.clear(0);
            for (int i = 0; i < OUTER_ROWS * vectors; i++) {
                a.store(at(RSP, i * VECTOR), 0);
            }
            int chunk = a.position();
            outerChunk(a, vectors, panelBytes, half);
            a.decrement(R11);
            a.jumpIfNotZero(chunk);
            for (int i = 0; i < OUTER_ROWS * vectors; i++) { // what the last chunk left in the registers
                var c = at(RDX, i / vectors * cRow + i % vectors * VECTOR);
                if (accumulate) {
                    a.add(i, i, c);
                }
                a.store(c, i);
            }
            a.add(RDX, OUTER_ROWS * cRow);
        }
        a.add(RDI, panelBytes);
        a.decrement(RCX);
        a.jumpIfNotZero(group);
        a.add(RSP, sumBytes);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** One chunk of 4 rows from A at r9 and B at r10, which move on; the sum so far is on the stack and in registers. */
    private static void outerChunk(Avx2Assembler a, int vectors, long panelBytes, int half) {
        int b = 12;
        int spread = 15;
        for (int term = 0; term < CHUNK; term++) {
            if (term % 4 == 2 * half) { // half of the lines of the next panel of A that lie at the place of this chunk
                a.prefetch(at(R9, panelBytes + VECTOR * term));
            }
            if (term % 8 == 7) {
                a.prefetch(at(RAX, 0));
                a.add(RAX, NativeMemory.ALIGNMENT);
            }
            for (int v = 0; v < vectors; v++) {
                a.load(b + v, at(R10, v * panelBytes + VECTOR * term));
            }
            for (int row = 0; row < OUTER_ROWS; row++) {
                a.broadcast(spread, at(R9, VECTOR * term + 4 * (OUTER_ROWS * half + row)));
                for (int v = 0; v < vectors; v++) {
                    product(a, vectors * row + v, spread, b + v, term == 0);
                }
            }
        }
        a.add(R9, VECTOR * CHUNK);
        a.add(R10, VECTOR * CHUNK);
        for (int i = 0; i < OUTER_ROWS * vectors; i++) {
            a.add(i, i, at(RSP, i * VECTOR));
            a.store(at(RSP, i * VECTOR), i);
        }
    }

    /** sum = x y for the first term, else sum += x y. */
    private static void product(Avx2Assembler a, int sum, int x, int y, boolean first) {
        if (first) {
            a.mul(sum, x, y);
        } else {
            a.multiplyAdd(sum, x, y);
        }
    }
}
