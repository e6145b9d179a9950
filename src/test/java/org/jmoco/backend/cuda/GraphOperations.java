package org.jmoco.backend.cuda;

import jcuda.jcudnn.cudnnBackendAttributeName;
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
