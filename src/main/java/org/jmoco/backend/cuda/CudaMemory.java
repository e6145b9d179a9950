package org.jmoco.backend.cuda;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jmoco.backend.MemoryPlan;
import org.jmoco.backend.Region;
import org.jmoco.tensor.UserError;

/** The arenas of the CUDA backend, one block of device memory for each region; allocated once. */
final class CudaMemory {
    private static final Set<Region> BY_BATCH = EnumSet.of(Region.INPUT, Region.OUTPUT, Region.ACTIVATIONS, Region.SCRATCH);
    private static final Set<Region> BY_WIDTH = EnumSet.of(Region.PARAMETERS, Region.WEIGHT_COPIES, Region.GRADIENTS,
            Region.OPTIMISER);

    private final Gpu gpu;
    private final Precision precision;
    private final Map<Region, Long> addresses = new EnumMap<>(Region.class);

    CudaMemory(Gpu gpu, Precision precision) {
        this.gpu = gpu;
        this.precision = precision;
    }

    /** @throws UserError if memory does not suffice: what was to be allocated, the whole plan, and what lowers it */
    void allocate(Map<Region, Long> arenaBytes, MemoryPlan plan) {
        long taken = 0;
        for (Map.Entry<Region, Long> e : arenaBytes.entrySet()) {
            long bytes = e.getValue();
            if (bytes == 0) {
                continue;
            }
            try {
                addresses.put(e.getKey(), gpu.allocate(bytes, e.getKey().name().toLowerCase(Locale.ROOT)));
            } catch (GpuOutOfMemoryException x) {
                throw tooLarge(x, e.getKey(), taken, arenaBytes, plan);
            }
            taken += bytes;
        }
    }

    /** Address of a region's arena, 0 if nothing lives there. */
    long address(Region region) {
        return addresses.getOrDefault(region, 0L);
    }

    private UserError tooLarge(GpuOutOfMemoryException x, Region region, long taken, Map<Region, Long> arenaBytes,
            MemoryPlan plan) {
        Region largest = arenaBytes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
        return UserError.failed(String.format(Locale.ROOT,
                        "cuda backend: out of device memory. The arena %s (%s) needs %.1f MB, but %.1f MB are free on %s after"
                        + " %.1f MB of this run. The plan:%n%sLower it by %s.", region.name().toLowerCase(Locale.ROOT),
                region.holds, x.wantedBytes() * 1e-6, x.freeBytes() * 1e-6, gpu.info().name(), taken * 1e-6, plan.table(),
                cure(largest, plan)), x);
    }

    /** The options that shrink the largest arena, strongest first. */
    private String cure(Region largest, MemoryPlan plan) {
        String narrow = precision.featureMaps().bytes == 2 ? "" : gpu.info().capability() < 80 ? ", --precision f16"
                : ", --precision bf16";
        if (BY_BATCH.contains(largest)) {
            boolean apart = plan.keepsBranchesApart() && (largest == Region.ACTIVATIONS || largest == Region.SCRATCH);
            return "--batch, --image" + narrow + " or --width" + (apart ? ", or leave out --branches" : "");
        }
        if (largest == Region.DATA) {
            return "--feed host, which keeps the images in the host's memory";
        }
        return BY_WIDTH.contains(largest) ? "--width" : "--queue or --dim";
    }
}
