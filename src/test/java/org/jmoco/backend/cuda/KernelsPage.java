package org.jmoco.backend.cuda;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.ptx.LaunchCounts;

/** The text of docs/kernels.md: what NVIDIA's compiler and the PTX machine say of each kernel. */
final class KernelsPage {
    static final Path FILE = Path.of("docs/kernels.md");

    /** A multiprocessor of sm_90 (CUDA C++ Programming Guide, technical specifications per compute capability). */
    private static final int REGISTERS = 65_536;
    private static final int SHARED_BYTES = 228 * 1024;
    private static final int RESERVED_SHARED_BYTES = 1024; // of each block
    private static final int WARPS = 64;
    private static final int BLOCKS = 32;

    private KernelsPage() {}

    static String text(List<KernelTraffic.Measured> traffic) {
        StringBuilder page = new StringBuilder();
        page.append("<!-- Written by kernels/report.sh from kernels/ptx, sha256 ").append(hash()).append("; do not edit. -->\n");
        page.append(HEAD);
        resources(page);
        page.append(TRAFFIC_HEAD);
        traffic(page, traffic);
        return page.toString();
    }

    private static final String HEAD = """
            # Kernels

            jmoco's own kernels, for everything but convolutions (cuDNN) and matrix products (cuBLAS). Each file `kernels/<module>.cu`
            says at its head what it computes, the bytes it moves per element, its shared memory and geometry, what it assumes, and which
            slower version it replaces and why. The figures here come from tools that need no GPU; the only times are predictions, and say so.

            - `kernels/build.sh` compiles the sources to the PTX that ships (`kernels/ptx`). A test fails where the two do not belong
              together.
            - `kernels/report.sh` writes this page; a test fails where it is not what the kernels give now.

            ## What should bound them

            All but InfoNCE, kNN and the views do a few operations for each element and are to run at the speed of memory. No GPU was at
            hand when they were written; the argument that they will is this. An H200 moves 4.8e12 bytes a second with some 0.7 us of
            latency, so 3.4 MB must be under way at any time, 25 KiB on each of its 132 multiprocessors.

            | kernel | packs of 16 bytes in flight, a thread | threads on a multiprocessor | KiB in flight |
            |---|---|---|---|
            | batch norm, statistics | 6 | 1024 | 96 |
            | batch norm, y | 2, with residual 4 | 1024 | 32 to 64 |
            | batch norm backward, sums | 4, with ReLU 6 | 768 | 48 to 72 |
            | batch norm backward, dx | 4 | 768 | 48 |
            | SGD, Adam | 6, 8 | 1536, 1024 | 144, 128 |
            | ReLU, conversions | 2 to 4 | 2048 | 64 to 128 |

            Batch norm's grid is one wave: as many chunks as the device holds blocks, each of equal length, so that no multiprocessor
            waits for a last round. Its second reading of a map goes backwards, to find in the L2 cache what the first one left. All
            requests of vector kernels are whole sectors (below), and instructions stay under what memory leaves time for.

            ## A step, predicted

            For the target's step on an H200: batch 512, 32 x 32, width 64, 8 splits, M 4096, D 128, bf16. Nothing here was measured; it is
            written down so that the first measurement has something to contradict. Memory at 80 % of 4.8e12 bytes a second. A feature
            map of the four stages has 67.1, 33.6, 16.8 and 8.4 MB, and each stage has five batch norms.

            | kernels | launches | bytes | predicted |
            |---|---|---|---|
            | batch norm forward, two encoders: 3 E, with residual 4 E | 120 | 4.28 GB | 1.11 ms |
            | batch norm backward: 6 E + 2 / P, with residual 7 E, without ReLU 5 E | 60 | 4.00 GB | 1.04 ms |
            | of those, combining chunks: latency, not bytes | 60 | some MB | 0.1 to 0.2 ms |
            | SGD and momentum update, 22 and 14 bytes a parameter | 2 | 0.40 GB | 0.10 ms |
            | filters' gradients from bf16 to f32, 6 bytes a parameter | 20 | 0.07 GB | 0.06 ms (launches) |
            | InfoNCE: 1.1 GFLOP, 128 blocks of one tile each, 17 MB of partial sums | 3 | 0.02 GB | 0.02 ms |
            | views, two of 512 images: instructions (docs/maths/views.md) | 1 | 13 MB | 0.04 to 0.08 ms |
            | pooling, L2, gathers, queue, counters: a launch each | 20 | 0.06 GB | 0.05 ms |
            | all of jmoco's own | | 8.8 GB | 2.5 to 2.7 ms |
            | convolutions by cuDNN, 2.27 TFLOP, at 400 to 600 TFLOP/s | 59 | | 3.8 to 5.7 ms |
            | the step | about 290 | | 6.3 to 8.4 ms: 61,000 to 81,000 pairs/s |

            The L2 cache, which serves a part of batch norm's second readings, is left out; so is what convolutions lose at small maps.
            If the step is slower than 10 ms (50,000 pairs/s), `bench step --time-steps` tells which line above is wrong.

            ## Registers and shared memory

            By NVIDIA's PTX compiler, as JCuda ships it (PTX ISA 8.0), for the variant of each module that a device of that architecture
            loads. **Warps**: how many of the 64 of an sm_90 multiprocessor are resident, by registers, static shared memory and the
            largest block that the kernel allows; shared memory that a launch asks for besides may lower it. A kernel that spills
            registers to memory is marked in its column; a test fails on one that did not spill before.

            """;

    private static final String TRAFFIC_HEAD = """

            ## Bytes

            Counted by the PTX machine while it executes each operation at a small size, on one multiprocessor. **Fewest** are the bytes
            per element that must cross the memory bus if nothing of a map stays on the chip from one launch to the next; **moved** is
            what the threads asked for, caches not counted: the excess is constants that every thread loads (the scale and shift of its
            channels, from the L1 cache) and, for rows of matrices and for pooling windows, elements that are read again from cache.
            **Sectors** are the 32-byte sectors that the warps' requests touch, over the fewest for so many bytes; below 1 where lanes
            share an address. **Conflicts** are turns of the shared memory's banks beyond the fewest. **Instructions** are those of the
            PTX, per element, of all its launches: an H200 issues 3.0e13 a second (132 multiprocessors x 128 lanes x 1.785 GHz), so
            that at 4.8e12 bytes a second an operation is bound by memory while it has fewer than 6.2 for each byte.

            """;

    // ---- registers ---------------------------------------------------------------------------------------------

    private static void resources(StringBuilder page) {
        page.append("| module | kernel | ").append(String.join(" | ", PtxFile.TARGETS))
                .append(" | shared bytes | threads | warps |\n");
        page.append("|---|---|").append("---|".repeat(PtxFile.TARGETS.size())).append("---|---|---|\n");
        Map<String, List<PtxFile>> modules = new TreeMap<>();
        PtxFile.all().forEach(f -> modules.computeIfAbsent(f.module(), m -> new java.util.ArrayList<>()).add(f));
        modules.forEach((module, variants) -> {
            Map<String, Map<String, PtxAssembler.Resources>> byEntry = new TreeMap<>(); // entry, target
            Map<String, String> text = new TreeMap<>();
            for (PtxFile f : variants) { // the newest variant is last and takes its targets from the ones before
                for (String target : f.targets()) {
                    for (PtxAssembler.Resources r : PtxAssembler.assemble(f, target)) {
                        byEntry.computeIfAbsent(r.entry(), e -> new TreeMap<>()).put(target, r);
                        text.put(r.entry(), f.text());
                    }
                }
            }
            byEntry.forEach((entry, byTarget) -> row(page, module, entry, text.get(entry), byTarget));
        });
    }

    private static void row(StringBuilder page, String module, String entry, String ptx,
            Map<String, PtxAssembler.Resources> byTarget) {
        page.append("| ").append(module).append(" | ").append(entry).append(" |");
        int shared = 0;
        for (String target : PtxFile.TARGETS) {
            PtxAssembler.Resources r = byTarget.get(target);
            page.append(' ').append(r == null ? "" : r.registers()
                    + (r.spillBytes() == 0 ? "" : ", spills " + r.spillBytes() + " bytes"))
                    .append(" |");
            shared = r == null ? shared : Math.max(shared, r.sharedBytes());
        }
        int threads = PtxSignature.parse(entry, ptx, entry).maxThreads();
        PtxAssembler.Resources newest = byTarget.get(PtxFile.TARGETS.getLast());
        page.append(' ').append(shared).append(" | ").append(threads).append(" | ")
                .append(newest == null ? "" : warps(newest, threads))
                .append(" |\n");
    }

    /** Warps of a multiprocessor that blocks of so many threads can fill. Registers are given to warps in units of 256. */
    private static int warps(PtxAssembler.Resources r, int threads) {
        int warpsOfBlock = Math.ceilDiv(threads, 32);
        int registersOfWarp = Math.ceilDiv(r.registers() * 32, 256) * 256;
        int blocks = Math.min(BLOCKS, WARPS / warpsOfBlock);
        blocks = Math.min(blocks, REGISTERS / registersOfWarp / warpsOfBlock);
        blocks = Math.min(blocks, SHARED_BYTES / (r.sharedBytes() + RESERVED_SHARED_BYTES));
        return blocks * warpsOfBlock;
    }

    // ---- bytes -------------------------------------------------------------------------------------------------

    private static void traffic(StringBuilder page, List<KernelTraffic.Measured> traffic) {
        page.append("| operation | precision | fewest | moved | ratio | sectors read | written | conflicts | instructions |\n");
        page.append("|---|---|---|---|---|---|---|---|---|\n");
        for (KernelTraffic.Measured m : traffic) {
            long instructions = m.kernels().stream().mapToLong(LaunchCounts::laneInstructionsInAll).sum();
            page.append(String.format(Locale.ROOT, "| %s | %s | %.2f | %.2f | %.2f | | | | %.1f |%n", m.of().problem(),
                    m.of().precision(), m.of().fewest(), m.bytesPerElement(), m.ratio(),
                    (double) instructions / m.of().elements()));
            for (LaunchCounts k : m.kernels()) {
                page.append(String.format(Locale.ROOT, "| - %s | | | %.2f | | %.2f | %.2f | %d of %d | %.1f |%n", k.kernel(),
                        m.bytesPerElement(k), k.globalLoads().waste(), k.globalStores().waste(), k.shared().conflicts(),
                        k.shared().cycles(), (double) k.laneInstructionsInAll() / m.of().elements()));
            }
        }
    }

    private static String hash() {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            PtxFile.all().forEach(f -> sha.update(f.text().getBytes(StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
