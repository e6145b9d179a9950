package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jmoco.backend.Region;
import org.jmoco.tensor.UserError;

/** What the machine is and how much memory it has left. */
final class Machine {
    private Machine() {}

    /** Model name of the processor, or the architecture where the system does not tell. */
    static String processor() {
        return line("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch"));
    }

    /** {@code oneDNN 3.13.0 (avx2)}. */
    static String dnnl() {
        try {
            DnnlLibrary library = DnnlLibrary.open();
            MethodHandle version = library.dnnl("dnnl_version", FunctionDescriptor.of(JAVA_LONG));
            MethodHandle isa = library.dnnl("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));
            long v = (long) version.invokeExact(); // dnnl_version_t: int major, minor, patch, ...
            return "oneDNN " + Simd.getInt(v) + "." + Simd.getInt(v + 4) + "." + Simd.getInt(v + 8) + " ("
                    + isaName((int) isa.invokeExact()) + ")";
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** Names of dnnl_cpu_isa_t in dnnl_types.h, version 3. */
    private static String isaName(int isa) {
        return switch (isa) {
            case 0x1 -> "sse4.1";
            case 0x3 -> "avx";
            case 0x7 -> "avx2";
            case 0xf -> "avx2_vnni";
            case 0x1f -> "avx2_vnni_2";
            case 0x27 -> "avx512_core";
            case 0x67 -> "avx512_core_vnni";
            case 0xe7 -> "avx512_core_bf16";
            case 0x1ef -> "avx512_core_fp16";
            case 0xfef -> "avx512_core_amx";
            case 0x1fef -> "avx512_core_amx_fp16";
            default -> "isa 0x" + Integer.toHexString(isa);
        };
    }

    /**
     * Bytes that can be had without swapping: what the kernel calls available, but no more than the memory of the container
     * where there is one.
     */
    static long availableBytes() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long available = line("/proc/meminfo", "MemAvailable")
                .map(s -> Long.parseLong(s.replaceAll("\\D", "")) << 10)
                .orElseGet(system::getFreeMemorySize);
        return Math.min(available, system.getTotalMemorySize());
    }

    /** @throws UserError if the arenas together need more than {@code available} bytes */
    static void requireMemory(Map<Region, Long> arenaBytes, long available) {
        long total = arenaBytes.values().stream().mapToLong(Long::longValue).sum();
        if (total <= available) {
            return;
        }
        String regions = arenaBytes.entrySet().stream()
                .filter(e -> e.getValue() > 0)
                .sorted(Map.Entry.<Region, Long>comparingByValue().reversed())
                .map(e -> e.getKey().name().toLowerCase(Locale.ROOT) + " " + megabytes(e.getValue()))
                .collect(Collectors.joining(", "));
        throw UserError.failed("not enough memory: this run needs " + megabytes(total) + " MB (" + regions + ") but "
                + megabytes(available) + " MB are available.\nLower --batch, --width or --image (activations), or --queue"
                + " (state).");
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,d", (bytes + 999_999) / 1_000_000);
    }

    /** What stands behind the colon in the first line that starts with {@code key}. */
    private static java.util.Optional<String> line(String file, String key) {
        try (var lines = Files.lines(Path.of(file))) {
            return lines.filter(l -> l.startsWith(key)).map(l -> l.substring(l.indexOf(':') + 1).strip()).findFirst();
        } catch (IOException | java.io.UncheckedIOException e) {
            return java.util.Optional.empty();
        }
    }
}
