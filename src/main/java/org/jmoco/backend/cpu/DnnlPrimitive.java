package org.jmoco.backend.cpu;

/**
 * A oneDNN primitive and its descriptor. It may be run by several threads at once, each through its own
 * {@link DnnlCall}.
 */
final class DnnlPrimitive implements AutoCloseable {
    private final long descriptor;
    private final long handle;

    /** Takes over {@code primitiveDescriptor}, one of those that {@link Dnnl} makes. */
    DnnlPrimitive(long primitiveDescriptor) {
        descriptor = primitiveDescriptor;
        handle = Dnnl.primitive(primitiveDescriptor);
    }

    long handle() {
        return handle;
    }

    long descriptor() {
        return descriptor;
    }

    /** Memory descriptor of an operand, one of {@code Dnnl.QUERY_*}. */
    long layout(int query) {
        return Dnnl.query(descriptor, query);
    }

    /** Bytes of scratch memory that each concurrent run needs. */
    long scratchBytes() {
        return Dnnl.size(layout(Dnnl.QUERY_SCRATCHPAD_MD));
    }

    String implementation() {
        return Dnnl.implementation(descriptor);
    }

    @Override
    public void close() {
        Dnnl.destroyPrimitive(handle);
        Dnnl.destroyPrimitiveDescriptor(descriptor);
    }
}
