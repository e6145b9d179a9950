package org.jmoco.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jmoco.app.Doctor.Finding;
import org.jmoco.app.Doctor.Status;
import org.jmoco.backend.cuda.CudaAvailability;
import org.jmoco.backend.cuda.GpuInfo;
import org.jmoco.backend.cuda.natives.CudaLibraries;
import org.jmoco.backend.cuda.natives.CudaLibrary;
import org.jmoco.backend.cuda.natives.JCudaNatives;
import org.jmoco.backend.cuda.natives.LibraryFinder;

/** What the CUDA backend would work with. All of it is a note at most: without a GPU the cpu backend does the work. */
final class CudaDoctor {
    private static final Path KERNEL_DRIVER = Path.of("/proc/driver/nvidia/version");
    /** {@code NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  ...}. */
    private static final Pattern KERNEL_VERSION = Pattern.compile("\\s(\\d+\\.\\d+(?:\\.\\d+)?)\\s");
    private static final double GIB = 1 << 30;
    /** Of libraries that lie in many places, the first few shadowed ones tell enough. */
    private static final int SHADOWED_SHOWN = 4;

    private CudaDoctor() {
    }

    static List<Finding> examine() {
        JCudaNatives natives = JCudaNatives.loadWhatThereIs();
        CudaAvailability availability = CudaAvailability.probe();
        List<Finding> findings = new ArrayList<>();
        for (CudaLibrary library : CudaLibrary.values()) {
            findings.add(library(library, natives));
            if (library == CudaLibrary.DRIVER && natives.libraries().taken().containsKey(library)) {
                findings.add(device(availability));
            }
        }
        if (natives.libraries().mixed()) {
            findings.add(new Finding(Status.NOTE, "cuda versions", "cuDNN was built for CUDA "
                    + natives.libraries().taken().get(CudaLibrary.CUDNN).cudaVersion() + " and cuBLAS is of CUDA "
                    + natives.libraries().cudaVersion()
                    + ": cuDNN does without the algorithms that need its own cuBLASLt",
                    "./jmoco cuda install, or name a folder with both by --cuda-libs"));
        }
        for (String error : natives.loaderErrors()) {
            findings.add(new Finding(Status.NOTE, "cuda loader", error,
                    "name other libraries by --cuda-libs, or ./jmoco cuda install"));
        }
        if (System.getenv("NVIDIA_TF32_OVERRIDE") != null) {
            findings.add(new Finding(Status.NOTE, "tf32 override",
                    "NVIDIA_TF32_OVERRIDE is set: NVIDIA's libraries then ignore --precision for f32 products",
                    "unset NVIDIA_TF32_OVERRIDE"));
        }
        return findings;
    }

    private static Finding library(CudaLibrary library, JCudaNatives natives) {
        CudaLibraries all = natives.libraries();
        LibraryFinder.Found taken = all.taken().get(library);
        if (taken == null) {
            Optional<CudaLibraries.Missing> missing = all.missing().stream().filter(m -> m.library() == library).findFirst();
            return missing.map(m -> new Finding(Status.NOTE, library.title(), m.reason(), m.cure()))
                    .orElse(new Finding(Status.NOTE, library.title(), "not found (" + library.purpose()
                            + "); nothing stops without it", null));
        }
        List<String> words = new ArrayList<>();
        natives.version(library).ifPresent(words::add);
        if (library == CudaLibrary.DRIVER) {
            kernelDriver().ifPresent(v -> words.add("kernel driver " + v));
        }
        if (library == CudaLibrary.CUDNN && taken.cudaVersion() != 0) {
            words.add("for CUDA " + taken.cudaVersion());
        }
        words.add(taken.toString());
        return Finding.ok(library.title(), String.join(", ", words) + shadowed(all.shadowedBy(library)));
    }

    private static String shadowed(List<LibraryFinder.Found> shadowed) {
        return shadowed.isEmpty() ? "" : "; shadows "
                + shadowed.stream().limit(SHADOWED_SHOWN).map(LibraryFinder.Found::toString).collect(Collectors.joining(", "))
                + (shadowed.size() > SHADOWED_SHOWN ? " and " + (shadowed.size() - SHADOWED_SHOWN) + " more" : "");
    }

    private static Finding device(CudaAvailability a) {
        if (!a.usable()) {
            return new Finding(Status.NOTE, "CUDA device", "none: " + a.reason(), a.cure());
        }
        GpuInfo d = a.device();
        return Finding.ok("CUDA device", String.format(Locale.ROOT,
                "%s, compute capability %d.%d, %d multiprocessors, %.1f GiB, %d KiB shared memory for a block",
                d.name(), d.capability() / 10, d.capability() % 10, d.multiprocessors(), d.memoryBytes() / GIB,
                d.sharedBytesPerBlock() >> 10));
    }

    private static Optional<String> kernelDriver() {
        try {
            Matcher m = KERNEL_VERSION.matcher(Files.readString(KERNEL_DRIVER).lines().findFirst().orElse(""));
            return m.find() ? Optional.of(m.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // no such file: a container may hide it
        }
    }
}
