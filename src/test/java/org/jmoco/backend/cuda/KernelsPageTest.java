package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jmoco.ptx.LaunchCounts;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** docs/kernels.md says what the kernels are now, and what they move stays within what they have to move. */
class KernelsPageTest {
    /** kernels/report.sh sets it: write the page instead of comparing it. */
    private static final boolean WRITE = Boolean.getBoolean("kernels.write");

    private static List<KernelTraffic.Measured> measured; // once for both tests

    private static synchronized List<KernelTraffic.Measured> measured() {
        if (measured == null) {
            measured = KernelTraffic.all().stream().map(KernelTraffic::measure).toList();
        }
        return measured;
    }

    @TestFactory
    Stream<DynamicTest> nothingMovesMoreThanItMust() {
        return measured().stream().map(m -> DynamicTest.dynamicTest(m.of().problem() + " " + m.of().precision(), () -> {
            assertTrue(m.ratio() <= m.of().slack() + 1e-9, m.bytesPerElement() + " bytes per element, of which " + m.of().fewest()
                    + " must be; allowed is a ratio of " + m.of().slack());
            // A kernel that moves less than a hundredth of the bytes is free to do it as it likes.
            m.kernels().stream().filter(k -> m.bytesPerElement(k) > 0.01 * m.bytesPerElement())
                    .forEach(k -> coalesced(m.of(), k));
        }));
    }

    private static void coalesced(KernelTraffic of, LaunchCounts k) {
        double allowed = of.coalesced() + 1e-9;
        assertTrue(k.globalLoads().waste() <= allowed, k.kernel() + " reads " + k.globalLoads().waste()
                + " times the fewest sectors");
        assertTrue(k.globalStores().waste() <= allowed, k.kernel() + " writes " + k.globalStores().waste()
                + " times the fewest sectors");
    }

    @Test
    void everyShippedKernelIsCounted() {
        Set<String> missing = new TreeSet<>();
        Pattern entry = Pattern.compile("\\.entry\\s+(\\w+)");
        PtxFile.all().forEach(f -> entry.matcher(f.text()).results().forEach(r -> missing.add(r.group(1))));
        assertTrue(missing.size() > 100, "found no kernels: " + missing);
        measured().forEach(m -> m.kernels().forEach(k -> missing.remove(k.kernel())));
        assertEquals(Set.of(), missing, "kernels without a row in " + KernelsPage.FILE
                + "; launch them in KernelTraffic or OtherTraffic");
    }

    @Test
    void thePageIsWhatTheKernelsAre() throws IOException {
        PtxAssembler.assumePresent();
        PtxAssembler.assembleAll();
        String now = KernelsPage.text(measured());
        if (WRITE) {
            Files.writeString(KernelsPage.FILE, now);
            return;
        }
        assertEquals(Files.readString(KernelsPage.FILE), now,
                KernelsPage.FILE + " is not what kernels/ptx gives now; run kernels/report.sh");
    }
}
