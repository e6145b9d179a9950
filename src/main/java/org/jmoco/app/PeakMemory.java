package org.jmoco.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The process's largest resident size so far, where the system tells it. */
final class PeakMemory {
    private PeakMemory() {
    }

    /** Empty elsewhere than on Linux: the figure is an extra, not a result. */
    static OptionalLong residentBytes() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmHWM:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024).findFirst();
        } catch (IOException notLinux) {
            return OptionalLong.empty();
        }
    }
}
