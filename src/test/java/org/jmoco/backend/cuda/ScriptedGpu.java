package org.jmoco.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Dnn.Algorithm;

/**
 * A device that keeps bytes and a log of calls and computes nothing: for tests of what the backend asks of a device, in which
 * order, and what it makes of refusals. Times of convolutions are what a test says.
 */
final class ScriptedGpu implements Gpu {
    static final long MEMORY_BYTES = 1 << 24;

    private static final long FIRST_ADDRESS = 0x7000_0000_0000L;
    private static final long GAP = 1 << 20;

    /** How an algorithm behaves. */
    record Script(Algorithm algorithm, long nanos, String refusal) {}

    private final GpuInfo info;
    private final TreeMap<Long, byte[]> blocks = new TreeMap<>();
    private final Map<Dnn.Direction, List<Script>> scripts = new TreeMap<>();
    private final Map<Dnn.Direction, List<Script>> engines = new TreeMap<>();
    private final Map<Dnn.Direction, String> refused = new TreeMap<>();
    private final Set<Dnn.Direction> undescribed = new HashSet<>();
    private final Set<String> failing = new HashSet<>();
    private long used;
    private long next = FIRST_ADDRESS;
    private long clock;
    private List<Runnable> capture; // null while nothing is captured
    private String faultAtWait;

    /** Calls on the stream in order, and what was loaded, captured, timed, closed. */
    final List<String> log = new ArrayList<>();
    /** Of each convolution that was asked for, captured or not. */
    final List<Long> workspaces = new ArrayList<>();

    ScriptedGpu(int capability) {
        this("Scripted 1", capability);
    }

    ScriptedGpu(String name, int capability) {
        info = new GpuInfo(name, capability, 2, MEMORY_BYTES, 48 << 10, "13.0", "12.6.4", "9.5.1");
    }

    // ---- the script --------------------------------------------------------------------------------------------

    ScriptedGpu convolution(Dnn.Direction direction, Script... algorithms) {
        scripts.put(direction, List.of(algorithms));
        return this;
    }

    /** cuDNN's calls of version 7 refuse the direction altogether. */
    ScriptedGpu refusing(Dnn.Direction direction, String why) {
        refused.put(direction, why);
        return this;
    }

    /** They refuse the very description of a convolution. */
    ScriptedGpu refusingToDescribe(Dnn.Direction direction) {
        undescribed.add(direction);
        return this;
    }

    /** What the graph interface offers; without it, it refuses the direction. */
    ScriptedGpu engines(Dnn.Direction direction, Script... engines) {
        this.engines.put(direction, List.of(engines));
        return this;
    }

    /** Every call on the stream whose log line starts so fails; "prepare branch" for want of memory. */
    void fail(String call) {
        failing.add(call);
    }

    /** The next call that waits for the stream reports this. */
    void failAtWait(String fault) {
        faultAtWait = fault;
    }

    long usedBytes() {
        return used;
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    @Override
    public GpuInfo info() {
        return info;
    }

    @Override
    public long allocate(long bytes, String what) {
        if (bytes > MEMORY_BYTES - used) {
            throw new GpuOutOfMemoryException(what, bytes, MEMORY_BYTES - used);
        }
        long address = next;
        blocks.put(address, new byte[Math.toIntExact(bytes)]);
        next += (bytes + GAP) / 256 * 256;
        used += bytes;
        return address;
    }

    @Override
    public void free(long address) {
        used -= blocks.remove(address).length;
    }

    private MemorySegment at(long address, long bytes) {
        Map.Entry<Long, byte[]> block = blocks.floorEntry(address);
        if (block == null) {
            throw new GpuException("no memory at " + Long.toHexString(address));
        }
        return MemorySegment.ofArray(block.getValue()).asSlice(address - block.getKey(), bytes);
    }

    @Override
    public void upload(long dst, MemorySegment src) {
        synchronize();
        at(dst, src.byteSize()).copyFrom(src);
    }

    @Override
    public void download(MemorySegment dst, long src) {
        synchronize();
        dst.copyFrom(at(src, dst.byteSize()));
    }

    // ---- code and stream ---------------------------------------------------------------------------------------

    @Override
    public GpuModule load(String name, String ptx) {
        log.add("load " + name);
        return entry -> entry.hashCode() & 0xffff;
    }

    private void enqueue(String call, Runnable work) {
        if (failing.stream().anyMatch(call::startsWith)) {
            throw new GpuException(call + ": CUDA_ERROR_SCRIPTED");
        }
        if (capture != null) {
            capture.add(() -> {
                log.add(call);
                work.run();
            });
        } else {
            log.add(call);
            work.run();
        }
    }

    @Override
    public void launch(Launch launch) {
        enqueue(launch.kernel().signature().entry(), () -> {});
    }

    @Override
    public void copy(long dst, long src, long bytes) {
        enqueue("copy", () -> at(dst, bytes).copyFrom(at(src, bytes)));
    }

    @Override
    public void fill(long dst, int word, long words) {
        enqueue("fill", () -> {
            for (long i = 0; i < words; i++) {
                at(dst + 4 * i, 4).set(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED, 0, word);
            }
        });
    }

    @Override
    public Blas blas() {
        return (transposeA, transposeB, m, n, k, alpha, a, aType, lda, b, bType, ldb, beta, c, cType, ldc, precision) ->
                enqueue("gemm m" + m + " n" + n + " k" + k, () -> {});
    }

    @Override
    public Dnn dnn() {
        return new Dnn() {
            @Override
            public Convolution convolution(Direction direction, ConvGeometry geometry, Precision precision) {
                if (undescribed.contains(direction)) {
                    throw new GpuException("cudnnSetTensor4dDescriptor of x: CUDNN_STATUS_SCRIPTED");
                }
                return new ScriptedConvolution(direction, geometry, "", scripts.getOrDefault(direction,
                        List.of(new Script(new Algorithm(1, "ONLY", 0, true), 1000, null))));
            }

            @Override
            public Convolution graphConvolution(Direction direction, ConvGeometry geometry, Precision precision,
                    boolean accumulate) {
                if (!engines.containsKey(direction)) {
                    throw new GpuException("cudnnBackendFinalize of the graph: CUDNN_STATUS_SCRIPTED");
                }
                return new ScriptedConvolution(direction, geometry, accumulate ? " adding graph" : " graph",
                        engines.get(direction));
            }
        };
    }

    private final class ScriptedConvolution implements Dnn.Convolution {
        private final Dnn.Direction direction;
        private final ConvGeometry geometry;
        private final String kind;
        private final List<Script> scripted;

        ScriptedConvolution(Dnn.Direction direction, ConvGeometry geometry, String kind, List<Script> scripted) {
            this.direction = direction;
            this.geometry = geometry;
            this.kind = kind;
            this.scripted = scripted;
        }

        @Override
        public List<Algorithm> algorithms() {
            if (kind.isEmpty() && refused.containsKey(direction)) {
                throw new GpuException("cudnnGetConvolutionAlgorithm_v7: " + refused.get(direction));
            }
            return scripted.stream().map(Script::algorithm).toList();
        }

        @Override
        public void run(Algorithm algorithm, long out, long first, long second, float beta, long workspace, long workspaceBytes) {
            Script s = scripted.stream().filter(x -> x.algorithm().equals(algorithm)).findFirst().orElseThrow();
            if (s.refusal() != null) {
                throw new GpuException("cudnnConvolution: " + s.refusal());
            }
            workspaces.add(workspace);
            enqueue(direction + " " + algorithm.name() + (beta == 0 ? " " : " += ") + geometry, () -> clock += s.nanos());
        }

        @Override
        public void close() {
            log.add("close " + direction + kind);
        }
    }

    @Override
    public void prepareBranch() {
        if (failing.contains("prepare branch")) {
            throw new GpuOutOfMemoryException("workspace of cuBLAS", 1, 0);
        }
        log.add("prepare branch");
    }

    @Override
    public void fork() {
        enqueue("fork", () -> {});
    }

    @Override
    public void mainLine() {
        enqueue("main line", () -> {});
    }

    @Override
    public void join() {
        enqueue("join", () -> {});
    }

    @Override
    public void synchronize() {
        if (faultAtWait != null) {
            String fault = faultAtWait;
            faultAtWait = null;
            throw new GpuException("cuStreamSynchronize: " + fault);
        }
    }

    @Override
    public GpuGraph capture(String name, Runnable enqueue) {
        log.add("capture " + name);
        List<Runnable> calls = new ArrayList<>();
        capture = calls;
        try {
            enqueue.run();
        } finally {
            capture = null;
        }
        return new GpuGraph() {
            @Override
            public void launch() {
                enqueue("graph " + name, () -> calls.forEach(Runnable::run));
            }

            @Override
            public void close() {
                log.add("close graph " + name);
            }
        };
    }

    @Override
    public long time(Runnable enqueue) {
        long start = clock;
        enqueue.run();
        synchronize();
        return clock - start;
    }

    @Override
    public void close() {
        log.add("close device");
    }
}
