package org.jmoco.app;

import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.Loader;
import org.jmoco.backend.Backend;
import org.jmoco.data.CachedImages;
import org.jmoco.data.DataSets;
import org.jmoco.tensor.BundledNatives;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;

/** Looks at the machine and says what is there, what is missing and how to cure it. Changes nothing. */
final class Doctor {
    /** MISSING stops some command from working; NOTE costs speed or comfort only. */
    enum Status { OK, NOTE, MISSING }

    /** @param cure what to type, or null where nothing is to be done */
    record Finding(Status status, String subject, String text, String cure) {
        static Finding ok(String subject, String text) {
            return new Finding(Status.OK, subject, text, null);
        }
    }

    private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    private static final double GIB = 1 << 30;
    /** The MoCo step of the standard size (batch 128, 32x32, width 64) stays below 3.5 GB; the JVM and the images add to it. */
    private static final double ENOUGH_GIB = 4;

    private Doctor() {
    }

    static List<Finding> examine() {
        List<Finding> findings = new ArrayList<>();
        findings.add(java());
        findings.add(vectorApi());
        findings.add(system());
        findings.add(memory());
        findings.add(hugePages());
        findings.add(fonts());
        findings.add(nativeCache());
        findings.add(imageCache(DataSets.defaultCacheFolder(), System::getenv));
        findings.addAll(CudaDoctor.examine());
        findings.addAll(backends());
        return findings;
    }

    private static Finding java() {
        return Finding.ok("java", Runtime.version() + ", " + System.getProperty("java.vendor") + ", "
                + System.getProperty("java.home"));
    }

    private static Finding vectorApi() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                ? Finding.ok("vector api", "jdk.incubator.vector is there")
                : new Finding(Status.MISSING, "vector api", "jdk.incubator.vector is not loaded",
                        "start by ./jmoco, or with --add-modules=jdk.incubator.vector");
    }

    private static Finding system() {
        return Finding.ok("system", System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + System.getProperty("os.arch") + ", " + Runtime.getRuntime().availableProcessors() + " cores");
    }

    private static Finding memory() {
        double total = -1;
        double free = -1;
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os) {
            total = os.getTotalMemorySize() / GIB;
            free = os.getFreeMemorySize() / GIB;
        }
        String text = "%.1f GiB, %.1f free; Java heap up to %s (JMOCO_HEAP)"
                .formatted(total, free, size(Runtime.getRuntime().maxMemory()));
        return total >= ENOUGH_GIB ? Finding.ok("memory", text)
                : new Finding(Status.NOTE, "memory", text, "use a smaller --batch or --width than the defaults");
    }

    /** {@code 4.0 GiB}, or {@code 16 MiB} where that is below one. */
    static String size(long bytes) {
        return bytes < GIB ? "%d MiB".formatted(bytes >> 20) : "%.1f GiB".formatted(bytes / GIB);
    }

    private static Finding hugePages() {
        if (!Files.isReadable(HUGE_PAGES)) {
            return new Finding(Status.NOTE, "huge pages", "this system does not say (no " + HUGE_PAGES + ")", null);
        }
        String modes;
        try {
            modes = Files.readString(HUGE_PAGES).strip();
        } catch (IOException e) {
            return new Finding(Status.NOTE, "huge pages", "not readable: " + e.getMessage(), null);
        }
        return hugePages(modes);
    }

    /** @param modes as the kernel writes them, the chosen one in brackets: {@code always [madvise] never} */
    static Finding hugePages(String modes) {
        return modes.contains("[never]")
                ? new Finding(Status.NOTE, "huge pages", "switched off (" + modes + "); the cpu backend is slower without",
                        "echo madvise | sudo tee " + HUGE_PAGES)
                : Finding.ok("huge pages", modes);
    }

    /** Plots need one font. Without fontconfig Java throws errors of several kinds from deep inside, hence the wide catch. */
    private static Finding fonts() {
        try {
            Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
            font.getStringBounds("x", new FontRenderContext(null, true, true));
            return Finding.ok("fonts", font.getFontName() + " for plots");
        } catch (RuntimeException | LinkageError | InternalError e) {
            return new Finding(Status.MISSING, "fonts", "Java finds no font, so plots cannot be drawn (" + e.getMessage() + ")",
                    "apt install fontconfig fonts-dejavu-core");
        }
    }

    private static Finding nativeCache() {
        if (BundledNatives.folder().isPresent()) {
            return Finding.ok("natives", BundledNatives.folder().get() + " (of this bundle; nothing is unpacked at a start)");
        }
        try {
            return Finding.ok("native cache", Loader.getCacheDir() + " (unpacked oneDNN; safe to delete)");
        } catch (IOException e) {
            return new Finding(Status.MISSING, "native cache", "no writable folder for unpacked libraries: " + e.getMessage(),
                    "JMOCO_JVM_FLAGS=-Dorg.bytedeco.javacpp.cachedir=/a/writable/folder");
        }
    }

    /** Copies of the user's images: how many, and how to be rid of them. */
    static Finding imageCache(Path folder, UnaryOperator<String> environment) {
        try {
            List<CachedImages.Entry> files = CachedImages.in(folder);
            return Finding.ok("image cache", folder + ": " + files.size() + (files.size() == 1 ? " file" : " files")
                    + " of decoded images, " + CachedImages.size(CachedImages.bytes(files))
                    + (CachedImages.wanted(environment) ? "" : "; " + CachedImages.SWITCH + "=off, no more are made")
                    + (files.isEmpty() ? "" : " ('./jmoco data clear-cache' removes them)"));
        } catch (UserError e) {
            return new Finding(Status.NOTE, "image cache", e.getMessage(), null);
        }
    }

    /** One line for each backend, and what {@code --backend auto} would take. */
    private static List<Finding> backends() {
        List<Finding> findings = new ArrayList<>();
        for (BackendOptions.Name name : BackendOptions.Name.values()) {
            boolean needed = name == BackendOptions.Name.AUTO; // one that is named is the user's choice
            try (Backend b = Backends.open(name, Runtime.getRuntime().availableProcessors(), DType.F32)) {
                findings.add(Finding.ok("--backend " + name, (needed ? "takes " : "works, ") + b.describe()));
            } catch (UserError e) {
                String[] lines = e.getMessage().split("\n\\s*cure: ", 2);
                findings.add(new Finding(needed ? Status.MISSING : Status.NOTE, "--backend " + name, lines[0], lines.length > 1
                        ? lines[1] : null));
            }
        }
        return findings;
    }
}
