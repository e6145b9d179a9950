package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jmoco.backend.cuda.natives.LibraryFinder.Found;
import org.jmoco.backend.cuda.natives.LibraryFinder.Unsuitable;

/**
 * The libraries that are taken, those that they shadow, and what is missing.
 *
 * @param taken one file for each library that was found; without {@link CudaLibrary#NVRTC} everything works
 * @param shadowed files that were found as well and not taken, in the order of their places
 * @param unsuitable files with the right name that cannot be taken
 * @param missing what is missing for computing on a GPU; empty if nothing is
 */
public record CudaLibraries(Map<CudaLibrary, Found> taken, List<Found> shadowed, List<Unsuitable> unsuitable,
        List<Missing> missing) {
    private static final List<CudaLibrary> OF_THE_TOOLKIT = List.of(CudaLibrary.CUBLAS_LT, CudaLibrary.CUBLAS, CudaLibrary.NVRTC,
            CudaLibrary.CUDNN);

    /** @param cure what to do */
    public record Missing(CudaLibrary library, String reason, String cure) {
    }

    /**
     * Chooses among what was found: the set whose cuBLAS comes first in the order of places, if cuDNN belongs to the same
     * version of CUDA; else the first that is complete.
     *
     * @param driverVersion the CUDA version that the driver supports (major), or 0 if no driver tells: a library of a newer
     *     one would load and then refuse to work
     */
    static CudaLibraries choose(LibraryFinder finder, int driverVersion) {
        Map<CudaLibrary, Found> best = Map.of();
        long bestCost = Long.MAX_VALUE;
        for (int version : LibraryFinder.CUDA_VERSIONS) {
            if (driverVersion == 0 || version <= driverVersion) {
                Map<CudaLibrary, Found> set = set(finder, version);
                long cost = cost(finder, set, version);
                if (cost < bestCost) {
                    best = set;
                    bestCost = cost;
                }
            }
        }
        Map<CudaLibrary, Found> taken = new EnumMap<>(CudaLibrary.class);
        finder.found(CudaLibrary.DRIVER).stream().findFirst().ifPresent(f -> taken.put(CudaLibrary.DRIVER, f));
        taken.putAll(best);
        List<Found> shadowed = finder.found().stream().filter(f -> !taken.containsValue(f)).toList();
        return new CudaLibraries(taken, shadowed, List.copyOf(finder.unsuitable()), missing(finder, taken, driverVersion));
    }

    private static Map<CudaLibrary, Found> set(LibraryFinder finder, int version) {
        Map<CudaLibrary, Found> set = new EnumMap<>(CudaLibrary.class);
        Optional<Found> cublas = finder.found(CudaLibrary.CUBLAS).stream().filter(f -> f.version() == version).findFirst();
        cublas.ifPresent(f -> set.put(CudaLibrary.CUBLAS, f));
        for (CudaLibrary library : new CudaLibrary[] {CudaLibrary.CUBLAS_LT, CudaLibrary.NVRTC}) {
            // The two halves of cuBLAS belong to one release: that of the same folder first.
            finder.found(library).stream().filter(f -> f.version() == version)
                    .min(Comparator.comparing(f -> cublas.isEmpty()
                            || !f.file().getParent().equals(cublas.get().file().getParent())))
                    .ifPresent(f -> set.put(library, f));
        }
        finder.found(CudaLibrary.CUDNN).stream().min(Comparator.comparing(f -> f.cudaVersion() != version))
                .ifPresent(f -> set.put(CudaLibrary.CUDNN, f));
        return set;
    }

    /** Smaller is better: complete, cuDNN of the same CUDA, place of cuBLAS. */
    private static long cost(LibraryFinder finder, Map<CudaLibrary, Found> set, int version) {
        long missing = OF_THE_TOOLKIT.stream().filter(l -> l != CudaLibrary.NVRTC && !set.containsKey(l)).count();
        Found cudnn = set.get(CudaLibrary.CUDNN);
        long mixed = cudnn != null && cudnn.cudaVersion() != 0 && cudnn.cudaVersion() != version ? 1 : 0;
        Found cublas = set.get(CudaLibrary.CUBLAS);
        long place = cublas == null ? 0 : finder.found().indexOf(cublas);
        return (missing * 2 + mixed) * 1_000_000 + place;
    }

    private static List<Missing> missing(LibraryFinder finder, Map<CudaLibrary, Found> taken, int driverVersion) {
        List<Missing> missing = new ArrayList<>();
        for (CudaLibrary library : CudaLibrary.values()) {
            if (taken.containsKey(library) || library == CudaLibrary.NVRTC) {
                continue;
            }
            if (library == CudaLibrary.DRIVER) {
                missing.add(new Missing(library, "NVIDIA's driver is not there: libcuda.so.1 was found nowhere"
                        + unsuitableText(finder, library),
                        "install NVIDIA's driver; in a container, start it with its GPUs (docker run --gpus all)"));
                continue;
            }
            String newer = finder.found(library).stream().findFirst().map(f -> "; " + f.file() + " is for CUDA " + f.version()
                    + " and the driver supports CUDA " + driverVersion).orElse("");
            missing.add(new Missing(library, library.title() + " was found nowhere" + newer + unsuitableText(finder, library),
                    newer.isEmpty() ? "./jmoco cuda install, or pip install " + wheel(library)
                            + ", or name its folder by --cuda-libs"
                            : driverVersion < Collections.min(LibraryFinder.CUDA_VERSIONS)
                            ? "install a newer driver (525 or later)"
                            : "install a newer driver, or ./jmoco cuda install"));
        }
        return List.copyOf(missing);
    }

    private static String wheel(CudaLibrary library) {
        return library == CudaLibrary.CUDNN ? "nvidia-cudnn-cu12" : "nvidia-cublas-cu12";
    }

    private static String unsuitableText(LibraryFinder finder, CudaLibrary library) {
        StringBuilder text = new StringBuilder();
        for (Unsuitable u : finder.unsuitable()) {
            if (u.library() == library) {
                text.append("; ").append(u.file()).append(' ').append(u.reason());
            }
        }
        return text.toString();
    }

    /** True if nothing is missing. */
    public boolean complete() {
        return missing.isEmpty();
    }

    /** Major version of CUDA that cuBLAS is of, 0 if there is none. */
    public int cudaVersion() {
        return taken.containsKey(CudaLibrary.CUBLAS) ? taken.get(CudaLibrary.CUBLAS).version() : 0;
    }

    /** True if cuDNN was built for another CUDA than cuBLAS is of: both then load a cuBLASLt of their own, if they find it. */
    public boolean mixed() {
        Found cudnn = taken.get(CudaLibrary.CUDNN);
        return cudnn != null && cudnn.cudaVersion() != 0 && cudaVersion() != 0 && cudnn.cudaVersion() != cudaVersion();
    }

    /** What stands first in {@link #shadowed} is what would be taken if the one that is taken were not there. */
    public List<Found> shadowedBy(CudaLibrary library) {
        return shadowed.stream().filter(f -> f.library() == library).toList();
    }

    /** Every file to load, each after those that it needs: the driver, cuBLASLt, cuBLAS, NVRTC, cuDNN's parts, cuDNN. */
    List<Path> loadOrder() throws IOException {
        List<Path> files = new ArrayList<>();
        for (CudaLibrary library : CudaLibrary.values()) {
            Found f = taken.get(library);
            if (f != null && library == CudaLibrary.CUDNN) {
                files.addAll(cudnnParts(f.file()));
            }
            if (f != null) {
                files.add(f.file());
            }
        }
        return files;
    }

    /** The parts beside cuDNN by the order of their needs; cuDNN opens them by name and then finds them loaded. */
    private static List<Path> cudnnParts(Path cudnn) throws IOException {
        Map<String, Path> parts = new LinkedHashMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(cudnn.toRealPath().getParent(),
                "libcudnn_*.so." + LibraryFinder.CUDNN_VERSION)) {
            for (Path p : entries) {
                parts.put(p.getFileName().toString(), p);
            }
        }
        Set<Path> ordered = new LinkedHashSet<>();
        for (String name : parts.keySet().stream().sorted().toList()) {
            place(name, parts, ordered, new LinkedHashSet<>());
        }
        return List.copyOf(ordered);
    }

    private static void place(String name, Map<String, Path> parts, Set<Path> ordered, Set<String> above) throws IOException {
        Path file = parts.get(name);
        if (file == null || !above.add(name)) {
            return;
        }
        for (ElfFile.Name needed : ElfFile.read(file).needed()) {
            place(needed.text(), parts, ordered, above);
        }
        ordered.add(file);
    }
}
