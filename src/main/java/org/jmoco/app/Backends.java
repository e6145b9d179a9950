package org.jmoco.app;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.app.BackendOptions.Name;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;

/**
 * The one place where a backend is chosen by name. A backend that was named and cannot run is an error that says why; only
 * {@code auto} goes on to the next one, and what it chose stands in the first lines of every main
 * ({@link Backend#describe()}).
 */
final class Backends {
    /** What {@code auto} tries, fastest first. The reference backend is a yardstick: it runs only when named. */
    private static final List<Name> AUTOMATIC = List.of(Name.CUDA, Name.CPU);

    private Backends() {
    }

    /** Training computes in f32. */
    static Backend open(BackendOptions options) {
        return open(options.backend(), options.threads(), DType.F32);
    }

    /**
     * @param real F32, or F64 on the reference backend
     * @throws UserError why the backend cannot run here, and what to do
     */
    static Backend open(Name name, int threads, DType real) {
        return switch (name) {
            case AUTO -> automatic(threads, real);
            case CPU -> {
                requireF32(name, real);
                yield CpuBackend.open(threads);
            }
            case REFERENCE -> ReferenceBackend.open(real, threads);
            case CUDA -> throw UserError.failed("cuda backend: not part of this build of jmoco yet; use --backend cpu");
        };
    }

    private static Backend automatic(int threads, DType real) {
        List<String> reasons = new ArrayList<>();
        for (Name name : AUTOMATIC) {
            try {
                return open(name, threads, real);
            } catch (UserError e) {
                reasons.add(e.getMessage());
            }
        }
        throw UserError.failed("no fast backend can run here; --backend reference always can, slowly.\n" + String.join("\n", reasons));
    }

    private static void requireF32(Name name, DType real) {
        if (real != DType.F32) {
            throw UserError.usage(name + " backend: computes in f32, not in " + real + "; use --backend reference for " + real);
        }
    }
}
