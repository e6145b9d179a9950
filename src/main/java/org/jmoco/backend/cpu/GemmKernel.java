package org.jmoco.backend.cpu;

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

import org.jmoco.backend.cpu.VectorAssembler.Memory;
import org.jmoco.tensor.DType;

/**
 * Matrix products in machine code, on a block of the result that fits into 12 vector registers (AVX-512: 16). A step along the
 * sum loads one to three vectors of one factor, spreads numbers of the other, and makes 12 fused multiply-adds (16): 6 cycles of
 * two units of 256 bits; by AVX-512 8 cycles of two units of 512 bits, or 16 where two of 256 share the work, as on Zen 4.
 *
 * <p><b>Sums are short.</b> After {@link #CHUNK} terms the registers are added to the result in memory and begin anew. The
 * rounding error of one long chain grows with its length; of 512 channels in one chain it is four times that of chunks
 * of 16. The extra additions and stores run in units that are idle otherwise. This, and not speed, is why oneDNN's product is
 * not used here: it keeps one chain.
 *
 * <p>What {@link #rowsTimesPanels} writes down as instructions, for f32 without adding to C, where R rows of V vectors fit into
 * the registers (6 x 2, or 8 x 2); {@code sum} are the first R V of them, {@code b} the next V, {@code s} the others in turn:
 *
 * <pre>
 *   for each group of R rows of A and C                  // A rdi, C rdx, B rsi; groups left: rcx
 *     for each chunk of 16 or 32 terms                   // its A r9, its B r10; chunks left: r11
 *       for each term t of the chunk                     // unrolled, as is all within
 *         for v &lt; V:  b[v] = vector v of row t of B
 *         for r &lt; R:  s = A[r][t] in every element
 *           for v &lt; V:  sum[r][v] += s * b[v]            // the inner loop: one fused multiply-add
 *       C[r][v] += sum[r][v] for all, the first chunk C[r][v] = sum[r][v]
 * </pre>
 *
 * In f64 the sums stay in registers through all chunks. Beside that each pass asks for lines of memory whose turn comes soon
 * (rax: the next panels of B). {@link #sumOfOuterProducts} is the same loop with A read down its columns, and with the sum of all
 * chunks on the stack.
 */
final class GemmKernel {
    /** Terms that are summed in registers before they are added to the result in memory. */
    static final int CHUNK = 16;
    /** The same for long sums, whose error is then in the additions of the chunks; 8 % faster. */
    private static final int LONG_CHUNK = 2 * CHUNK;
    /** A sum of so many terms or more is long. */
    private static final int LONG = 8 * CHUNK;
    /** Bytes of a row of a panel of the second factor: 16 columns in f32, 8 in f64. */
    static final int PANEL_BYTES = 64;
    /** Vectors of a row of the result in {@link #rowsTimesPanels}: a panel of two, or two panels of one. */
    private static final int ROW_VECTORS = 2;

    /**
     * Bytes by which the lines of a row of A are asked for before their turn, which comes each 96 cycles in f32 and 48 in f64
     * (AVX2): six or eight short rows are too many streams for the processor to foresee.
     */
    private static final long AHEAD = 2 * NativeMemory.ALIGNMENT;

    private GemmKernel() {}

    /** Rows of the result in {@link #rowsTimesPanels}, a group. */
    static int rows(InstructionSet set) {
        return set == InstructionSet.AVX512 ? 8 : 6;
    }

    /**
     * Panels that {@link #rowsTimesPanels} takes at once of {@code all} of them: as many as fit, where none is left over then.
     */
    static int panels(InstructionSet set, int all) {
        int most = ROW_VECTORS * set.vectorBytes / PANEL_BYTES;
        return all % most == 0 ? most : 1;
    }

    /** Terms of a chunk of {@link #rowsTimesPanels} for a sum of {@code terms}, a multiple of 16. */
    static int chunk(int terms) {
        return terms >= LONG && terms % LONG_CHUNK == 0 ? LONG_CHUNK : CHUNK;
    }

    /**
     * What {@link #rowsTimesPanels} multiplies.
     *
     * @param set what the code may use
     * @param type of both factors and the result, f32 or f64
     * @param terms of a sum, a multiple of 16
     * @param panels of B that are taken at once
     * @param groups of rows in most calls
     * @param aRow bytes from one row of A to the next
     * @param cRow bytes from one row of C to the next
     */
    record Rows(InstructionSet set, DType type, int terms, int panels, int groups, long aRow, long cRow) {
        /** Rows of a group: of C, in registers. */
        int rows() {
            return GemmKernel.rows(set);
        }

        /** Vectors of each. */
        int vectors() {
            return panels * PANEL_BYTES / set.vectorBytes;
        }

        /** Terms of a pass of the inner loop; in f32 of a sum in registers. */
        int chunk() {
            return type == DType.F32 ? GemmKernel.chunk(terms) : CHUNK;
        }

        /** Bytes of a panel. */
        long panelBytes() {
            return (long) PANEL_BYTES * terms;
        }

        /** Where vector {@code v} of a row of B is: in the same panel, or in the next. */
        long bOffset(int v) {
            long at = (long) v * set.vectorBytes;
            return at / PANEL_BYTES * panelBytes() + at % PANEL_BYTES;
        }

        Memory c(int sum) {
            return at(RDX, sum / vectors() * cRow + (long) sum % vectors() * set.vectorBytes);
        }
    }

    /**
     * {@code f(a, b, c, groups)}: C = A B or C += A B for {@link #rows} x groups rows and the columns of some panels. A and C are
     * row by row; B is dense panels of 64 bytes a row, one behind the other. Meanwhile what follows B in memory is brought
     * nearer.
     *
     * <p>In f64 a sum is one chain: its error is far below what f32 can show.
     *
     * @param accumulate whether the sums are added to C
     */
    static MachineCode rowsTimesPanels(Rows p, boolean accumulate) {
        VectorAssembler a = new VectorAssembler(p.set, p.type);
        int sums = p.rows() * p.vectors();
        boolean oneChain = p.type == DType.F64;
        a.copy(RAX, RSI);
        a.add(RAX, p.panels * p.panelBytes());
        int group = a.position();
        askForGroup(a, p);
        a.copy(R9, RDI);
        a.copy(R10, RSI);
        a.count(R11, p.terms / p.chunk());
        for (int i = 0; oneChain && i < sums; i++) {
            if (accumulate) {
                a.load(i, p.c(i));
            } else {
                a.clear(i);
            }
        }
        int done = -1;
        if (!oneChain && !accumulate) {
            rowsTerms(a, p, true);
            storeSums(a, p, false);
            a.decrement(R11);
            done = a.jumpIfZeroForward();
        }
        int next = a.position();
        rowsTerms(a, p, !oneChain);
        if (!oneChain) {
            storeSums(a, p, true);
        }
        a.decrement(R11);
        a.jumpIfNotZero(next);
        if (done >= 0) {
            a.landHere(done);
        }
        if (oneChain) {
            storeSums(a, p, false);
        }
        a.add(RDI, p.rows() * p.aRow);
        a.add(RDX, p.rows() * p.cRow);
        a.decrement(RCX);
        a.jumpIfNotZero(group);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** A chunk of terms from A at r9 and B at r10, which move on. @param anew whether the sums begin */
    private static void rowsTerms(VectorAssembler a, Rows p, boolean anew) {
        int vectors = p.vectors();
        int b = p.rows() * vectors;
        int spread = b + vectors;
        int spreads = p.set.registers - spread;
        int bytes = p.type.bytes;
        // Each line of the next panels once in a call of the usual number of groups, or more often.
        int lines = 0;
        int linesInAll = (p.panels * p.chunk() + p.groups - 1) / p.groups;
        for (int term = 0; term < p.chunk(); term++) {
            for (; lines * p.chunk() < linesInAll * (term + 1); lines++) {
                a.prefetch(at(RAX, 0));
                a.add(RAX, PANEL_BYTES);
            }
            if (bytes * term % NativeMemory.ALIGNMENT == 0) {
                for (int row = 0; row < p.rows(); row++) {
                    a.prefetchNear(at(R9, row * p.aRow + bytes * term + AHEAD));
                }
            }
            for (int v = 0; v < vectors; v++) {
                a.load(b + v, at(R10, p.bOffset(v) + PANEL_BYTES * term));
            }
            for (int row = 0; row < p.rows(); row++) {
                int s = spread + row % spreads;
                a.broadcast(s, at(R9, row * p.aRow + bytes * term));
                for (int v = 0; v < vectors; v++) {
                    product(a, vectors * row + v, s, b + v, anew && term == 0);
                }
            }
        }
        a.add(R9, bytes * p.chunk());
        a.add(R10, PANEL_BYTES * p.chunk());
    }

    /** Asks for the lines of C that the rows of a group will be written to, and for the first lines of the next group's A. */
    private static void askForGroup(VectorAssembler a, Rows p) {
        for (int row = 0; row < p.rows(); row++) {
            for (int panel = 0; panel < p.panels; panel++) {
                a.prefetchToWrite(at(RDX, row * p.cRow + panel * PANEL_BYTES));
            }
        }
        for (int row = p.rows(); row < 2 * p.rows(); row++) {
            for (long line = 0; line < AHEAD; line += NativeMemory.ALIGNMENT) {
                a.prefetchNear(at(RDI, row * p.aRow + line));
            }
        }
    }

    private static void storeSums(VectorAssembler a, Rows p, boolean add) {
        for (int i = 0; i < p.rows() * p.vectors(); i++) {
            if (add) {
                a.add(i, i, p.c(i));
            }
            a.store(p.c(i), i);
        }
    }

    /** Rows of the result in {@link #sumOfOuterProducts} that are held in registers, half of a vector. */
    private static int outerRows(InstructionSet set) {
        return set.vectorBytes / Float.BYTES / 2;
    }

    /** Vectors of such a row at most. */
    static int outerVectors(InstructionSet set) {
        return set == InstructionSet.AVX512 ? 2 : 3;
    }

    /**
     * {@code f(a, b, c, groups, chunks)}: C = A^T B or C += A^T B for groups x L rows and vectors x L columns, L being the f32 of
     * a vector, summed over 16 x chunks terms. Both factors come in panels of L columns, in which the terms follow each other:
     * element (term, column) of a panel is at 4 L term + 4 column. Meanwhile the panels of both that follow in memory are brought
     * nearer.
     *
     * @param vectors panels of B, 1 to {@link #outerVectors}
     * @param panelBytes from one panel to the next, in either factor
     * @param cRow bytes from one row of C to the next
     * @param accumulate whether to add to C
     */
    static MachineCode sumOfOuterProducts(InstructionSet set, int vectors, long panelBytes, long cRow, boolean accumulate) {
        int vector = set.vectorBytes;
        int rows = outerRows(set);
        int sumBytes = rows * vectors * vector;
        VectorAssembler a = new VectorAssembler(set, DType.F32);
        a.enterFrame(sumBytes, RAX);
        a.copy(RAX, RSI);
        a.add(RAX, vectors * panelBytes); // the panels of B whose turn is next
        int group = a.position();
        for (int half = 0; half < 2; half++) { // half of the columns of a panel of A
            a.copy(R9, RDI);
            a.copy(R10, RSI);
            a.copy(R11, R8);
            for (int row = 0; row < rows; row++) { // of C: three vectors lie in two lines
                a.prefetchToWrite(at(RDX, row * cRow));
                if (vectors > 1) {
                    a.prefetchToWrite(at(RDX, row * cRow + (vectors - 1L) * vector));
                }
            }
            a.clear(0);
            for (int i = 0; i < rows * vectors; i++) {
                a.store(at(RSP, i * vector), 0);
            }
            int chunk = a.position();
            outerChunk(a, vectors, panelBytes, half);
            a.decrement(R11);
            a.jumpIfNotZero(chunk);
            for (int i = 0; i < rows * vectors; i++) { // what the last chunk left in the registers
                var c = at(RDX, i / vectors * cRow + i % vectors * vector);
                if (accumulate) {
                    a.add(i, i, c);
                }
                a.store(c, i);
            }
            a.add(RDX, rows * cRow);
        }
        a.add(RDI, panelBytes);
        a.decrement(RCX);
        a.jumpIfNotZero(group);
        a.leaveFrame(sumBytes);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /**
     * One chunk of half a panel's rows from A at r9 and B at r10, which move on; the sum so far is on the stack and in registers.
     */
    private static void outerChunk(VectorAssembler a, int vectors, long panelBytes, int half) {
        int vector = a.set().vectorBytes;
        int rows = outerRows(a.set());
        int b = rows * outerVectors(a.set());
        int spread = b + outerVectors(a.set());
        int spreads = a.set().registers - spread;
        int line = NativeMemory.ALIGNMENT / vector; // terms
        for (int term = 0; term < CHUNK; term++) {
            if (term % (2 * line) == line * half) { // half of the lines at the place of this chunk in A's next panel
                a.prefetch(at(R9, panelBytes + vector * term));
            }
            if (term % (4 * line) == 4 * line - 1) {
                a.prefetch(at(RAX, 0));
                a.add(RAX, NativeMemory.ALIGNMENT);
            }
            for (int v = 0; v < vectors; v++) {
                a.load(b + v, at(R10, v * panelBytes + vector * term));
            }
            for (int row = 0; row < rows; row++) {
                int s = spread + row % spreads;
                a.broadcast(s, at(R9, vector * term + Float.BYTES * (rows * half + row)));
                for (int v = 0; v < vectors; v++) {
                    product(a, vectors * row + v, s, b + v, term == 0);
                }
            }
        }
        a.add(R9, vector * CHUNK);
        a.add(R10, vector * CHUNK);
        for (int i = 0; i < rows * vectors; i++) {
            a.add(i, i, at(RSP, i * vector));
            a.store(at(RSP, i * vector), i);
        }
    }

    /** sum = x y for the first term, else sum += x y. */
    private static void product(VectorAssembler a, int sum, int x, int y, boolean first) {
        if (first) {
            a.mul(sum, x, y);
        } else {
            a.multiplyAdd(sum, x, y);
        }
    }
}
