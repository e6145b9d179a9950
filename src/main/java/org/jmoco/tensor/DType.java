package org.jmoco.tensor;

/** Element types. {@code F64} lives in the reference backend and on the host only. */
public enum DType {
    F64(8, "F64"),
    F32(4, "F32"),
    BF16(2, "BF16"),
    F16(2, "F16"),
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
        return this == F64 || this == F32 || this == BF16 || this == F16;
    }

    /** The type that host tensors hold its numbers in: f32 for reals of two bytes, else this one. */
    public DType hostForm() {
        return this == BF16 || this == F16 ? F32 : this;
    }

    /** The number of this real type nearest to {@code value}; one of two bytes by way of f32, in which devices compute. */
    public double round(double value) {
        return switch (this) {
            case F64 -> value;
            case F32 -> (float) value;
            case BF16 -> Bf16.round((float) value);
            case F16 -> Half.round((float) value);
            default -> throw new IllegalArgumentException(this + " is no real type");
        };
    }

    /** Half a unit in the last place of 1: the largest relative error of {@link #round} where the result is a normal number. */
    public double roundoff() {
        return switch (this) {
            case F64 -> 0x1p-53;
            case F32 -> 0x1p-24;
            case BF16 -> Bf16.ROUNDOFF;
            case F16 -> Half.ROUNDOFF;
            default -> throw new IllegalArgumentException(this + " is no real type");
        };
    }

    /** {@code f32}, as it stands in logs, problem strings and options. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
