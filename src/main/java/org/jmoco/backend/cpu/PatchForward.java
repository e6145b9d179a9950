package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.GemmKernel.PANEL_BYTES;
import static org.jmoco.backend.cpu.VectorAssembler.RDI;
import static org.jmoco.backend.cpu.VectorAssembler.RDX;
import static org.jmoco.backend.cpu.VectorAssembler.RSI;
import static org.jmoco.backend.cpu.VectorAssembler.at;
import static org.jmoco.tensor.DType.F32;
import static org.jmoco.tensor.DType.F64;

import org.jmoco.backend.cpu.WinogradKernel.Strided;

/**
 * Convolution forward for few input channels, as that of the stem: the patch of x that an output pixel sees is written out as a
 * row of T = R S C numbers in f64, and the rows are multiplied with the filters. A sum of f64 is rounded once, on its way to y.
 *
 * <p>oneDNN's direct kernel takes about half the time, in f32; the stem's forward is 0.4 % of a training step. In exchange the
 * first convolution, whose errors all layers behind it pass on, has none but that of y.
 *
 * <p>A task is a block of output pixels of the whole batch, cut by the problem's size alone. Memory moved per pixel: 8 T bytes
 * written and read, 12 K bytes on the side of the result, in the second-level cache.
 */
final class PatchForward implements ConvKernel {
    /** Bytes of patches and results of a block: half of a second-level cache of 512 KiB. */
    private static final int BLOCK_BYTES = 256 << 10;
    /** Tasks wanted where there are pixels enough. */
    private static final int EVEN_BLOCKS = 16;
    /** Elements that patches are copied by, in AVX2 on every processor: a row of 3 x 3 x 3 has 9. */
    private static final int LANES = InstructionSet.AVX2.vectorBytes / F64.bytes;

    private final ConvProblem p;
    private final Workers workers;
    private final int terms; // T
    private final int rounded; // T, rounded up to what the product sums in one go
    private final int pixels; // outputs of the batch
    private final int rows; // outputs of a product's group
    private final int panels; // of U that a product takes at once
    private final int block; // outputs of a task
    private final long vRow; // bytes of a patch
    private final long mRow; // of a row of results
    private final MachineCode patches; // null if a row of the filter is shorter than a vector
    private final MachineCode product;
    private final MachineCode outputKernel;
    private final Workers.Task filterTask = this::transposeFilters;
    private final Workers.Task blockTask = this::runBlock;

    private final Scratch layout = new Scratch();
    private final long workerOffset;
    private final long workerBytes;
    private final long mOffset; // within a worker's region, after the patches

    private long scratch;
    private long x;
    private long w;
    private long y;

    PatchForward(ConvProblem p, InstructionSet set, Workers workers) {
        this.p = p;
        this.workers = workers;
        terms = p.r() * p.s() * p.c();
        rounded = (terms + GemmKernel.CHUNK - 1) / GemmKernel.CHUNK * GemmKernel.CHUNK;
        pixels = p.n() * p.outH() * p.outW();
        vRow = WinogradGrid.staggered((long) F64.bytes * rounded);
        mRow = WinogradGrid.staggered((long) F64.bytes * p.k());
        rows = GemmKernel.rows(set);
        panels = GemmKernel.panels(set, p.k() / panel());
        long fit = Math.max(rows, Math.min(BLOCK_BYTES / (vRow + mRow), pixels / EVEN_BLOCKS));
        block = (int) (fit + rows - 1) / rows * rows;
        patches = p.s() * p.c() < LANES ? null : patches(p, rounded, vRow);
        product = GemmKernel.rowsTimesPanels(new GemmKernel.Rows(set, F64, rounded, panels, block / rows, vRow, mRow), false);
        WinogradTile one = WinogradTile.oneTap(1);
        outputKernel = WinogradKernel.transform(set, F64, one.output(), row(mRow), F64, row((long) F32.bytes * p.k()), F32, p.k(),
                set.vectorBytes / 2, false);

        layout.region((long) F64.bytes * rounded * p.k()); // U: T x K in panels of 8 columns
        Scratch own = new Scratch();
        own.region(block * vRow);
        mOffset = own.region(block * mRow);
        workerBytes = own.bytes();
        workerOffset = layout.region(workerBytes * workers.count());
    }

    /**
     * {@code f(x, v, count)}: the patches of {@code count} output pixels side by side whose windows lie within the image, x being
     * the first one's first number. A row of a window is copied by vectors, the last of which may overlap the one before.
     */
    private static MachineCode patches(ConvProblem p, int rounded, long vRow) {
        int length = p.s() * p.c();
        VectorAssembler a = new VectorAssembler(F64);
        a.clear(1);
        int pixel = a.position();
        for (int t = p.r() * length; t < rounded; t += LANES) { // zeros first: terms may be written over them
            a.store(at(RSI, (long) F64.bytes * Math.min(t, rounded - LANES)), 1);
        }
        for (int r = 0; r < p.r(); r++) {
            for (int from = 0; from < length; from += LANES) {
                int i = Math.min(from, length - LANES);
                a.widen(0, at(RDI, (long) F32.bytes * (r * p.w() * p.c() + i)));
                a.store(at(RSI, (long) F64.bytes * (r * length + i)), 0);
            }
        }
        a.add(RDI, (long) F32.bytes * p.stride() * p.c());
        a.add(RSI, vRow);
        a.decrement(RDX);
        a.jumpIfNotZero(pixel);
        a.zeroUpper();
        a.ret();
        return new MachineCode(a.code());
    }

    /** One element per item, {@code bytes} from the next. */
    private static Strided row(long bytes) {
        return new Strided(0, 1, 1, false, bytes);
    }

    @Override
    public long scratchBytes() {
        return layout.bytes();
    }

    @Override
    public void bind(long scratch) {
        this.scratch = scratch;
    }

    @Override
    public void run(long x, long w, long y) {
        this.x = x;
        this.w = w;
        this.y = y;
        workers.run(p.k() / panel(), filterTask);
        workers.run((pixels + block - 1) / block, blockTask);
    }

    /** Filters of a panel. */
    private static int panel() {
        return PANEL_BYTES / F64.bytes;
    }

    private void transposeFilters(int task, int worker) {
        long u = scratch + (long) PANEL_BYTES * rounded * task;
        for (int t = 0; t < rounded; t++) {
            for (int k = 0; k < panel(); k++) {
                double value = t < terms ? Simd.get(w + (long) F32.bytes * ((task * panel() + k) * terms + t)) : 0;
                Simd.setDouble(u + (long) PANEL_BYTES * t + (long) F64.bytes * k, value);
            }
        }
    }

    private void runBlock(int task, int worker) {
        int first = task * block;
        int count = Math.min(block, pixels - first);
        long v = scratch + workerOffset + worker * workerBytes;
        long m = v + mOffset;
        for (int i = 0; i < count;) {
            int inside = patches == null ? 0 : Math.min(count - i, insideFrom(first + i));
            if (inside > 0) {
                patches.call(window(first + i), v + i * vRow, inside);
            } else {
                writePatch(v + i * vRow, first + i);
            }
            i += Math.max(1, inside);
        }
        int groups = (count + rows - 1) / rows; // what stands in v beyond the last patch does no harm
        for (int i = 0; i < p.k() / panel(); i += panels) {
            product.call(v, scratch + (long) PANEL_BYTES * rounded * i, m + (long) PANEL_BYTES * i, groups);
        }
        outputKernel.call(m, y + (long) F32.bytes * p.k() * first, count);
    }

    /** How many outputs side by side from {@code pixel} on have windows that lie within the image. */
    private int insideFrom(int pixel) {
        int q = pixel % p.outW();
        int top = pixel / p.outW() % p.outH() * p.stride() - p.pad();
        int left = q * p.stride() - p.pad();
        int until = Math.min(p.outW(), (p.w() + p.pad() - p.s()) / p.stride() + 1); // of q
        return top < 0 || top + p.r() > p.h() || left < 0 ? 0 : Math.max(0, until - q);
    }

    /** Address of the first number in the window of output {@code pixel}. */
    private long window(int pixel) {
        int row = pixel / p.outW();
        long top = (long) row / p.outH() * p.h() + row % p.outH() * p.stride() - p.pad();
        return x + (long) F32.bytes * p.c() * (top * p.w() + pixel % p.outW() * p.stride() - p.pad());
    }

    /** The patch of output {@code pixel}: a row of the filter after the other, and zeros outside the image. */
    private void writePatch(long to, int pixel) {
        int q = pixel % p.outW();
        int row = pixel / p.outW() % p.outH();
        int image = pixel / p.outW() / p.outH();
        int left = q * p.stride() - p.pad();
        int from = Math.max(0, -left) * p.c(); // elements of a row of the patch that are inside
        int until = Math.min(p.s(), p.w() - left) * p.c();
        int length = p.s() * p.c();
        for (int r = 0; r < p.r(); r++, to += (long) F64.bytes * length) {
            int h = row * p.stride() - p.pad() + r;
            boolean inside = h >= 0 && h < p.h();
            long source = x + (long) F32.bytes * p.c() * (((long) image * p.h() + h) * p.w() + left);
            for (int i = 0; i < length; i++) {
                boolean in = inside && i >= from && i < until;
                Simd.setDouble(to + (long) F64.bytes * i, in ? Simd.get(source + (long) F32.bytes * i) : 0);
            }
        }
        for (int t = terms; t < rounded; t++, to += F64.bytes) {
            Simd.setDouble(to, 0);
        }
    }

    @Override
    public String describe() {
        return "patches of " + terms + " in f64, " + block + " pixels a task";
    }

    @Override
    public void close() {
        if (patches != null) {
            patches.close();
        }
        product.close();
        outputKernel.close();
    }
}
