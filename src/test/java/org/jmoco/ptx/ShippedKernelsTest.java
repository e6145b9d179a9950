package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The machine knows every instruction of every PTX file that ships. */
class ShippedKernelsTest {
    @Test
    void everyFileLoads() throws IOException {
        EmulatedGpu gpu = new EmulatedGpu(90);
        try (Stream<Path> files = Files.list(Path.of("kernels/ptx"))) {
            List<Path> texts = files.filter(p -> p.toString().endsWith(".ptx")).sorted().toList();
            assertTrue(!texts.isEmpty(), "no PTX under kernels/ptx");
            for (Path p : texts) {
                gpu.load(p.getFileName().toString(), Files.readString(p));
            }
        }
    }
}
