package org.jmoco.backend.cuda;

import java.util.List;

/**
 * One of the kernels that hold a tile of queries against the queue, as {@code kernels/info_nce.cu} and
 * {@code info_nce_tensor.cu} were compiled.
 *
 * @param module file of the kernel
 * @param entry the kernel
 * @param merge the kernel of the same module that puts the parts together
 * @param width features that a row is padded to in registers and in the partial results
 * @param queries of a block's tile
 * @param keys of a tile of the queue
 * @param threads of a block
 * @param blocksByRegisters blocks that one multiprocessor's registers hold
 * @param sharedBytes dynamic shared memory of a block
 */
record InfoNceTiles(String module, String entry, String merge, int width, int queries, int keys, int threads,
        int blocksByRegisters, int sharedBytes) {
    private static final String F32_MODULE = "info_nce";
    private static final String TENSOR_MODULE = "info_nce_tensor";

    /** First compute capability with bf16 and tf32 tensor cores. */
    private static final int TENSOR_CAPABILITY = 80;

    /** Shared memory that the system keeps of each block, from compute capability 8.0 on (CUDA C++ Programming Guide). */
    private static final int SYSTEM_SHARED_BYTES = 1024;

    /** Parts of the queue at most: MAX_PARTS in {@code kernels/common/contrast.cuh}. */
    static final int MAX_PARTS = 512;

    /** By rising width; of equal ones the faster first. */
    private static final List<InfoNceTiles> ALL = List.of(f32("d64", 64, 64, 64, 3), f32("d128", 128, 64, 64, 2),
            f32("d128_small", 128, 64, 32, 3), f32("d256", 256, 32, 32, 3), f32("d512", 512, 16, 16, 3), tf32(64, 2),
            tf32(128, 2), tf32(256, 1), bf16(64, 2), bf16(128, 2), bf16(256, 1));

    static List<InfoNceTiles> all() {
        return ALL;
    }

    /** Rows of queries and keys padded by four words, and the tile of weights likewise. */
    private static InfoNceTiles f32(String name, int width, int queries, int keys, int blocks) {
        int words = (queries + keys) * (width + 4) + queries * (keys + 4);
        return new InfoNceTiles(F32_MODULE, "info_nce_f32_" + name, "info_nce_merge_f32", width, queries, keys, 128, blocks,
                words * Float.BYTES);
    }

    /** @param tiles of 16 queries, that each of four warps owns; two buffers of 16 KiB for keys */
    private static InfoNceTiles tf32(int width, int tiles) {
        int queries = 64 * tiles;
        return new InfoNceTiles(TENSOR_MODULE, "info_nce_tf32_d" + width, "info_nce_merge_tf32", width, queries, 4096 / width,
                128, 2, queries * width * Float.BYTES + (32 << 10));
    }

    /** @param tiles of 16 queries, that each of eight warps owns; two buffers of 16 KiB for keys */
    private static InfoNceTiles bf16(int width, int tiles) {
        int queries = 128 * tiles;
        return new InfoNceTiles(TENSOR_MODULE, "info_nce_bf16_d" + width, "info_nce_merge_bf16", width, queries, 8192 / width,
                256, 1, queries * width * Short.BYTES + (32 << 10));
    }

    /**
     * The narrowest kernel for D features that the device has room for: on tensor cores if the precision allows and the device
     * has them, else in f32.
     *
     * @return null if there is none: D above 512, or above 128 where a block has no more than 64 KiB of shared memory
     */
    static InfoNceTiles choose(Precision precision, int d, GpuInfo device) {
        if (precision.contrastRoundoff() > 0 && device.capability() >= TENSOR_CAPABILITY) {
            String kind = precision == Precision.BF16 ? "info_nce_bf16_" : "info_nce_tf32_";
            InfoNceTiles tensor = narrowest(kind, d, device);
            if (tensor != null) {
                return tensor;
            }
        }
        return narrowest("info_nce_f32_", d, device);
    }

    private static InfoNceTiles narrowest(String kind, int d, GpuInfo device) {
        return ALL.stream().filter(t -> t.entry.startsWith(kind) && d <= t.width && t.sharedBytes <= device.sharedBytesPerBlock())
                .findFirst().orElse(null);
    }

    /**
     * How the queue is cut.
     *
     * @param keysPerPart a multiple of the tile's keys
     * @param parts so many that the last one is not empty
     */
    record Cut(int keysPerPart, int parts) {}

    /**
     * Cuts the queue so that all blocks together fill the device once. Fewer parts would leave multiprocessors idle; more would
     * start a second round of blocks, and every part costs a partial result of N x (width + 3) words.
     */
    Cut cut(int n, int m, GpuInfo device) {
        int perMultiprocessor = Math.max(1, Math.min(blocksByRegisters,
                (device.sharedBytesPerBlock() + SYSTEM_SHARED_BYTES) / (sharedBytes + SYSTEM_SHARED_BYTES)));
        int wanted = Math.clamp(device.multiprocessors() * perMultiprocessor / queryTiles(n), 1, MAX_PARTS);
        int tilesPerPart = Math.ceilDiv(Math.ceilDiv(m, keys), wanted);
        return new Cut(tilesPerPart * keys, Math.ceilDiv(m, tilesPerPart * keys));
    }

    int queryTiles(int n) {
        return Math.ceilDiv(n, queries);
    }
}
