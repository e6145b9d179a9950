package org.jmoco.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The kernels that ship with jmoco: {@code kernels/ptx/<module>.sm_NN.ptx} on the class path. PTX for sm_NN runs on that
 * compute capability and every later one, so a module may have a plain variant and one that uses what newer devices have.
 *
 * <p>Texts are compiled by the driver, module by module, when a kernel of theirs is first asked for.
 */
final class KernelLibrary {
    private static final String FOLDER = "/kernels/ptx/";

    /** The oldest target that the kernels are written for (Volta). */
    static final int OLDEST = 70;

    /** One PTX text; its module is loaded when one of its kernels is needed. */
    private final class Variant {
        private final String file;
        private final String ptx;
        private GpuModule module;

        Variant(String file, String ptx) {
            this.file = file;
            this.ptx = ptx;
        }

        boolean has(String entry) {
            return Pattern.compile("\\.entry\\s+" + Pattern.quote(entry) + "\\b").matcher(ptx).find();
        }

        Kernel kernel(String entry) {
            if (module == null) {
                module = gpu.load(file, ptx);
            }
            return new Kernel(module.function(entry), PtxSignature.parse(file, ptx, entry));
        }
    }

    private final Gpu gpu;
    private final Map<String, List<Variant>> variants = new HashMap<>(); // by module, newest target first
    private final Map<String, Kernel> kernels = new HashMap<>(); // by module and entry

    KernelLibrary(Gpu gpu) {
        this.gpu = gpu;
    }

    /** @throws GpuException if no variant that the device can run has such an entry */
    Kernel kernel(String module, String entry) {
        return kernels.computeIfAbsent(module + " " + entry, key -> find(module, entry));
    }

    private Kernel find(String module, String entry) {
        List<Variant> usable = variants.computeIfAbsent(module, this::read);
        for (Variant v : usable) {
            if (v.has(entry)) {
                return v.kernel(entry);
            }
        }
        throw new GpuException("kernel " + entry + ": " + (usable.isEmpty() ? "no " + FOLDER.substring(1) + module + ".sm_*.ptx is there"
                : "none of " + String.join(", ", usable.stream().map(v -> v.file).toList()) + " has it") + " for a device of compute capability "
                + gpu.info().capability() / 10 + "." + gpu.info().capability() % 10);
    }

    private List<Variant> read(String module) {
        List<Variant> found = new ArrayList<>();
        for (int target = gpu.info().capability(); target >= OLDEST; target--) {
            String file = module + ".sm_" + target + ".ptx";
            try (InputStream in = KernelLibrary.class.getResourceAsStream(FOLDER + file)) {
                if (in != null) {
                    found.add(new Variant(file, new String(in.readAllBytes(), StandardCharsets.US_ASCII)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return found;
    }
}
