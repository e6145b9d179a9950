package org.jmoco.tensor;

/** Element types. {@code F64} lives in the reference backend and on the host only. */
public enum DType {
    F64(8, "F64"),
    F32(4, "F32"),
    BF16(2, "BF16"),
    I64(8, "I64"),
    I32(4, "I32"),
    U8(1, "U8");

    /** Size of one element in bytes. */
    public final int bytes;

    /** The type's name in a safetensors header. */
    public final String safetensorsName;

    DType(int bytes, String safetensorsName) {
        this.bytes = bytes;
        this.safetensorsName = safetensorsName;
    }

    public boolean isReal() {
        return this == F64 || this == F32 || this == BF16;
    }

    /** {@code f32}, as it stands in logs, problem strings and options. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
