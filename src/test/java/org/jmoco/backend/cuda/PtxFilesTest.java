package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The committed PTX files are those of the sources beside them, and NVIDIA's compiler takes them for every architecture. */
class PtxFilesTest {
    @Test
    void everySourceHasItsFilesAndNoFileIsLeftOver() {
        TreeSet<String> expected = new TreeSet<>();
        for (Path source : PtxFile.sources()) {
            List<String> variants = PtxFile.variants(source);
            assertFalse(variants.isEmpty(), source + ": line 1 must read '// variants: sm_70' or more of them");
            variants.forEach(v -> expected.add(module(source) + "." + v + ".ptx"));
        }
        TreeSet<String> found = new TreeSet<>();
        PtxFile.all().forEach(f -> found.add(f.path().getFileName().toString()));
        assertEquals(expected, found, "kernels/*.cu against kernels/ptx/*.ptx; run kernels/build.sh");
    }

    @TestFactory
    Stream<DynamicTest> everyFileBelongsToItsSource() {
        return PtxFile.all().stream().map(f -> DynamicTest.dynamicTest(f.path().getFileName().toString(), () -> {
            assertEquals(f.module() + "." + f.variant() + ".ptx", f.path().getFileName().toString(), "name against line 1");
            assertEquals(PtxFile.hash(PtxFile.KERNELS.resolve(f.module() + ".cu")), f.sourceHash(),
                    f.path() + " was not compiled from kernels/" + f.module() + ".cu as it is now; run kernels/build.sh "
                    + f.module());
            assertTrue(f.text().contains("\n.version 8.0\n.target " + f.variant() + "\n"), f.path() + ": must be PTX ISA 8.0 for "
                    + f.variant());
        }));
    }

    @TestFactory
    Stream<DynamicTest> everyFileAssembles() {
        PtxAssembler.assumePresent();
        PtxAssembler.assembleAll();
        return PtxFile.all().stream().flatMap(f -> f.targets().stream().map(
                target -> DynamicTest.dynamicTest(f.path().getFileName() + " for " + target, () -> {
                    List<PtxAssembler.Resources> all = PtxAssembler.assemble(f, target);
                    assertEquals(new TreeSet<>(f.entries()),
                            new TreeSet<>(all.stream().map(PtxAssembler.Resources::entry).toList()), "entries");
                    for (PtxAssembler.Resources r : all) {
                        assertEquals(0, r.spillBytes(), r.entry() + " for " + target + " spills registers to memory: " + r);
                    }
                })));
    }

    @Test
    void theAssemblerRefusesWhatIsNotPtx() {
        PtxAssembler.assumePresent();
        String wrong = ".version 8.0\n.target sm_70\n.address_size 64\n.visible .entry k() { frob.f32 %f1, %f2; }\n";
        AssertionError e = assertThrows(AssertionError.class, () -> PtxAssembler.assemble("wrong.ptx", wrong, "sm_70"));
        assertTrue(e.getMessage().contains("frob"), e.getMessage());
    }

    @Test
    void theCompilersReportIsRead() {
        List<PtxAssembler.Resources> all = PtxAssembler.parse("""
                ptxas info    : 0 bytes gmem
                ptxas info    : Compiling entry function 'a' for 'sm_70'
                ptxas info    : Function properties for a
                ptxas         .     8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
                ptxas info    : Used 24 registers, 4224 bytes smem, 372 bytes cmem[0]
                ptxas info    : Compiling entry function 'b' for 'sm_70'
                ptxas info    : Function properties for b
                ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
                ptxas info    : Used 13 registers
                """);
        assertEquals(List.of(new PtxAssembler.Resources("a", "sm_70", 24, 4224, 28, 8),
                new PtxAssembler.Resources("b", "sm_70", 13, 0, 0, 0)), all);
    }

    private static String module(Path source) {
        return source.getFileName().toString().replaceFirst("\\.cu$", "");
    }
}
