package org.jmoco.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jmoco.app.BackendOptions.Name;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.backend.cuda.JCudaGpu;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;

/**
 * The one place where a backend is chosen by name. A backend that was named and cannot run is an error that says why; only
 * {@code auto} goes on to the next one, and what it chose and why stands in the first line of every main
 * ({@link Backend#headline()}).
 */
final class Backends {
    /** What {@code auto} tries, fastest first. The reference backend is a yardstick: it runs only when named. */
    private static final List<Name> AUTOMATIC = List.of(Name.CUDA, Name.CPU);

    /** What the cuda backend runs on. Tests put an emulated device here, so that every command runs with it. */
    private static Supplier<Gpu> device = JCudaGpu::open;

    private Backends() {
    }

    /** For tests. @return what it was before */
    static Supplier<Gpu> exchangeDevice(Supplier<Gpu> other) {
        Supplier<Gpu> before = device;
        device = other;
        return before;
    }

    /** Training computes in f32, or in what {@code --precision} says. */
    static Backend open(BackendOptions options) {
        return open(options, DType.F32);
    }

    /**
     * @param real F32, or F64 on the reference backend
     * @throws UserError why the backend cannot run here, and what to do
     */
    static Backend open(BackendOptions options, DType real) {
        options.useCudaLibs();
        return open(options.backend(), options.threads(), real, options.cuda(System.err::println));
    }

    /** As {@link #open(BackendOptions)}, with programs that run step by step, in order, on the cuda backend. */
    static Backend openStepByStep(BackendOptions options) {
        CudaOptions plain = options.cuda(System.err::println).withGraphs(false).withBranches(false);
        return open(options.backend(), options.threads(), DType.F32, plain);
    }

    /** With the cuda backend's defaults. */
    static Backend open(Name name, int threads, DType real) {
        return open(name, threads, real, CudaOptions.of(Precision.F32));
    }

    private static Backend open(Name name, int threads, DType real, CudaOptions cuda) {
        return switch (name) {
            case AUTO -> automatic(threads, real, cuda);
            case CPU -> {
                requireF32(name, real);
                requirePlain(name, cuda);
                yield CpuBackend.open(threads);
            }
            case REFERENCE -> {
                requirePlain(name, cuda);
                yield ReferenceBackend.open(real, threads);
            }
            case CUDA -> {
                requireF32(name, real);
                yield cuda(cuda);
            }
        };
    }

    private static Backend cuda(CudaOptions options) {
        try {
            return CudaBackend.open(device.get(), options);
        } catch (GpuException e) {
            String message = e.getMessage();
            throw UserError.failed(message.startsWith("cuda backend: ") ? message : "cuda backend: " + message
                    + "\n  cure: see ./jmoco doctor", e);
        }
    }

    private static Backend automatic(int threads, DType real, CudaOptions cuda) {
        List<String> reasons = new ArrayList<>();
        for (Name name : AUTOMATIC) {
            try {
                Backend b = open(name, threads, real, cuda);
                b.setChoice("chosen by --backend auto" + (reasons.isEmpty() ? ": the fastest there is"
                        : "; " + String.join("; ", reasons.stream().map(r -> r.lines().findFirst().orElse("")).toList())));
                return b;
            } catch (UserError e) {
                if (name == Name.CUDA && onlyCuda(cuda).isPresent()) {
                    throw UserError.failed(onlyCuda(cuda).get() + " is the cuda backend's, which cannot run here; leave it out;"
                            + " a run that began with it goes on by --resume --backend cpu.\n" + e.getMessage(), e);
                }
                reasons.add(e.getMessage());
            }
        }
        throw UserError.failed("no fast backend can run here; --backend reference always can, slowly.\n"
                + String.join("\n", reasons));
    }

    private static void requireF32(Name name, DType real) {
        if (real != DType.F32) {
            throw UserError.usage(name + " backend: computes in f32, not in " + real + "; use --backend reference for " + real);
        }
    }

    /** @throws UserError if the backend of this name has not what is asked for */
    static void requirePlain(Name name, CudaOptions cuda) {
        onlyCuda(cuda).ifPresent(option -> {
            throw UserError.usage(name + " backend: " + option + " is the cuda backend's; leave it out");
        });
    }

    /** What is asked for and no other backend has, as it is typed. */
    private static Optional<String> onlyCuda(CudaOptions cuda) {
        return cuda.precision() != Precision.F32 ? Optional.of("--precision " + cuda.precision())
                : cuda.branches() ? Optional.of("--branches")
                : cuda.graphEngines() ? Optional.of("--cudnn-graph")
                : cuda.checkSteps() ? Optional.of("--check-steps")
                : !cuda.graphs() ? Optional.of("--no-graph")
                : !cuda.deterministic() ? Optional.of("--nondeterministic") : Optional.empty();
    }
}
