package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnBackendDescriptor;

/**
 * A descriptor of cuDNN's graph interface: a bag of attributes that is finished once and then used. Each return code is
 * looked at; an error names the descriptor and the attribute, by its number in cudnn_graph.h. JCudnn hands addresses on and
 * looks at nothing, so values go by native memory.
 */
final class GraphDescriptor extends cudnnBackendDescriptor implements AutoCloseable {
    private final String name;

    /** @param type one of {@link jcuda.jcudnn.cudnnBackendDescriptorType} */
    GraphDescriptor(String name, int type) {
        this.name = name;
        check(JCudnn.cudnnBackendCreateDescriptor(type, this), "cudnnBackendCreateDescriptor");
    }

    GraphDescriptor setIntegers(int attribute, long... values) {
        return setLongs(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, values);
    }

    GraphDescriptor setFloat(int attribute, float value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_FLOAT, 1,
                    DeviceAddress.host(arena.allocateFrom(ValueLayout.JAVA_FLOAT, value)));
        }
    }

    /** @param type of the enumeration that the value is of, one of {@link cudnnBackendAttributeType} */
    GraphDescriptor setEnum(int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, 1, DeviceAddress.host(arena.allocateFrom(ValueLayout.JAVA_INT, value)));
        }
    }

    GraphDescriptor setDescriptor(int attribute, GraphDescriptor finished) {
        return setLongs(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR, finished.getNativePointer());
    }

    GraphDescriptor setHandle(int attribute, JCudaDnn.Handle handle) {
        return setLongs(attribute, cudnnBackendAttributeType.CUDNN_TYPE_HANDLE, handle.address());
    }

    /** @param addresses of device memory */
    GraphDescriptor setPointers(int attribute, long... addresses) {
        return setLongs(attribute, cudnnBackendAttributeType.CUDNN_TYPE_VOID_PTR, addresses);
    }

    private GraphDescriptor setLongs(int attribute, int type, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, values.length, DeviceAddress.host(arena.allocateFrom(ValueLayout.JAVA_LONG, values)));
        }
    }

    private GraphDescriptor set(int attribute, int type, int count, Pointer values) {
        check(JCudnn.cudnnBackendSetAttribute(this, attribute, type, count, values), "cudnnBackendSetAttribute " + attribute);
        return this;
    }

    /** From here on it can be used, and not be changed. */
    GraphDescriptor finish() {
        check(JCudnn.cudnnBackendFinalize(this), "cudnnBackendFinalize");
        return this;
    }

    long integer(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            get(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, 1, DeviceAddress.host(value));
            return value.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** @param type of the enumeration that the values are of */
    int[] enums(int attribute, int type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, most);
            int count = get(attribute, type, most, DeviceAddress.host(values));
            return Arrays.copyOf(values.toArray(ValueLayout.JAVA_INT), count);
        }
    }

    /**
     * Writes the attribute's descriptors over new ones, which stay the caller's to close.
     *
     * @return how many of them were written
     */
    int descriptors(int attribute, GraphDescriptor... into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment addresses = arena.allocateFrom(ValueLayout.JAVA_LONG,
                    Arrays.stream(into).mapToLong(GraphDescriptor::getNativePointer).toArray());
            return get(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR, into.length,
                    DeviceAddress.host(addresses));
        }
    }

    private int get(int attribute, int type, int most, Pointer values) {
        long[] count = new long[1];
        check(JCudnn.cudnnBackendGetAttribute(this, attribute, type, most, count, values),
                "cudnnBackendGetAttribute " + attribute);
        return (int) Math.min(count[0], most);
    }

    private void check(int status, String call) {
        CudaStatus.cudnn(status, call + " of " + name);
    }

    @Override
    public void close() {
        JCudnn.cudnnBackendDestroyDescriptor(this);
    }
}
