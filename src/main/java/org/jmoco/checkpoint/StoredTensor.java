package org.jmoco.checkpoint;

import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * One entry of a safetensors header.
 *
 * @param begin first byte, counted from the end of the header
 * @param end   byte behind the last
 */
record StoredTensor(String name, Type type, Shape shape, long begin, long end) {
    /** Element types that jmoco reads. Both 16-bit floats become F32 in memory, which holds each of their values exactly. */
    enum Type {
        F64(8, DType.F64),
        I64(8, DType.I64),
        F32(4, DType.F32),
        I32(4, DType.I32),
        BF16(2, DType.F32),
        F16(2, DType.F32),
        U8(1, DType.U8);

        final int bytes;
        final DType host;

        Type(int bytes, DType host) {
            this.bytes = bytes;
            this.host = host;
        }

        /** The type under which a host tensor is stored. */
        static Type of(DType dtype) {
            return valueOf(dtype.safetensorsName);
        }
    }
}
