package org.jmoco.ptx;

import java.util.EnumMap;
import java.util.Map;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * What a kernel did, summed over launches. Instructions are counted as the PTX has them: the assembler makes other ones of them,
 * but loads, stores and their addresses stay.
 *
 * @param kernel name of the entry
 * @param launches how many launches this sums up
 * @param grid geometry of the last one, @param block likewise
 * @param warpInstructions instructions that warps issued
 * @param laneInstructions the same, counted per active lane, by class
 * @param globalLoads traffic with global memory; bytes as the lanes ask for them
 * @param shared accesses to shared memory
 * @param asyncCopies global side of cp.async
 */
public record LaunchCounts(String kernel, int launches, Dim grid, Dim block, long warpInstructions,
        Map<InstructionClass, Long> laneInstructions, Traffic globalLoads, Traffic globalStores, Traffic atomics,
        Traffic asyncCopies,
        SharedTraffic shared) {
    /**
     * @param requests memory instructions of warps
     * @param bytes that all lanes together asked for
     * @param sectors of 32 bytes that the requests touch, each request by itself: caches are not modelled
     * @param fewestSectors what the same lanes would touch with their accesses side by side
     */
    public record Traffic(long requests, long bytes, long sectors, long fewestSectors) {
        static final Traffic NONE = new Traffic(0, 0, 0, 0);

        public double sectorsPerRequest() {
            return requests == 0 ? 0 : (double) sectors / requests;
        }

        /** 1 if coalesced: sectors over the fewest possible. */
        public double waste() {
            return fewestSectors == 0 ? 1 : (double) sectors / fewestSectors;
        }

        Traffic plus(Traffic o) {
            return new Traffic(requests + o.requests, bytes + o.bytes, sectors + o.sectors, fewestSectors + o.fewestSectors);
        }
    }

    /**
     * @param cycles turns that the banks need
     * @param conflicts turns beyond the fewest possible
     */
    public record SharedTraffic(long requests, long bytes, long cycles, long conflicts) {
        static final SharedTraffic NONE = new SharedTraffic(0, 0, 0, 0);

        SharedTraffic plus(SharedTraffic o) {
            return new SharedTraffic(requests + o.requests, bytes + o.bytes, cycles + o.cycles, conflicts + o.conflicts);
        }
    }

    /** Lane instructions of one class. */
    public long of(InstructionClass c) {
        return laneInstructions.getOrDefault(c, 0L);
    }

    public long laneInstructionsInAll() {
        return laneInstructions.values().stream().mapToLong(x -> x).sum();
    }

    /** Bytes read from global memory by loads and asynchronous copies. */
    public long globalBytesRead() {
        return globalLoads.bytes + asyncCopies.bytes;
    }

    public long globalBytesWritten() {
        return globalStores.bytes;
    }

    public LaunchCounts plus(LaunchCounts o) {
        Map<InstructionClass, Long> sum = new EnumMap<>(InstructionClass.class);
        sum.putAll(laneInstructions);
        o.laneInstructions.forEach((c, n) -> sum.merge(c, n, Long::sum));
        return new LaunchCounts(kernel, launches + o.launches, o.grid, o.block, warpInstructions + o.warpInstructions, sum,
                globalLoads.plus(o.globalLoads), globalStores.plus(o.globalStores), atomics.plus(o.atomics),
                asyncCopies.plus(o.asyncCopies),
                shared.plus(o.shared));
    }

    static LaunchCounts of(Code code, Dim grid, Dim block, Tally t) {
        Map<InstructionClass, Long> lanes = new EnumMap<>(InstructionClass.class);
        Traffic loads = Traffic.NONE;
        Traffic stores = Traffic.NONE;
        Traffic atomics = Traffic.NONE;
        Traffic copies = Traffic.NONE;
        SharedTraffic shared = SharedTraffic.NONE;
        long warps = 0;
        for (Step s : code.steps()) {
            int i = s.index;
            warps += t.issued[i];
            if (t.lanes[i] > 0) {
                lanes.merge(s.type, t.lanes[i], Long::sum);
            }
            if (t.requests[i] == 0) {
                continue;
            }
            Traffic traffic = new Traffic(t.requests[i], t.bytes[i], t.cycles[i], t.fewest[i]);
            SharedTraffic banks = new SharedTraffic(t.requests[i], t.bytes[i], t.cycles[i], t.cycles[i] - t.fewest[i]);
            switch (s.type) {
                case GLOBAL_LOAD, CONSTANT -> loads = loads.plus(traffic);
                case GLOBAL_STORE -> stores = stores.plus(traffic);
                case ATOMIC -> {
                    if (s.op instanceof MemoryOp m && m.space == MemoryOp.Space.SHARED) {
                        shared = shared.plus(banks);
                    } else {
                        atomics = atomics.plus(traffic);
                    }
                }
                case ASYNC_COPY -> {
                    Traffic global = new Traffic(t.requests[i], t.bytes[i], t.cycles[i], t.fewest[i]);
                    copies = copies.plus(global);
                    shared = shared.plus(t.sharedSide(i));
                }
                case SHARED_LOAD, SHARED_STORE, MATRIX_LOAD -> shared = shared.plus(banks);
                default -> {
                }
            }
        }
        return new LaunchCounts(code.entry().name(), 1, grid, block, warps, lanes, loads, stores, atomics, copies, shared);
    }
}
