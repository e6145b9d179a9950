package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnTensorDescriptor;
import org.jmoco.backend.cuda.FakeCuda;
import org.jmoco.backend.cuda.GraphOperations;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.io.TempDir;

/**
 * JCuda's native halves on NVIDIA's own cuBLAS and cuDNN, where this machine has them ({@code jmoco cuda install} gets those of
 * CUDA 12; wheels of CUDA 13 do as well). Only the driver is a stand-in. What needs no device is asked of them.
 */
class RealLibrariesTest {
    private static final String ENGINES = "on an H200, ";
    private static final String NO_DESCRIPTION = "this cuDNN takes no description of a device";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void theyLoadAndAnswerUpToTheMissingDevice(int cuda) throws Exception {
        LibraryFinder found = LibraryFinder.search(Host.here(), null, CacheFolder.of(Host.here()));
        CudaLibraries libraries = CudaLibraries.choose(found, cuda);
        boolean there = libraries.cudaVersion() == cuda && !libraries.mixed()
                && List.of(CudaLibrary.CUBLAS, CudaLibrary.CUBLAS_LT, CudaLibrary.CUDNN).stream()
                .allMatch(libraries.taken()::containsKey);
        assumeTrue(there, "no cuBLAS and cuDNN of CUDA " + cuda + " on this machine (jmoco cuda install gets those of 12)");
        Path driver = FakeCuda.buildDriver(folder.resolve("driver"));
        String folders = libraries.taken().values().stream().map(f -> f.file().getParent().toString()).distinct()
                .collect(Collectors.joining(":"));
        FakeCuda.Outcome o = FakeCuda.run(driver, folder, Map.of("FAKE_CUDA_VERSION", cuda + "000", "LD_LIBRARY_PATH", folders),
                Loading.class.getName());
        assertEquals(0, o.code(), o.text());
        String text = o.text();
        assertTrue(text.contains("cuBLAS " + cuda + "."), text);
        assertTrue(text.contains("cuDNN 9."), text);
        // the stand-in has no device that cuDNN could use
        assertTrue(text.contains("cudnnCreate: CUDNN_STATUS_NOT_INITIALIZED"), text);
        assertTrue(text.contains("cublasCreate fails"), text);
        assertTrue(text.contains("output 2 13 4 4"), text);
        assertTrue(text.contains("graph operations 120"), text);
        if (text.contains(NO_DESCRIPTION)) {
            return;
        }
        List<String> engines = text.lines().filter(l -> l.startsWith(ENGINES)).toList();
        assertEquals(10 * 4 * 3 * 2, engines.size(), text);
        assertEquals(List.of(), engines.stream().filter(l -> !l.contains("deterministic")).toList(),
                "each convolution has an engine that may be taken in its precision");
    }

    /** What the process prints. */
    static final class Loading {
        public static void main(String[] args) {
            JCudaNatives natives = JCudaNatives.load();
            if (natives.failure() != null) {
                throw new AssertionError(natives.failure());
            }
            for (CudaLibrary l : CudaLibrary.values()) {
                System.out.println(l.title() + " " + natives.version(l).orElse("-") + " " + natives.libraries().taken().get(l));
            }
            System.out.println("cudnnCreate: " + JCudnn.cudnnGetErrorString(JCudnn.cudnnCreate(new cudnnHandle())));
            System.out.println(JCublas2.cublasCreate(new cublasHandle()) == 0 ? "cublasCreate works" : "cublasCreate fails");
            // bf16, NHWC: 2 x 7 x 7 x 3 with 13 filters of 3 x 3, stride 2, padding 1.
            cudnnTensorDescriptor x = new cudnnTensorDescriptor();
            cudnnFilterDescriptor w = new cudnnFilterDescriptor();
            cudnnConvolutionDescriptor c = new cudnnConvolutionDescriptor();
            check(JCudnn.cudnnCreateTensorDescriptor(x));
            check(JCudnn.cudnnSetTensor4dDescriptor(x, 1, 9, 2, 3, 7, 7));
            check(JCudnn.cudnnCreateFilterDescriptor(w));
            check(JCudnn.cudnnSetFilter4dDescriptor(w, 9, 1, 13, 3, 3, 3));
            check(JCudnn.cudnnCreateConvolutionDescriptor(c));
            check(JCudnn.cudnnSetConvolution2dDescriptor(c, 1, 1, 2, 2, 1, 1, 1, 0));
            check(JCudnn.cudnnSetConvolutionMathType(c, 1));
            int[][] out = new int[4][1];
            check(JCudnn.cudnnGetConvolution2dForwardOutputDim(c, x, w, out[0], out[1], out[2], out[3]));
            System.out.println("graph operations " + GraphOperations.describeAll());
            GraphOperations.describePack();
            if (JCudnn.cudnnGetVersion() < 90800) {
                System.out.println(NO_DESCRIPTION);
            } else {
                GraphOperations.enginesOnH200().forEach(l -> System.out.println(ENGINES + l));
            }
            System.out.println("output " + out[0][0] + " " + out[1][0] + " " + out[2][0] + " " + out[3][0]);
        }

        private static void check(int status) {
            if (status != 0) {
                throw new AssertionError(JCudnn.cudnnGetErrorString(status));
            }
        }
    }
}
