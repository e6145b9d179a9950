package org.jmoco.ptx;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jmoco.backend.cuda.Blas;
import org.jmoco.backend.cuda.Dnn;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.backend.cuda.GpuGraph;
import org.jmoco.backend.cuda.GpuInfo;
import org.jmoco.backend.cuda.GpuModule;
import org.jmoco.backend.cuda.Launch;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.DType;

/**
 * A stand-in for the GPU that executes the PTX which ships, instruction by instruction, and finds what a device hides: see
 * docs/ptx-machine.md. Enqueued work is done at once, so a fault is thrown by the call that caused it and not by a later
 * {@link #synchronize}.
 */
public final class EmulatedGpu implements Gpu, LibraryHost {
    /**
     * Threads of a block at most, and its sizes (CUDA C++ Programming Guide, technical specifications per compute capability).
     */
    private static final int MAX_THREADS = 1024;
    private static final int MAX_BLOCK_Z = 64;
    private static final int MAX_GRID_YZ = 65535;
    /** What {@link #time} counts for a call of a library: so much that whoever measures one is content with a few calls. */
    private static final long LIBRARY_CALL = 10_000_000;
    private static final AtomicLong LAUNCHES = new AtomicLong();

    private final GpuInfo info;
    private final DeviceMemory memory;
    private final Clock clock = new Clock();
    private final List<Code> functions = new ArrayList<>();
    private final Map<String, LaunchCounts> counts = new LinkedHashMap<>();
    private List<BlockOrder> orders = List.of(BlockOrder.FORWARD);
    private List<Runnable> recording;
    private long issued;
    private boolean countsTraffic = true;
    private boolean closed;
    private final ForkWatch watch;
    private final List<Runnable> held = new ArrayList<>();
    private boolean branchLast;
    private boolean branchPrepared;
    private boolean forked;
    private boolean onBranch;
    private int forks;
    private String step = "";
    private final Blas blas = new EmulatedBlas(this);
    private final Dnn dnn = new EmulatedDnn(this);

    /**
     * @param capability compute capability times 10: 80
     * @param multiprocessors what {@link #info} says, for works that cut their grid by it; blocks run one after another all the
     * same
     */
    public EmulatedGpu(int capability, long memoryBytes, int multiprocessors) {
        int shared = switch (capability) {
            case 70, 72 -> 98304;
            case 75 -> 65536;
            case 80, 87 -> 166912;
            case 86, 89 -> 101376;
            default -> 232448;
        };
        info = new GpuInfo("PTX machine sm_" + capability, capability, multiprocessors, memoryBytes, shared, "emulated",
                "emulated", "emulated");
        memory = new DeviceMemory(memoryBytes);
        watch = new ForkWatch(memory);
    }

    /** A device of 4 multiprocessors. */
    public EmulatedGpu(int capability, long memoryBytes) {
        this(capability, memoryBytes, 4);
    }

    /** A device of this capability with 4 multiprocessors and 1 GiB. */
    public EmulatedGpu(int capability) {
        this(capability, 1L << 30);
    }

    /** The device's memory, for stand-ins of libraries and for tests. */
    public DeviceMemory memory() {
        return memory;
    }

    @Override
    public GpuInfo info() {
        return info;
    }

    // ---- what tests set and ask ---------------------------------------------------------------------------------

    /**
     * From now on each launch runs once in each of these orders, of which those that are the same for its grid count once; it is
     * a fault if the bits in memory then differ.
     */
    public void blockOrders(BlockOrder... each) {
        if (each.length == 0) {
            throw new IllegalArgumentException("at least one order");
        }
        orders = List.of(each);
    }

    /**
     * Whether sectors and bank cycles are counted (they are, unless this was called): it takes a fifth of the time, which tests
     * of values can save. Without, {@link LaunchCounts} has them as 0.
     */
    public void countTraffic(boolean wanted) {
        countsTraffic = wanted;
    }

    /**
     * Of two streams that run side by side, the device carries out the branch's work first. From now on it holds that work back
     * until the join: the other extreme.
     */
    public void branchLast(boolean wanted) {
        branchLast = wanted;
    }

    /** How often a branch has begun, in replays of graphs too. */
    public int forks() {
        return forks;
    }

    /** Counts since the last {@link #resetCounts}, by kernel in order of first launch. */
    public List<LaunchCounts> counts() {
        return List.copyOf(counts.values());
    }

    /** Counts of one kernel since the last {@link #resetCounts}. */
    public LaunchCounts counts(String kernel) {
        LaunchCounts c = counts.get(kernel);
        if (c == null) {
            throw new IllegalArgumentException("kernel " + kernel + " was not launched; launched were " + counts.keySet());
        }
        return c;
    }

    public void resetCounts() {
        counts.clear();
    }

    // ---- memory ------------------------------------------------------------------------------------------------

    @Override
    public long allocate(long bytes, String what) {
        synchronous("cuMemAlloc");
        return memory.allocate(bytes, what);
    }

    @Override
    public void free(long address) {
        synchronous("cuMemFree");
        memory.free(address);
    }

    @Override
    public void upload(long dst, MemorySegment src) {
        synchronous("cuMemcpyHtoD");
        memory.upload(dst, src);
    }

    @Override
    public void download(MemorySegment dst, long src) {
        synchronous("cuMemcpyDtoH");
        memory.download(dst, src);
    }

    /**
     * A call that a device refuses while a stream is captured (CUDA Driver API, stream capture:
     * CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED).
     */
    private void synchronous(String call) {
        open(call);
        if (recording != null) {
            throw new PtxFault(call + ": not permitted while the stream is captured: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        }
    }

    private void open(String call) {
        if (closed) {
            throw new PtxFault(call + ": the device has been closed: CUDA_ERROR_CONTEXT_IS_DESTROYED");
        }
    }

    // ---- code --------------------------------------------------------------------------------------------------

    @Override
    public GpuModule load(String name, String ptx) {
        synchronous("cuModuleLoadData");
        return new EmulatedModule(this, name, ptx);
    }

    /** Gives a decoded kernel its handle. */
    long register(Code code) {
        functions.add(code);
        return 0x5000 + functions.size();
    }

    // ---- stream ------------------------------------------------------------------------------------------------

    @Override
    public void enqueue(String what, Runnable work) {
        inStream(what, () -> {
            issued += LIBRARY_CALL;
            work.run();
        });
    }

    private void inStream(String what, Runnable work) {
        open(what);
        boolean branch = onBranch;
        String who = step.isEmpty() ? what : step + " (" + what + ")";
        Runnable named = () -> {
            watch.enter(branch, who);
            work.run();
        };
        inOrder(() -> {
            if (branch && branchLast) {
                held.add(named);
            } else {
                named.run();
            }
        });
    }

    /** Now, or at each replay of the graph that is being captured. */
    private void inOrder(Runnable work) {
        if (recording != null) {
            recording.add(work);
        } else {
            work.run();
        }
    }

    @Override
    public void prepareBranch() {
        synchronous("cuStreamCreate");
        branchPrepared = true;
    }

    @Override
    public void fork() {
        open("fork");
        if (!branchPrepared || forked) {
            throw new PtxFault("fork: " + (forked ? "within a fork" : "before prepareBranch"));
        }
        forked = true;
        onBranch = true;
        inOrder(() -> {
            forks++;
            watch.open();
        });
    }

    @Override
    public void mainLine() {
        requireFork("mainLine");
        onBranch = false;
    }

    @Override
    public void join() {
        requireFork("join");
        forked = false;
        onBranch = false;
        inOrder(this::joinNow);
    }

    private void requireFork(String call) {
        open(call);
        if (!forked) {
            throw new PtxFault(call + ": without a fork");
        }
    }

    private void runHeld() {
        List<Runnable> work = List.copyOf(held);
        held.clear();
        work.forEach(Runnable::run);
    }

    private void joinNow() {
        try {
            runHeld();
        } finally {
            watch.close();
        }
    }

    @Override
    public void step(String name) {
        step = name;
    }

    @Override
    public void launch(Launch launch) {
        launch(launch.kernel().function(), launch.grid(), launch.block(), launch.sharedBytes(), launch.arguments());
    }

    /** The same without a {@link Launch}: a handle of {@link GpuModule#function}, geometry and arguments. */
    public void launch(long function, Dim grid, Dim block, int sharedBytes, Object... arguments) {
        Code code = function > 0x5000 && function <= 0x5000 + functions.size() ? functions.get((int) (function - 0x5001)) : null;
        if (code == null) {
            throw new PtxFault("cuLaunchKernel: 0x" + Long.toHexString(function)
                    + " is no function of this device: CUDA_ERROR_INVALID_HANDLE");
        }
        check(code, grid, block, sharedBytes, arguments);
        Object[] copy = arguments.clone();
        inStream("kernel " + code.entry().name(), () -> run(code, grid, block, sharedBytes, copy));
    }

    private void check(Code code, Dim grid, Dim block, int sharedBytes, Object[] arguments) {
        String kernel = "cuLaunchKernel: " + code.entry().name() + ": ";
        List<String> types = code.parameterTypes();
        if (arguments.length != types.size()) {
            throw new PtxFault(kernel + "has " + types.size() + " parameters " + types + ", got " + arguments.length
                    + " arguments");
        }
        for (int i = 0; i < arguments.length; i++) {
            PtxModule.Variable p = code.entry().parameters().get(i);
            boolean fits = switch (arguments[i]) {
                case Long l -> p.bytes() == 8 && !p.type().isFloat();
                case Integer v -> p.bytes() == 4 && !p.type().isFloat();
                case Float f -> p.type() == PtxType.F32 && p.bytes() == 4;
                case Double f -> p.type() == PtxType.F64 && p.bytes() == 8;
                case null, default -> false;
            };
            if (!fits) {
                throw new PtxFault(kernel + "parameter " + i + " is ." + types.get(i) + " of " + p.bytes()
                        + " bytes, the argument is " + arguments[i]);
            }
        }
        int[] max = code.entry().maxThreads();
        long limit = max == null ? MAX_THREADS : Math.min(MAX_THREADS, (long) max[0] * max[1] * max[2]);
        int[] required = code.entry().requiredThreads();
        if (block.count() > limit || block.z() > MAX_BLOCK_Z || grid.y() > MAX_GRID_YZ || grid.z() > MAX_GRID_YZ) {
            throw new PtxFault(kernel + "grid " + grid + ", block " + block + ": at most " + limit
                    + " threads in a block, 64 in z, 65535 blocks in y and z: CUDA_ERROR_INVALID_VALUE");
        }
        if (required != null && (block.x() != required[0] || block.y() != required[1] || block.z() != required[2])) {
            throw new PtxFault(kernel + "needs blocks of " + java.util.Arrays.toString(required) + ", launched with " + block);
        }
        int shared = code.shared().staticBytes() + sharedBytes;
        if (sharedBytes < 0 || shared > info.sharedBytesPerBlock()) {
            throw new PtxFault(kernel + shared + " bytes of shared memory, the device has " + info.sharedBytesPerBlock()
                    + " for a block: CUDA_ERROR_INVALID_VALUE");
        }
    }

    private void run(Code code, Dim grid, Dim block, int sharedBytes, Object[] arguments) {
        List<BlockOrder> each = BlockOrder.different(orders, grid.count(), code.hasAtomics());
        Tally first = null;
        if (each.size() == 1) {
            first = run(code, grid, block, sharedBytes, arguments, each.getFirst());
        } else {
            Contents before = Contents.of(memory);
            Contents after = null;
            for (BlockOrder order : each) {
                if (after != null) {
                    before.restore();
                }
                Tally t = run(code, grid, block, sharedBytes, arguments, order);
                if (after == null) {
                    after = Contents.of(memory);
                    first = t;
                } else {
                    String difference = after.difference();
                    if (difference != null) {
                        throw new PtxFault("kernel " + code.entry().name() + ": its result depends on the order of blocks: "
                                + each.getFirst() + " and " + order + " differ in " + difference);
                    }
                }
            }
        }
        counts.merge(code.entry().name(), LaunchCounts.of(code, grid, block, first), LaunchCounts::plus);
    }

    private Tally run(Code code, Dim grid, Dim block, int sharedBytes, Object[] arguments, BlockOrder order) {
        GridLaunch launch = new GridLaunch(memory, grid, block, sharedBytes, arguments, LAUNCHES.incrementAndGet());
        long[] numbers = order.numbers(grid.count());
        launch.order(numbers, order.lanesBackwards());
        Tally tally = new Tally(code.steps().length, countsTraffic);
        clock.startLaunch();
        code.startLaunch(arguments);
        Block b = new Block(code, launch, clock, tally);
        for (long n : numbers) {
            b.run(n);
        }
        issued += java.util.Arrays.stream(tally.issued).sum();
        return tally;
    }

    @Override
    public void copy(long dst, long src, long bytes) {
        inStream("cuMemcpyDtoDAsync", () -> memory.copy(dst, src, bytes));
    }

    @Override
    public void fill(long dst, int word, long words) {
        inStream("cuMemsetD32Async", () -> memory.fill(dst, word, words));
    }

    @Override
    public Blas blas() {
        return blas;
    }

    @Override
    public Dnn dnn() {
        return dnn;
    }

    // ---- what the stand-ins for cuBLAS and cuDNN need ----------------------------------------------------------

    @Override
    public float[] read(String call, long address, int count, DType type) {
        return memory.span(call, "operand", address, (long) count * type.bytes, type.bytes).read(type, 0, count);
    }

    @Override
    public void write(String call, long address, float[] values, DType type) {
        memory.span(call, "result", address, (long) values.length * type.bytes, type.bytes).write(type, 0, values);
    }

    @Override
    public void scribble(String call, long address, long bytes) {
        if (bytes > 0) {
            memory.span(call, "workspace", address, bytes, 1);
            memory.poison(address, bytes);
        }
    }

    @Override
    public void synchronize() {
        synchronous("cuStreamSynchronize");
        runHeld();
    }

    @Override
    public GpuGraph capture(String name, Runnable enqueue) {
        synchronous("cuStreamBeginCapture");
        List<Runnable> list = new ArrayList<>();
        recording = list;
        try {
            enqueue.run();
            if (forked) {
                throw new PtxFault("cuStreamEndCapture of " + name + ": CUDA_ERROR_STREAM_CAPTURE_UNJOINED");
            }
        } finally {
            recording = null;
            forked = false;
            onBranch = false;
        }
        return new GpuGraph() {
            private boolean destroyed;

            @Override
            public void launch() {
                synchronous("cuGraphLaunch");
                if (destroyed) {
                    throw new PtxFault("cuGraphLaunch: " + name + " has been closed: CUDA_ERROR_INVALID_HANDLE");
                }
                try {
                    list.forEach(Runnable::run);
                } finally { // nothing of a fork outlives the graph, not even one that a fault has ended
                    held.clear();
                    watch.close();
                }
            }

            @Override
            public void close() {
                destroyed = true;
            }
        };
    }

    /**
     * Not a time: the number of warp instructions that ran in between, and a fixed one for each library call. Copies count
     * nothing.
     */
    @Override
    public long time(Runnable enqueue) {
        synchronous("cuEventRecord");
        long before = issued;
        enqueue.run();
        return Math.max(1, issued - before);
    }

    @Override
    public void close() {
        closed = true;
    }
}
