package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The CPU backend: f32, NHWC, oneDNN for convolutions and the Vector API for everything else, on a fixed team of threads.
 *
 * <p>Every region is one block of {@link NativeMemory}. Results do not depend on the number of threads, bit for bit.
 */
public final class CpuBackend extends Backend {
    private final Workers workers;
    private final CpuOps ops;
    private final Map<Region, NativeMemory> arenas = new EnumMap<>(Region.class);
    private boolean closed;

    private CpuBackend(int threads) {
        workers = new Workers(threads);
        ops = new CpuOps(workers);
    }

    /**
     * The native libraries that this backend loads, as files: for a bundle.
     *
     * @throws UserError if there are none for this platform
     */
    public static List<Path> nativeFiles() {
        return DnnlLibrary.files();
    }

    /**
     * @param threads threads that compute, the calling one included; as many as there are cores is best
     * @throws UserError if {@code threads} is not positive, or oneDNN does not exist for this platform or cannot be loaded
     */
    public static CpuBackend open(int threads) {
        if (threads < 1) {
            throw UserError.usage("--threads is " + threads + " but must be at least 1");
        }
        DnnlLibrary.open();
        return new CpuBackend(threads);
    }

    @Override
    public String name() {
        return "cpu";
    }

    /** {@code cpu: 2 threads, oneDNN 3.13.0 (avx2), 256-bit vectors, AMD EPYC}. */
    @Override
    public String describe() {
        return "cpu: " + workers.count() + (workers.count() == 1 ? " thread, " : " threads, ") + Machine.dnnl() + ", "
                + Simd.F.vectorBitSize() + "-bit vectors, " + Machine.processor();
    }

    @Override
    public DType real() {
        return DType.F32;
    }

    @Override
    protected Ops ops() {
        return ops;
    }

    @Override
    protected long placeArenas(Map<Region, Long> arenaBytes, List<Buffer> roots) {
        Machine.requireMemory(arenaBytes, Machine.availableBytes());
        arenaBytes.forEach((region, bytes) -> arenas.put(region, NativeMemory.allocate(region.holds, bytes)));
        for (Buffer root : roots) {
            NativeMemory arena = arenas.get(root.region());
            root.place(arena, arena.address() + memory().offset(root));
        }
        return arenas.get(Region.SCRATCH).address();
    }

    /** @throws IllegalArgumentException if sizes differ, or types do by more than f32 and f64 */
    @Override
    public void upload(Buffer dst, HostTensor src) {
        requireOpen();
        if (dst.size() != src.size()) {
            throw new IllegalArgumentException("upload to " + dst + ": the source is " + src + ", another size");
        }
        MemorySegment to = NativeMemory.ALL;
        long at = dst.address();
        if (dst.dtype() == DType.F32 && src.dtype() == DType.F64) {
            MemorySegment.copy(src.toF32().floats(), 0, to, JAVA_FLOAT, at, src.size());
            return;
        }
        if (dst.dtype() != src.dtype()) {
            throw new IllegalArgumentException("upload to " + dst + ": the source is " + src + ", another type");
        }
        switch (dst.dtype()) {
            case F32 -> MemorySegment.copy(src.floats(), 0, to, JAVA_FLOAT, at, src.size());
            case I32 -> MemorySegment.copy(src.ints(), 0, to, JAVA_INT, at, src.size());
            case U8 -> MemorySegment.copy(src.bytes(), 0, to, JAVA_BYTE, at, src.size());
            default -> throw unsupported(dst);
        }
    }

    @Override
    public HostTensor download(Buffer src) {
        requireOpen();
        HostTensor dst = switch (src.dtype()) {
            case F32, I32, U8 -> HostTensor.zeros(src.dtype(), src.shape());
            default -> throw unsupported(src);
        };
        MemorySegment from = NativeMemory.ALL;
        switch (src.dtype()) {
            case F32 -> MemorySegment.copy(from, JAVA_FLOAT, src.address(), dst.floats(), 0, dst.size());
            case I32 -> MemorySegment.copy(from, JAVA_INT, src.address(), dst.ints(), 0, dst.size());
            default -> MemorySegment.copy(from, JAVA_BYTE, src.address(), dst.bytes(), 0, dst.size());
        }
        return dst;
    }

    private static IllegalArgumentException unsupported(Buffer b) {
        return new IllegalArgumentException(b + ": the cpu backend has f32, i32 and u8 buffers");
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("cpu backend: is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        workers.close();
        ops.close();
        arenas.values().forEach(NativeMemory::close);
    }
}
