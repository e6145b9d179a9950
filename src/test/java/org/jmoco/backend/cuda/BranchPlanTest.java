package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.junit.jupiter.api.Test;

/** What branches cost in memory: the table of docs/cuda.md is what is planned. */
class BranchPlanTest {
    private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\| (f32|bf16) \\| ([\\d.]+) MB \\| ([\\d.]+) MB \\|");

    private static String megabytes(int batch, Precision precision, boolean branches) {
        try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), CudaOptions.of(precision).withBranches(branches))) {
            ResNet18.Config encoder = new ResNet18.Config(ResNet18.Stem.CIFAR, 64, 128, 8);
            new MocoStep(b, new MocoConfig(encoder, batch, 32, 4096, 0.99, 0.1, false, 0.9, 5e-4));
            return String.format(Locale.ROOT, "%.1f", b.layOutOnly().totalBytes() * 1e-6);
        }
    }

    @Test
    void thePageHasThePlannedBytes() throws IOException {
        int rows = 0;
        for (MatchResult row : ROW.matcher(Files.readString(Path.of("docs/cuda.md"))).results().toList()) {
            int batch = Integer.parseInt(row.group(1));
            Precision p = Precision.valueOf(row.group(2).toUpperCase(Locale.ROOT));
            assertEquals(megabytes(batch, p, false), row.group(3), row.group());
            assertEquals(megabytes(batch, p, true), row.group(4), row.group());
            rows++;
        }
        assertEquals(4, rows);
    }
}
