package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * The real {@link Gpu}: the first device that the driver shows (CUDA_VISIBLE_DEVICES chooses), by JCuda.
 *
 * <p>It works in the device's primary context, which cuBLAS and cuDNN use as well, on one stream that waits for no other, and on
 * a second one between {@link #fork} and {@link #join}. Return codes are looked at after every call; JCuda's own exceptions stay
 * off, since they know no texts of cuDNN 9.
 */
public final class JCudaGpu implements Gpu {
    /**
     * Above this, static and dynamic together, a kernel must be told how much dynamic shared memory it may use (CUDA C++
     * Programming Guide, shared memory).
     */
    private static final int SHARED_BYTES_WITHOUT_ASKING = 48 << 10;
    /** Launches that are kept in packed form. A program has some hundreds; ad-hoc launches must not pile up for ever. */
    private static final int PACKED_LIMIT = 1 << 16;
    private static final int JIT_LOG_BYTES = 16 << 10;
    /** Pageable copies go through the driver's own staging buffers; ours only makes heap arrays native, piece by piece. */
    private static final long STAGING_BYTES = 16L << 20;

    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final CUstream stream = new CUstream();
    private final CUevent start = new CUevent();
    private final CUevent end = new CUevent();
    private final GpuInfo info;
    private final Set<Long> allocated = new HashSet<>();
    private final List<CUmodule> modules = new ArrayList<>();
    private final List<CUfunction> functions = new ArrayList<>();
    private final Map<CUfunction, Integer> sharedLimits = new HashMap<>();
    private final Map<Launch, PackedLaunch> packed = new IdentityHashMap<>();
    private Arena packing = Arena.ofShared();
    private final CUevent forking = new CUevent();
    private final CUevent joining = new CUevent();
    private JCudaLine main;
    private JCudaLine branch; // null before prepareBranch()
    private JCudaLine line; // the one that calls go to
    private boolean forked;
    private Thread current;
    private boolean closed;

    private JCudaGpu(CUdevice device) {
        this.device = device;
        CudaStatus.driver(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        try {
            enter();
            CudaStatus.driver(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
            CudaStatus.driver(JCudaDriver.cuEventCreate(start, 0), "cuEventCreate");
            CudaStatus.driver(JCudaDriver.cuEventCreate(end, 0), "cuEventCreate");
            CudaStatus.driver(JCudaDriver.cuEventCreate(forking, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
            CudaStatus.driver(JCudaDriver.cuEventCreate(joining, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
            main = new JCudaLine(this, stream);
            line = main;
            info = CudaDevice.info(device, main.blas().version(), main.dnn().version());
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Finds and loads the libraries, and takes the device.
     *
     * @throws GpuException that says what is missing and what to do
     */
    public static Gpu open() {
        CudaAvailability a = CudaAvailability.probe();
        if (!a.usable()) {
            throw new GpuException(a.message());
        }
        return new JCudaGpu(CudaDevice.first());
    }

    /** Makes the context that of the calling thread. */
    void enter() {
        if (closed) {
            throw new IllegalStateException("cuda: the device is closed");
        }
        if (current != Thread.currentThread()) {
            CudaStatus.driver(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
            current = Thread.currentThread();
        }
    }

    @Override
    public GpuInfo info() {
        return info;
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    @Override
    public long allocate(long bytes, String what) {
        enter();
        DeviceAddress address = new DeviceAddress();
        int code = JCudaDriver.cuMemAlloc(address, Math.max(1, bytes));
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            long[] free = new long[1];
            CudaStatus.driver(JCudaDriver.cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
            throw new GpuOutOfMemoryException(what, bytes, free[0]);
        }
        CudaStatus.driver(code, "cuMemAlloc of " + bytes + " bytes for " + what);
        allocated.add(address.value());
        CudaStatus.driver(JCudaDriver.cuMemsetD8Async(DeviceAddress.of(address.value()), (byte) 0, Math.max(1, bytes), stream),
                "cuMemsetD8Async of " + what);
        synchronize();
        return address.value();
    }

    @Override
    public void free(long address) {
        enter();
        if (!allocated.remove(address)) {
            throw new IllegalArgumentException("free: no block of this device starts at 0x" + Long.toHexString(address));
        }
        synchronize();
        CudaStatus.driver(JCudaDriver.cuMemFree(DeviceAddress.of(address)), "cuMemFree");
    }

    /** The copy is enqueued on the stream: the synchronous call works on another one, which ours does not wait for. */
    @Override
    public void upload(long dst, MemorySegment src) {
        enter();
        synchronize();
        staged(src, (native_, at) -> {
            if (!src.isNative()) {
                native_.copyFrom(src.asSlice(at, native_.byteSize()));
            }
            CudaStatus.driver(JCudaDriver.cuMemcpyHtoDAsync(DeviceAddress.of(dst + at), DeviceAddress.host(native_),
                    native_.byteSize(), stream), "cuMemcpyHtoDAsync of " + native_.byteSize() + " bytes");
            synchronize();
        });
    }

    @Override
    public void download(MemorySegment dst, long src) {
        enter();
        synchronize();
        staged(dst, (native_, at) -> {
            CudaStatus.driver(JCudaDriver.cuMemcpyDtoHAsync(DeviceAddress.host(native_), DeviceAddress.of(src + at),
                    native_.byteSize(), stream), "cuMemcpyDtoHAsync of " + native_.byteSize() + " bytes");
            synchronize();
            if (!dst.isNative()) {
                dst.asSlice(at, native_.byteSize()).copyFrom(native_);
            }
        });
    }

    @FunctionalInterface
    private interface Piece {
        void copy(MemorySegment piece, long at);
    }

    /** All of native memory at once; a Java array in pieces, each through native memory. */
    private static void staged(MemorySegment host, Piece p) {
        if (host.byteSize() == 0) {
            return;
        }
        if (host.isNative()) {
            p.copy(host, 0);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment staging = arena.allocate(Math.min(STAGING_BYTES, host.byteSize()), 64);
            for (long at = 0; at < host.byteSize(); at += staging.byteSize()) {
                p.copy(staging.asSlice(0, Math.min(staging.byteSize(), host.byteSize() - at)), at);
            }
        }
    }

    // ---- code --------------------------------------------------------------------------------------------------

    @Override
    public GpuModule load(String name, String ptx) {
        enter();
        CUmodule module = new CUmodule();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment log = arena.allocate(JIT_LOG_BYTES);
            int[] options = {CUjit_option.CU_JIT_ERROR_LOG_BUFFER, CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
            MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, options.length); // each a void*: an address or a number
            values.setAtIndex(ValueLayout.JAVA_LONG, 0, log.address());
            values.setAtIndex(ValueLayout.JAVA_LONG, 1, JIT_LOG_BYTES - 1);
            MemorySegment text = arena.allocateFrom(ptx, StandardCharsets.UTF_8);
            int code = JCudaDriver.cuModuleLoadDataEx(module, DeviceAddress.host(text), options.length, options,
                    DeviceAddress.host(values));
            if (code != CUresult.CUDA_SUCCESS) {
                String said = log.getString(0).strip();
                throw new GpuException("cuModuleLoadDataEx of " + name + ": " + CudaStatus.driverText(code)
                        + (said.isEmpty() ? "" : "; the driver's compiler says: " + said));
            }
        }
        modules.add(module);
        Map<String, Long> known = new HashMap<>();
        return entry -> known.computeIfAbsent(entry, e -> function(module, name, e));
    }

    /** Number of a kernel in {@link #functions}, plus one so that 0 is none: JCuda's handles tell no address. */
    private long function(CUmodule module, String file, String entry) {
        enter();
        CUfunction f = new CUfunction();
        int code = JCudaDriver.cuModuleGetFunction(f, module, entry);
        if (code == CUresult.CUDA_ERROR_NOT_FOUND) {
            throw new GpuException("kernel " + entry + ": " + file + " has no such entry");
        }
        CudaStatus.driver(code, "cuModuleGetFunction of " + entry + " in " + file);
        functions.add(f);
        return functions.size();
    }

    // ---- stream ------------------------------------------------------------------------------------------------

    @Override
    public void launch(Launch l) {
        enter();
        PackedLaunch p = packed.get(l);
        if (p == null) {
            p = pack(l);
        }
        Launch.Dim grid = l.grid();
        Launch.Dim block = l.block();
        int code = JCudaDriver.cuLaunchKernel(p.function(), grid.x(), grid.y(), grid.z(), block.x(), block.y(), block.z(),
                l.sharedBytes(), line.stream(), p.arguments(), null);
        if (code != CUresult.CUDA_SUCCESS) {
            throw new GpuException("cuLaunchKernel of " + l.kernel().signature().entry() + ", grid " + grid + ", block " + block
                    + ", " + l.sharedBytes() + " bytes shared: " + CudaStatus.driverText(code));
        }
    }

    private PackedLaunch pack(Launch l) {
        if (packed.size() >= PACKED_LIMIT) {
            packed.clear();
            packing.close(); // arguments are copied when a launch is enqueued
            packing = Arena.ofShared();
        }
        long number = l.kernel().function();
        if (number < 1 || number > functions.size()) {
            throw new IllegalArgumentException("kernel " + l.kernel().signature().entry() + ": belongs to another device");
        }
        CUfunction f = functions.get(Math.toIntExact(number - 1));
        if (l.sharedBytes() > sharedLimits.getOrDefault(f, 0)
                && l.sharedBytes() + staticSharedBytes(f, l) > SHARED_BYTES_WITHOUT_ASKING) {
            CudaStatus.driver(JCudaDriver.cuFuncSetAttribute(f,
                    CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, l.sharedBytes()),
                    "cuFuncSetAttribute of " + l.kernel().signature().entry() + " to " + l.sharedBytes()
                    + " bytes of shared memory");
            sharedLimits.put(f, l.sharedBytes());
        }
        PackedLaunch p = PackedLaunch.of(f, l, packing);
        packed.put(l, p);
        return p;
    }

    private static int staticSharedBytes(CUfunction f, Launch l) {
        int[] bytes = new int[1];
        CudaStatus.driver(JCudaDriver.cuFuncGetAttribute(bytes, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f),
                "cuFuncGetAttribute of " + l.kernel().signature().entry());
        return bytes[0];
    }

    @Override
    public void copy(long dst, long src, long bytes) {
        enter();
        if (bytes > 0) {
            CudaStatus.driver(JCudaDriver.cuMemcpyDtoDAsync(DeviceAddress.of(dst), DeviceAddress.of(src), bytes, line.stream()),
                    "cuMemcpyDtoDAsync of " + bytes + " bytes");
        }
    }

    @Override
    public void fill(long dst, int word, long words) {
        enter();
        if (words > 0) {
            CudaStatus.driver(JCudaDriver.cuMemsetD32Async(DeviceAddress.of(dst), word, words, line.stream()),
                    "cuMemsetD32Async of " + words + " words");
        }
    }

    @Override
    public Blas blas() {
        enter();
        return line.blas();
    }

    @Override
    public Dnn dnn() {
        enter();
        return main.dnn();
    }

    /** The stream that calls go to now, and its handles. */
    JCudaLine line() {
        return line;
    }

    @Override
    public void prepareBranch() {
        enter();
        if (branch == null) {
            CUstream second = new CUstream();
            CudaStatus.driver(JCudaDriver.cuStreamCreate(second, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
            try {
                branch = new JCudaLine(this, second);
            } catch (RuntimeException e) {
                JCudaDriver.cuStreamDestroy(second);
                throw e;
            }
        }
    }

    /** While the stream is captured, the wait takes the branch into the capture, dependent on what was captured before. */
    @Override
    public void fork() {
        enter();
        if (branch == null || forked) {
            throw new IllegalStateException("cuda: fork " + (forked ? "within a fork" : "before prepareBranch"));
        }
        CudaStatus.driver(JCudaDriver.cuEventRecord(forking, stream), "cuEventRecord for a fork");
        CudaStatus.driver(JCudaDriver.cuStreamWaitEvent(branch.stream(), forking, 0), "cuStreamWaitEvent for a fork");
        forked = true;
        line = branch;
    }

    @Override
    public void mainLine() {
        requireFork("mainLine");
        line = main;
    }

    @Override
    public void join() {
        requireFork("join");
        enter();
        line = main;
        forked = false;
        CudaStatus.driver(JCudaDriver.cuEventRecord(joining, branch.stream()), "cuEventRecord for a join");
        CudaStatus.driver(JCudaDriver.cuStreamWaitEvent(stream, joining, 0), "cuStreamWaitEvent for a join");
    }

    private void requireFork(String call) {
        if (!forked) {
            throw new IllegalStateException("cuda: " + call + " without a fork");
        }
    }

    @Override
    public void synchronize() {
        enter();
        CudaStatus.driver(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
        if (forked) {
            CudaStatus.driver(JCudaDriver.cuStreamSynchronize(branch.stream()), "cuStreamSynchronize of the branch");
        }
    }

    /**
     * The mode is the relaxed one: the others forbid this process's calls that might disturb a capture, among them what the
     * driver does when it loads a library's kernel at its first use. Nothing here disturbs it: no other stream has work
     * meanwhile.
     */
    @Override
    public GpuGraph capture(String name, Runnable enqueue) {
        enter();
        CudaStatus.driver(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED),
                "cuStreamBeginCapture of " + name);
        CUgraph graph = new CUgraph();
        int ended;
        try {
            enqueue.run();
        } catch (RuntimeException e) {
            JCudaDriver.cuStreamEndCapture(stream, graph); // the failure of the call that was to be captured is the one to tell
            throw e;
        } finally { // the end of a capture takes the branch out of it, joined or not
            line = main;
            forked = false;
        }
        ended = JCudaDriver.cuStreamEndCapture(stream, graph);
        CudaStatus.driver(ended, "cuStreamEndCapture of " + name);
        CUgraphExec executable = new CUgraphExec();
        try {
            CudaStatus.driver(JCudaDriver.cuGraphInstantiate(executable, graph, 0L), "cuGraphInstantiate of " + name);
        } finally {
            JCudaDriver.cuGraphDestroy(graph);
        }
        return new Graph(name, executable);
    }

    private final class Graph implements GpuGraph {
        private final String name;
        private final CUgraphExec executable;
        private boolean destroyed;

        Graph(String name, CUgraphExec executable) {
            this.name = name;
            this.executable = executable;
        }

        @Override
        public void launch() {
            enter();
            int code = JCudaDriver.cuGraphLaunch(executable, stream);
            if (code != CUresult.CUDA_SUCCESS) {
                throw new GpuException("cuGraphLaunch of " + name + ": " + CudaStatus.driverText(code));
            }
        }

        @Override
        public void close() {
            if (!destroyed && !closed) {
                destroyed = true;
                synchronize();
                CudaStatus.driver(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy of " + name);
            }
        }
    }

    @Override
    public long time(Runnable enqueue) {
        enter();
        CudaStatus.driver(JCudaDriver.cuEventRecord(start, stream), "cuEventRecord");
        enqueue.run();
        CudaStatus.driver(JCudaDriver.cuEventRecord(end, stream), "cuEventRecord");
        CudaStatus.driver(JCudaDriver.cuEventSynchronize(end), "cuEventSynchronize");
        float[] millis = new float[1];
        CudaStatus.driver(JCudaDriver.cuEventElapsedTime(millis, start, end), "cuEventElapsedTime");
        return Math.round(millis[0] * 1e6);
    }

    /**
     * Gives everything back. Codes are not looked at: after a kernel's fault every call returns that fault, which has been
     * reported, and the context goes with all that is in it.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        JCudaDriver.cuCtxSetCurrent(context);
        JCudaDriver.cuStreamSynchronize(stream);
        if (branch != null) {
            JCudaDriver.cuStreamSynchronize(branch.stream());
            branch.close();
            JCudaDriver.cuStreamDestroy(branch.stream());
        }
        if (main != null) {
            main.close();
        }
        allocated.forEach(address -> JCudaDriver.cuMemFree(DeviceAddress.of(address)));
        modules.forEach(JCudaDriver::cuModuleUnload);
        JCudaDriver.cuEventDestroy(start);
        JCudaDriver.cuEventDestroy(end);
        JCudaDriver.cuEventDestroy(forking);
        JCudaDriver.cuEventDestroy(joining);
        JCudaDriver.cuStreamDestroy(stream);
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
        packing.close();
    }
}
