package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees of CUDA 12 and CUDA 13 as toolkits, distributions and Python's wheels lay them out. */
class LibraryFinderTest {
    private static final String TOOLKIT = "/usr/local/cuda-12.6/targets/x86_64-linux/lib";
    private static final String DISTRIBUTION = "/usr/lib/x86_64-linux-gnu";
    private static final String SITE = "/opt/torch/.venv/lib/python3.12/site-packages";

    @TempDir
    private Path root;
    private FakeHost machine;

    @BeforeEach
    void emptyMachine() {
        machine = new FakeHost(root);
    }

    private CudaLibraries chosen() {
        return CudaLibraries.choose(machine.search(), 13);
    }

    private String taken(CudaLibraries c, CudaLibrary library) {
        return c.taken().containsKey(library) ? "/" + root.relativize(c.taken().get(library).file()) : null;
    }

    @Test
    void anEmptyMachineLacksAllAndEachLackHasACure() {
        CudaLibraries c = chosen();
        assertEquals(List.of(CudaLibrary.DRIVER, CudaLibrary.CUBLAS_LT, CudaLibrary.CUBLAS, CudaLibrary.CUDNN),
                c.missing().stream().map(CudaLibraries.Missing::library).toList());
        assertTrue(c.missing().stream().noneMatch(m -> m.cure().isBlank()));
        assertTrue(c.missing().getFirst().reason().contains("driver"), c.missing().toString());
        assertFalse(c.complete());
    }

    @Test
    void aToolkitWithCudnnFromTheDistribution() {
        machine.driver(DISTRIBUTION).cublas(TOOLKIT, 12).nvrtc(TOOLKIT, 12).cudnn(DISTRIBUTION, 12);
        CudaLibraries c = chosen();
        assertTrue(c.complete(), c.missing().toString());
        assertEquals(12, c.cudaVersion());
        assertFalse(c.mixed());
        assertEquals(TOOLKIT + "/libcublas.so.12", taken(c, CudaLibrary.CUBLAS));
        assertEquals(TOOLKIT + "/libnvrtc.so.12", taken(c, CudaLibrary.NVRTC));
        assertEquals(DISTRIBUTION + "/libcudnn.so.9", taken(c, CudaLibrary.CUDNN));
        assertEquals("usual place of a toolkit", c.taken().get(CudaLibrary.CUBLAS).origin());
    }

    @Test
    void wheelsOfCuda12LieInOneFolderEach() {
        machine.driver("/usr/local/nvidia/lib64").cublas(SITE + "/nvidia/cublas/lib", 12).cudnn(SITE + "/nvidia/cudnn/lib", 12)
                .nvrtc(SITE + "/nvidia/cuda_nvrtc/lib", 12).prints("python3", SITE);
        CudaLibraries c = chosen();
        assertTrue(c.complete(), c.missing().toString());
        assertEquals(12, c.cudaVersion());
        assertEquals("/usr/local/nvidia/lib64/libcuda.so.1", taken(c, CudaLibrary.DRIVER));
        assertEquals(SITE + "/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", taken(c, CudaLibrary.NVRTC));
        assertEquals("Python's packages", c.taken().get(CudaLibrary.CUDNN).origin());
    }

    @Test
    void wheelsOfCuda13ShareOneFolderAndAreFoundWithoutPython() {
        machine.driver("/usr/local/nvidia/lib64").cublas(SITE + "/nvidia/cu13/lib", 13).nvrtc(SITE + "/nvidia/cu13/lib", 13)
                .cudnn(SITE + "/nvidia/cudnn/lib", 13);
        CudaLibraries c = chosen();
        assertTrue(c.complete(), c.missing().toString());
        assertEquals(13, c.cudaVersion());
        assertFalse(c.mixed());
        assertEquals(13, c.taken().get(CudaLibrary.CUDNN).cudaVersion());
    }

    @Test
    void cudnnDecidesBetweenTwoVersions() {
        String site13 = "/usr/local/lib/python3.12/site-packages";
        machine.driver(DISTRIBUTION).cublas(TOOLKIT, 12).cublas(site13 + "/nvidia/cu13/lib", 13)
                .cudnn(site13 + "/nvidia/cudnn/lib", 13);
        CudaLibraries c = chosen();
        assertEquals(13, c.cudaVersion());
        assertFalse(c.mixed());
        assertEquals(List.of(TOOLKIT + "/libcublas.so.12"),
                c.shadowedBy(CudaLibrary.CUBLAS).stream().map(f -> "/" + root.relativize(f.file())).toList());
    }

    @Test
    void aMixIsTakenWhereNothingFitsAndIsCalledOne() {
        machine.driver(DISTRIBUTION).cublas(TOOLKIT, 13).cudnn(DISTRIBUTION, 12);
        CudaLibraries c = chosen();
        assertTrue(c.complete());
        assertTrue(c.mixed());
    }

    @Test
    void anOldDriverExcludesTheNewerLibraries() {
        machine.driver(DISTRIBUTION).cublas("/usr/local/cuda/lib64", 13).cudnn("/usr/local/cuda/lib64", 13);
        CudaLibraries alone = CudaLibraries.choose(machine.search(), 12);
        assertFalse(alone.complete());
        String reason = alone.missing().stream().filter(m -> m.library() == CudaLibrary.CUBLAS).findFirst().orElseThrow()
                .reason();
        assertTrue(reason.contains("is for CUDA 13 and the driver supports CUDA 12"), reason);
        machine.cublas(SITE + "/nvidia/cublas/lib", 12).cudnn(SITE + "/nvidia/cudnn/lib", 12);
        CudaLibraries both = CudaLibraries.choose(machine.search(), 12);
        assertTrue(both.complete());
        assertEquals(12, both.cudaVersion());
        assertEquals(SITE + "/nvidia/cudnn/lib/libcudnn.so.9", taken(both, CudaLibrary.CUDNN));
    }

    @Test
    void theOrderOfPlaces() {
        machine.driver(DISTRIBUTION).set("LD_LIBRARY_PATH", "/path/a::/path/b").set("CUDA_HOME", "/home/ann/cuda")
                .prints("python3", SITE)
                .prints("ldconfig", "123 libs found in cache", "\tlibcublas.so.12 (libc6,x86-64) => /cached/libcublas.so.12",
                        "\tlibcublasLt.so.12 (libc6,x86-64) => /cached/libcublasLt.so.12",
                        "\tlibcudnn.so.9 (libc6) => /thirtytwo/libcudnn.so.9");
        String cache = "/home/ann/.cache/jmoco/cuda/" + Redist.FOLDER;
        List<String> inOrder = List.of("/mine", "/path/b", "/cached", "/home/ann/cuda/lib64", TOOLKIT,
                SITE + "/nvidia/cublas/lib", cache);
        for (String folder : inOrder) {
            machine.cublas(folder, 12).cudnn(folder, 12);
        }
        List<String> found = machine.search("/mine").found(CudaLibrary.CUBLAS).stream()
                .map(f -> "/" + root.relativize(f.file().getParent())).toList();
        assertEquals(inOrder, found);
        List<String> cudnn = machine.search("/mine").found(CudaLibrary.CUDNN).stream()
                .map(f -> "/" + root.relativize(f.file().getParent())).toList();
        assertFalse(cudnn.contains("/cached"), "the loader's cache lists no cuDNN there");
        assertFalse(cudnn.contains("/thirtytwo"));
        assertEquals("/mine/libcublas.so.12", taken(CudaLibraries.choose(machine.search("/mine"), 13), CudaLibrary.CUBLAS));
    }

    @Test
    void theNamedFolderMayBeAToolkitOrSitePackages() {
        machine.driver(DISTRIBUTION).cublas("/t/lib64", 12).cudnn("/t/lib64", 12).cublas("/s/nvidia/cu13/lib", 13)
                .cudnn("/s/nvidia/cudnn/lib", 13);
        assertEquals(12, CudaLibraries.choose(machine.search("/t"), 13).cudaVersion());
        assertEquals(13, CudaLibraries.choose(machine.search("/s"), 13).cudaVersion());
    }

    @Test
    void newerToolkitsComeFirst() {
        for (String version : new String[] {"9.2", "12.10", "12.6"}) {
            machine.cublas("/usr/local/cuda-" + version + "/lib64", 12);
        }
        assertEquals("/usr/local/cuda-12.10/lib64/libcublas.so.12", taken(chosen(), CudaLibrary.CUBLAS));
    }

    @Test
    void oneFileByManyWaysIsOneFile() {
        machine.cublas("/usr/local/cuda-12.6/lib64", 12).link("/usr/local/cuda", "cuda-12.6");
        assertEquals(1, machine.search().found(CudaLibrary.CUBLAS).size());
    }

    @Test
    void stubsOfTheToolkitAreNoDriver() {
        machine.driver("/usr/local/cuda/lib64/stubs").set("LD_LIBRARY_PATH", "/usr/local/cuda/lib64/stubs");
        assertFalse(chosen().taken().containsKey(CudaLibrary.DRIVER));
    }

    @Test
    void whatCannotBeTakenIsToldWithItsReason() {
        machine.file(DISTRIBUTION + "/libcudnn.so.8", ElfBuilder.library("libcudnn.so.8"))
                .file(TOOLKIT + "/libcublas.so.11", ElfBuilder.library("libcublas.so.11"))
                .file(TOOLKIT + "/libcublasLt.so.12", "not a library".getBytes())
                .file(TOOLKIT + "/libcublas.so.12", ElfBuilder.library("libother.so"))
                .file("/usr/lib64/libcudnn.so.9", ElfBuilder.library("libcudnn.so.9"));
        CudaLibraries c = chosen();
        List<String> reasons = c.unsuitable().stream().map(u -> u.file().getFileName() + " " + u.reason()).toList();
        assertTrue(reasons.contains("libcudnn.so.8 is version 8, needed is 9"), reasons.toString());
        assertTrue(reasons.contains("libcublas.so.11 is version 11, needed is 12 or 13"), reasons.toString());
        assertTrue(reasons.contains("libcublasLt.so.12 is not an ELF file"), reasons.toString());
        assertTrue(reasons.contains("libcublas.so.12 calls itself libother.so, not libcublas.so.12"), reasons.toString());
        assertTrue(reasons.stream().anyMatch(r -> r.startsWith("libcudnn.so.9 lacks libcudnn_graph.so.9, libcudnn_ops.so.9")),
                reasons.toString());
        String missing = c.missing().stream().filter(m -> m.library() == CudaLibrary.CUDNN).findFirst().orElseThrow().reason();
        assertTrue(missing.contains("libcudnn.so.8 is version 8"), missing);
    }

    @Test
    void everyFileIsLoadedAfterThoseThatItNeeds() throws IOException {
        machine.driver(DISTRIBUTION).cublas(TOOLKIT, 12).nvrtc(TOOLKIT, 12).cudnn("/usr/lib64", 12)
                .file("/usr/lib64/libcudnn_adv.so.9", ElfBuilder.library("libcudnn_adv.so.9", "libcudnn_ops.so.9",
                        "libcudnn_graph.so.9"));
        List<String> order = chosen().loadOrder().stream().map(p -> p.getFileName().toString()).toList();
        assertEquals(List.of("libcuda.so.1", "libcublasLt.so.12", "libcublas.so.12", "libnvrtc.so.12"), order.subList(0, 4));
        assertEquals("libcudnn.so.9", order.getLast());
        assertEquals(4 + 6 + 1, order.size());
        assertTrue(order.indexOf("libcudnn_graph.so.9") < order.indexOf("libcudnn_ops.so.9"), order.toString());
        assertTrue(order.indexOf("libcudnn_ops.so.9") < order.indexOf("libcudnn_adv.so.9"), order.toString());
    }

    @Test
    void cudnnBehindALinkHasItsPartsWhereItReallyLies() throws IOException {
        machine.driver(DISTRIBUTION).cublas(TOOLKIT, 12).cudnn("/opt/cudnn/lib", 12)
                .link("/usr/lib64/libcudnn.so.9", root + "/opt/cudnn/lib/libcudnn.so.9");
        CudaLibraries c = chosen();
        assertTrue(c.complete(), c.missing().toString());
        assertTrue(c.loadOrder().stream().anyMatch(p -> p.endsWith("opt/cudnn/lib/libcudnn_ops.so.9")), c.loadOrder().toString());
    }
}
