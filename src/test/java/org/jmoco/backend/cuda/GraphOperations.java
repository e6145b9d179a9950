package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendAttributeName;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnBackendDescriptorType;
import org.jmoco.backend.ConvGeometry;

/** What cuDNN says of convolutions for its graph interface, as far as it can without a device. */
public final class GraphOperations {
    private GraphOperations() {
    }

    /**
     * Makes every convolution, direction and precision, with sums and without.
     *
     * @return how many cuDNN took
     * @throws GpuException with cuDNN's words if it refuses one
     */
    public static int describeAll() {
        int taken = 0;
        for (ConvGeometry g : new ConvGeometry[] {new ConvGeometry(128, 32, 32, 64, 64, 3, 3, 1, 1),
                new ConvGeometry(128, 32, 32, 3, 64, 3, 3, 1, 1), new ConvGeometry(6, 16, 16, 128, 256, 3, 3, 2, 1),
                new ConvGeometry(6, 16, 16, 128, 256, 1, 1, 2, 0), new ConvGeometry(2, 224, 224, 3, 64, 7, 7, 2, 3)}) {
            for (Precision p : Precision.values()) {
                for (Dnn.Direction d : Dnn.Direction.values()) {
                    new GraphOperation(d, g, p, false).close();
                    new GraphOperation(d, g, p, true).close();
                    taken += 2;
                }
            }
        }
        return taken;
    }

    /**
     * An H200 for cuDNN's heuristics: from 9.8 on a description of a device will do in place of one
     * (docs.nvidia.com, cuDNN, Deviceless Ahead-of-time Compilation). Figures are cudaDeviceProp's.
     */
    private static final String H200 = """
            {"deviceVer":900,"multiProcessorCount":132,"warpSize":32,"maxSharedMemoryPerBlock":49152,
            "maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,
            "maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"regsPerBlock":65536,
            "totalGlobalMem":150108372992,"smClockRateKHz":1980000,"l2CacheSize":62914560,"maxBlockSize":[1024,1024,64],
            "memClockRateKHz":3201000,"maxGridSize":[2147483647,65535,65535],"supportCoopLaunch":1,"pciDeviceId":0,
            "isTccDriver":0,"cudaDeviceId":0,"driverVer":13000,"deviceName":"NVIDIA H200"}""";

    /** Of cudnn_graph.h since 9.8; JCudnn's constants are older. */
    private static final int DEVICEPROP_DESCRIPTOR = 38;

    private static final int DEVICEPROP_JSON_REPRESENTATION = 2702;
    private static final int ENGINEHEUR_DEVICEPROP = 204;
    private static final int EXECUTION_PLAN_DEVICEPROP = 407;
    private static final int TYPE_CHAR = 2;

    /**
     * What may be taken on an H200 for convolutions of the kinds in a ResNet-18, direction and precision, with sums and without.
     *
     * @return a line each: the problem, then names, workspaces and whether they are deterministic
     */
    public static List<String> enginesOnH200() {
        List<String> lines = new ArrayList<>();
        try (GraphDescriptor device = new GraphDescriptor("a device", DEVICEPROP_DESCRIPTOR); Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(H200, StandardCharsets.US_ASCII);
            CudaStatus.cudnn(JCudnn.cudnnBackendSetAttribute(device, DEVICEPROP_JSON_REPRESENTATION, TYPE_CHAR, H200.length(),
                    DeviceAddress.host(text)), "the description of a device");
            device.finish();
            int n = 128;
            for (ConvGeometry g : new ConvGeometry[] {new ConvGeometry(n, 32, 32, 3, 64, 3, 3, 1, 1),
                    new ConvGeometry(n, 32, 32, 64, 64, 3, 3, 1, 1), new ConvGeometry(n, 32, 32, 64, 128, 3, 3, 2, 1),
                    new ConvGeometry(n, 32, 32, 64, 128, 1, 1, 2, 0), new ConvGeometry(n, 16, 16, 128, 128, 3, 3, 1, 1),
                    new ConvGeometry(n, 8, 8, 256, 256, 3, 3, 1, 1), new ConvGeometry(n, 8, 8, 256, 512, 1, 1, 2, 0),
                    new ConvGeometry(n, 4, 4, 512, 512, 3, 3, 1, 1), new ConvGeometry(n, 224, 224, 3, 64, 7, 7, 2, 3),
                    new ConvGeometry(2, 7, 13, 13, 31, 3, 3, 2, 1)}) {
                for (Precision p : Precision.values()) {
                    for (Dnn.Direction d : Dnn.Direction.values()) {
                        lines.add(engines(device, d, g, p, false));
                        lines.add(engines(device, d, g, p, true));
                    }
                }
            }
        }
        return lines;
    }

    private static String engines(GraphDescriptor device, Dnn.Direction d, ConvGeometry g, Precision p, boolean accumulate) {
        try (GraphOperation operation = new GraphOperation(d, g, p, accumulate)) {
            GraphDescriptor graph = operation
                    .make("the graph", cudnnBackendDescriptorType.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
                    .setDescriptor(cudnnBackendAttributeName.CUDNN_ATTR_OPERATIONGRAPH_OPS, operation.descriptor())
                    .finish();
            GraphDescriptor heuristics = operation.make("the heuristics",
                    cudnnBackendDescriptorType.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
                    .setDescriptor(cudnnBackendAttributeName.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
                    .setEnum(cudnnBackendAttributeName.CUDNN_ATTR_ENGINEHEUR_MODE, cudnnBackendAttributeType.CUDNN_TYPE_HEUR_MODE,
                            JCudaGraphConvolution.HEURISTICS_A)
                    .setDescriptor(ENGINEHEUR_DEVICEPROP, device)
                    .finish();
            List<GraphEngines.Engine> engines = GraphEngines.of(operation, heuristics, p, configuration -> operation
                    .make("a plan", cudnnBackendDescriptorType.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
                    .setDescriptor(cudnnBackendAttributeName.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration)
                    .setDescriptor(EXECUTION_PLAN_DEVICEPROP, device)
                    .finish());
            StringBuilder line = new StringBuilder(d + " " + g + " " + p + (accumulate ? " adding" : "") + ":");
            engines.forEach(e -> line.append(' ').append(e.name()).append(' ').append(e.workspaceBytes()).append(" B")
                    .append(e.deterministic() ? " deterministic" : "").append(';'));
            return line.toString();
        }
    }

    /** A pack of operands at addresses that nobody reads. */
    public static void describePack() {
        try (GraphDescriptor pack = new GraphDescriptor("a pack",
                cudnnBackendDescriptorType.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)) {
            pack.setIntegers(cudnnBackendAttributeName.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, GraphOperation.X, GraphOperation.W,
                    GraphOperation.Y)
                    .setPointers(cudnnBackendAttributeName.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, 4096, 8192, 12288)
                    .setPointers(cudnnBackendAttributeName.CUDNN_ATTR_VARIANT_PACK_WORKSPACE, 0)
                    .finish();
        }
    }
}
