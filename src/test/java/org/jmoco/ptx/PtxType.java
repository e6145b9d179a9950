package org.jmoco.ptx;

import java.util.Map;

/** Fundamental types (PTX ISA 5.2.1, 5.2.3) and the packed ones that arithmetic takes. */
enum PtxType {
    PRED(0, Kind.PREDICATE),
    B8(1, Kind.BITS), U8(1, Kind.UNSIGNED), S8(1, Kind.SIGNED),
    B16(2, Kind.BITS), U16(2, Kind.UNSIGNED), S16(2, Kind.SIGNED), F16(2, Kind.FLOAT), BF16(2, Kind.FLOAT),
    B32(4, Kind.BITS), U32(4, Kind.UNSIGNED), S32(4, Kind.SIGNED), F32(4, Kind.FLOAT), F16X2(4, Kind.FLOAT),
    BF16X2(4, Kind.FLOAT),
    TF32(4, Kind.FLOAT),
    B64(8, Kind.BITS), U64(8, Kind.UNSIGNED), S64(8, Kind.SIGNED), F64(8, Kind.FLOAT);

    enum Kind {
        PREDICATE, BITS, UNSIGNED, SIGNED, FLOAT
    }

    private static final Map<String, PtxType> BY_NAME = java.util.Arrays.stream(values())
            .collect(java.util.stream.Collectors.toMap(PtxType::toString, t -> t));

    final int bytes;
    final Kind kind;

    PtxType(int bytes, Kind kind) {
        this.bytes = bytes;
        this.kind = kind;
    }

    /** The type of this name without dot, or null. */
    static PtxType named(String name) {
        return BY_NAME.get(name);
    }

    boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    boolean isSigned() {
        return kind == Kind.SIGNED;
    }

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
