package org.jmoco.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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

    /** A file of the class path, read once in the life of a process, however many backends it opens. */
    private record Text(String file, String ptx, Map<String, Optional<PtxSignature>> signatures) {
        private static final Map<String, Optional<Text>> READ = new ConcurrentHashMap<>();

        static Optional<Text> read(String file) {
            return READ.computeIfAbsent(file, f -> {
                try (InputStream in = KernelLibrary.class.getResourceAsStream(FOLDER + f)) {
                    return in == null ? Optional.empty()
                            : Optional.of(new Text(f, new String(in.readAllBytes(), StandardCharsets.US_ASCII),
                                    new ConcurrentHashMap<>()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        /** Empty if it has no such entry. */
        Optional<PtxSignature> signature(String entry) {
            return signatures.computeIfAbsent(entry, name ->
                    Pattern.compile("\\.entry\\s+" + Pattern.quote(name) + "\\b").matcher(ptx).find()
                            ? Optional.of(PtxSignature.parse(file, ptx, name)) : Optional.empty());
        }
    }

    /** A text on this device; its module is loaded when one of its kernels is needed. */
    private final class Variant {
        private final Text text;
        private GpuModule module;

        Variant(Text text) {
            this.text = text;
        }

        Kernel kernel(PtxSignature signature) {
            if (module == null) {
                module = gpu.load(text.file, text.ptx);
            }
            return new Kernel(module.function(signature.entry()), signature);
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
            Optional<PtxSignature> signature = v.text.signature(entry);
            if (signature.isPresent()) {
                return v.kernel(signature.get());
            }
        }
        String found = usable.isEmpty() ? "no " + FOLDER.substring(1) + module + ".sm_*.ptx is there"
                : "none of " + String.join(", ", usable.stream().map(v -> v.text.file).toList()) + " has it";
        throw new GpuException("kernel " + entry + ": " + found + " for a device of compute capability "
                + gpu.info().capability() / 10 + "." + gpu.info().capability() % 10);
    }

    private List<Variant> read(String module) {
        List<Variant> found = new ArrayList<>();
        for (int target = gpu.info().capability(); target >= OLDEST; target--) {
            Text.read(module + ".sm_" + target + ".ptx").ifPresent(text -> found.add(new Variant(text)));
        }
        return found;
    }
}
