package org.jmoco.backend;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * Which buffer lies where. Persistent buffers keep their own bytes in their region's arena. The transient ones of a
 * program (region ACTIVATIONS) live from the first step that touches them to the last, and share one arena: two buffers
 * overlap only if no step sees both alive, and where branches run beside the main line, only if not one lives in a branch while
 * the other lives beside it. Programs never run at the same time, so each packs into the same arena.
 *
 * <p>The packing is greedy by size: largest buffer first, each at the lowest offset that is free during its whole life
 * (the best-fit heuristic that Pisarchyk and Lee, arXiv:2001.03288, found to lie within a few percent of the optimum).
 */
public final class MemoryPlan {
    /** Every buffer starts on its own cache line. */
    static final int ALIGNMENT = 64;
    /** Of the workspace of branches: that of a device's allocations, which libraries may count on. */
    private static final long WORKSPACE_ALIGNMENT = 256;

    private final Map<Region, List<Buffer>> persistent = new EnumMap<>(Region.class);
    private final Map<Region, Long> arenaBytes = new EnumMap<>(Region.class);
    private final Map<Buffer, Long> offsets = new HashMap<>();
    private long branchScratch;
    private boolean branched;
    private boolean closed;

    MemoryPlan() {}

    /**
     * Declares a buffer that keeps its contents from run to run. Contents are zero after allocation.
     *
     * @throws IllegalStateException once the backend has allocated
     */
    public Buffer declare(Region region, String name, DType dtype, Shape shape) {
        if (region == Region.ACTIVATIONS || region == Region.SCRATCH) {
            throw new IllegalArgumentException(name + ": " + region + " buffers are declared by a Recorder, for one program");
        }
        if (region == Region.WEIGHT_COPIES) {
            throw new IllegalArgumentException(name + ": " + region + " belongs to the backend; declare in " + Region.PARAMETERS);
        }
        if (closed) {
            throw new IllegalStateException(name + ": memory is allocated already; declare buffers before Backend.allocate()");
        }
        Buffer b = new Buffer(name, region, dtype, shape);
        persistent.computeIfAbsent(region, r -> new ArrayList<>()).add(b);
        return b;
    }

    /**
     * Places everything: computes the size of each arena and each root's offset in it.
     *
     * @param copiesPerParameter bytes of {@link Region#WEIGHT_COPIES} for each byte of {@link Region#PARAMETERS}
     * @param branches whether branches run beside the main line; false: steps run in order
     */
    void layOut(List<Program> programs, double copiesPerParameter, boolean branches) {
        closed = true;
        persistent.forEach((region, buffers) -> {
            long end = 0;
            for (Buffer b : buffers) {
                offsets.put(b, end);
                end += aligned(b.bytes());
            }
            arenaBytes.put(region, end);
        });
        arenaBytes.put(Region.WEIGHT_COPIES, (long) (bytes(Region.PARAMETERS) * copiesPerParameter));
        long activations = 0;
        long scratch = 0;
        long scratchOfBranches = 0;
        branched = branches && programs.stream().anyMatch(p -> !p.branches().isEmpty());
        for (Program p : programs) {
            activations = Math.max(activations, pack(p, branches ? p.branches() : List.of()));
            for (int i = 0; i < p.steps().size(); i++) {
                long bytes = aligned(p.steps().get(i).work().scratchBytes());
                if (branches && p.inBranch(i)) {
                    scratchOfBranches = Math.max(scratchOfBranches, bytes);
                } else {
                    scratch = Math.max(scratch, bytes);
                }
            }
        }
        branchScratch = scratchOfBranches == 0 ? 0 : Math.ceilDiv(scratch, WORKSPACE_ALIGNMENT) * WORKSPACE_ALIGNMENT;
        arenaBytes.put(Region.ACTIVATIONS, activations);
        arenaBytes.put(Region.SCRATCH, scratchOfBranches == 0 ? scratch : branchScratch + scratchOfBranches);
    }

    private static boolean together(List<Branch> branches, int firstA, int lastA, int firstB, int lastB) {
        return firstA <= lastB && firstB <= lastA
                || branches.stream().anyMatch(b -> b.seesTogether(firstA, lastA, firstB, lastB));
    }

    private long pack(Program program, List<Branch> branches) {
        record Placed(long start, long end, int first, int last) {}
        Map<Buffer, int[]> lives = lifetimes(program);
        List<Buffer> order = new ArrayList<>(program.transients());
        order.removeIf(b -> !lives.containsKey(b));
        order.sort((a, b) -> Long.compare(b.bytes(), a.bytes()));
        List<Placed> placed = new ArrayList<>();
        long end = 0;
        for (Buffer b : order) {
            int[] life = lives.get(b);
            long size = aligned(b.bytes());
            long at = 0;
            // Placed blocks are kept sorted by start: walk upwards and jump over each that is alive meanwhile and in the way.
            for (Placed p : placed) {
                if (p.start < at + size && at < p.end && together(branches, p.first, p.last, life[0], life[1])) {
                    at = p.end;
                }
            }
            offsets.put(b, at);
            end = Math.max(end, at + size);
            placed.add(new Placed(at, at + size, life[0], life[1]));
            placed.sort((p, q) -> Long.compare(p.start, q.start));
        }
        return end;
    }

    private static Map<Buffer, int[]> lifetimes(Program program) {
        Map<Buffer, int[]> lives = new HashMap<>();
        List<Step> steps = program.steps();
        for (int i = 0; i < steps.size(); i++) {
            for (List<Buffer> operands : List.of(steps.get(i).reads(), steps.get(i).writes())) {
                for (Buffer b : operands) {
                    if (b.region() == Region.ACTIVATIONS) {
                        int step = i;
                        lives.computeIfAbsent(b.root(), r -> new int[] {step, step})[1] = i;
                    }
                }
            }
        }
        return lives;
    }

    /** Bytes of one region's arena. Known after {@link Backend#allocate()}. */
    public long bytes(Region region) {
        return arenaBytes.getOrDefault(region, 0L);
    }

    /** True if branches have memory of their own, of which steps in order would share a part. */
    public boolean keepsBranchesApart() {
        return branched;
    }

    /** Where the workspace of steps in branches starts in {@link Region#SCRATCH}; 0 if they share that of all others. */
    long branchScratch() {
        return branchScratch;
    }

    /** Bytes of all arenas together: the peak, since nothing is allocated later. */
    public long totalBytes() {
        return arenaBytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Offset of a root in its region's arena, in bytes; absent for a transient that no step touches. */
    public Long offset(Buffer root) {
        return offsets.get(root);
    }

    List<Buffer> roots(List<Program> programs) {
        List<Buffer> all = new ArrayList<>();
        persistent.values().forEach(all::addAll);
        for (Program p : programs) {
            all.addAll(p.transients());
        }
        all.removeIf(b -> !offsets.containsKey(b));
        return all;
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** One line per region and a total, in MB of 10^6 bytes; printed before step 0. */
    public String table() {
        StringBuilder s = new StringBuilder();
        for (Region r : Region.values()) {
            if (bytes(r) > 0) {
                s.append(String.format(Locale.ROOT, "  %-12s %9.1f MB  %s%n", r.name().toLowerCase(Locale.ROOT), bytes(r) * 1e-6,
                        r.holds));
            }
        }
        return s.append(String.format(Locale.ROOT, "  %-12s %9.1f MB%n", "total", totalBytes() * 1e-6)).toString();
    }
}
