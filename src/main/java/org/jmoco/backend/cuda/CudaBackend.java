package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Program;
import org.jmoco.backend.Region;
import org.jmoco.backend.Step;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The CUDA backend: NHWC, convolutions by cuDNN, matrix products by cuBLAS, everything else by jmoco's own kernels, on one
 * stream, or two with branches; a program is one CUDA graph. See docs/cuda.md.
 */
public final class CudaBackend extends Backend {
    /** First compute capability with bf16 and tf32 (Ampere). */
    private static final int AMPERE = 80;

    private final Gpu gpu;
    private final CudaOptions options;
    private final KernelLibrary kernels;
    private final CudaMemory memory;
    private final Transfers transfers;
    private final CudaOps ops;
    private final List<CudaProgram> programs = new ArrayList<>();
    private CudaProgram running; // the last that was started
    private boolean closed;

    private CudaBackend(Gpu gpu, CudaOptions options) {
        this.gpu = gpu;
        this.options = options;
        if (options.branches()) {
            gpu.prepareBranch();
        }
        kernels = new KernelLibrary(gpu);
        memory = new CudaMemory(gpu, options.precision());
        transfers = new Transfers(gpu);
        ops = new CudaOps(new Context(), options);
    }

    /**
     * @param gpu belongs to the backend from here on, which closes it
     * @throws UserError if the device is too old for jmoco or for the precision
     */
    public static CudaBackend open(Gpu gpu, CudaOptions options) {
        int capability = gpu.info().capability();
        if (capability < KernelLibrary.OLDEST) {
            throw tooOld(gpu, "jmoco needs compute capability " + capability(KernelLibrary.OLDEST)
                    + " (Volta) or later; use --backend cpu");
        }
        if ((options.precision() == Precision.TF32 || options.precision() == Precision.BF16) && capability < AMPERE) {
            throw tooOld(gpu, "--precision " + options.precision() + " needs " + capability(AMPERE)
                    + " (Ampere) or later; use --precision f32, or f16, which has tensor cores from 7.0 on");
        }
        try {
            return new CudaBackend(gpu, options);
        } catch (RuntimeException e) { // the second stream's handles and workspace may be too much
            gpu.close();
            throw e;
        }
    }

    private static UserError tooOld(Gpu gpu, String why) {
        String device = gpu.info().name() + " has compute capability " + capability(gpu.info().capability());
        gpu.close();
        return UserError.failed("cuda backend: " + device + ", but " + why);
    }

    private static String capability(int c) {
        return c / 10 + "." + c % 10;
    }

    /** What the operations see of the backend. */
    private final class Context implements CudaContext {
        @Override
        public Gpu gpu() {
            return gpu;
        }

        @Override
        public Kernel kernel(String module, String entry) {
            return kernels.kernel(module, entry);
        }

        @Override
        public Precision precision() {
            return options.precision();
        }

        @Override
        public long computeAddress(Buffer weights) {
            return CudaBackend.this.computeAddress(weights);
        }

        @Override
        public boolean hasComputeCopy(Buffer parameters) {
            return CudaBackend.this.hasComputeCopy(parameters);
        }
    }

    private boolean hasComputeCopy(Buffer b) {
        return b.region() == Region.PARAMETERS && featureMaps() != real();
    }

    /** The copies lie in the order of the originals, element for element. */
    long computeAddress(Buffer b) {
        if (featureMaps() == real()) {
            return b.address();
        }
        if (!hasComputeCopy(b)) {
            throw new IllegalArgumentException(b + ": only weights in region " + Region.PARAMETERS + " have a copy in "
                    + featureMaps());
        }
        long element = (b.address() - memory.address(Region.PARAMETERS)) / real().bytes;
        return memory.address(Region.WEIGHT_COPIES) + element * featureMaps().bytes;
    }

    /** What convolutions read of weights: their copy in the feature maps' type. */
    HostTensor downloadCopy(Buffer weights) {
        return transfers.download(computeAddress(weights), featureMaps(), weights.shape());
    }

    /** Address of a region's arena, 0 if nothing lives there. */
    long arena(Region region) {
        return memory.address(region);
    }

    @Override
    public String name() {
        return "cuda";
    }

    /**
     * {@code cuda: NVIDIA H200 (9.0, 132 SMs, 150.1 GB), bf16, one graph per program, driver 13.0, cuBLAS 12.6.4, cuDNN 9.5.1}.
     */
    @Override
    public String describe() {
        GpuInfo i = gpu.info();
        return String.format(Locale.ROOT, "cuda: %s (%s, %d SMs, %.1f GB), %s, %s%s, driver %s, cuBLAS %s, cuDNN %s", i.name(),
                capability(i.capability()), i.multiprocessors(), i.memoryBytes() * 1e-9, options.precision(),
                (options.graphs() ? "one graph per program" : options.checkSteps() ? "step by step, waiting after each"
                        : "step by step") + (options.branches() ? ", branches on a second stream" : "")
                        + (options.graphEngines() ? ", convolutions also by cuDNN's graph interface" : ""),
                options.deterministic() ? "" : ", not deterministic", i.driver(), i.cublas(), i.cudnn());
    }

    @Override
    public String arithmetic() {
        return name() + " " + options.precision();
    }

    @Override
    public DType real() {
        return DType.F32;
    }

    @Override
    public boolean runsBranches() {
        return options.branches();
    }

    @Override
    public DType featureMaps() {
        return options.precision().featureMaps();
    }

    @Override
    public boolean rendersViews() {
        return true;
    }

    @Override
    public boolean ranksRows() {
        return true;
    }

    /** Unlimited here: the device is asked when the arenas are placed, and nothing is made before. */
    @Override
    protected long memoryBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public double productRoundoff() {
        return options.precision().productRoundoff();
    }

    @Override
    public double contrastRoundoff() {
        return options.precision().contrastRoundoff();
    }

    @Override
    protected Ops ops() {
        return ops;
    }

    @Override
    protected long placeArenas(Map<Region, Long> arenaBytes, List<Buffer> roots) {
        ops.save();
        memory.allocate(arenaBytes, memory());
        for (Buffer root : roots) {
            root.place(null, memory.address(root.region()) + memory().offset(root));
        }
        return memory.address(Region.SCRATCH);
    }

    @Override
    protected void bind(Step step, long scratch) {
        CudaProgram.named(gpu, step, () -> step.work().bind(scratch));
    }

    @Override
    protected Runnable executable(Program program) {
        CudaProgram p = new CudaProgram(gpu, program, options);
        programs.add(p);
        return () -> {
            requireOpen();
            running = p;
            p.run();
        };
    }

    @Override
    public long nanos(Runnable work) {
        return gpu.time(work);
    }

    /** @throws IllegalArgumentException if sizes differ, or types do by more than f32, f64, bf16 and f16 */
    @Override
    public void upload(Buffer dst, HostTensor src) {
        requireOpen();
        if (dst.size() != src.size()) {
            throw new IllegalArgumentException("upload to " + dst + ": the source is " + src + ", another size");
        }
        boolean fits = dst.dtype().isReal() ? src.dtype().isReal() : src.dtype() == dst.dtype();
        if (!fits) {
            throw new IllegalArgumentException("upload to " + dst + ": the source is " + src + ", another type");
        }
        finished(() -> {
            transfers.upload(dst.address(), dst.dtype(), src);
            if (hasComputeCopy(dst)) {
                transfers.upload(computeAddress(dst), featureMaps(), src);
            }
        });
    }

    @Override
    public HostTensor download(Buffer src) {
        requireOpen();
        HostTensor[] values = new HostTensor[1];
        finished(() -> values[0] = transfers.download(src.address(), src.dtype(), src.shape()));
        return values[0];
    }

    /** Carries out something that waits for the stream, where faults of earlier launches show. */
    private void finished(Runnable action) {
        try {
            action.run();
        } catch (GpuException e) {
            if (running == null) {
                throw e;
            }
            throw new GpuException("after program " + running.name() + " on " + gpu.info().name() + ": " + e.getMessage()
                    + running.whichStep(), e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("cuda backend: is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        programs.forEach(CudaProgram::close);
        ops.close();
        transfers.close();
        gpu.close();
    }
}
