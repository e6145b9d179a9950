package org.jmoco.ptx;

/** What kind of work an instruction is, for counts. */
public enum InstructionClass {
    INTEGER, FLOAT32, FLOAT64, HALF, SPECIAL_FUNCTION, CONVERT, COMPARE, MOVE, GLOBAL_LOAD, GLOBAL_STORE, SHARED_LOAD,
            SHARED_STORE,
    LOCAL, CONSTANT, PARAMETER, ATOMIC, ASYNC_COPY, TENSOR, MATRIX_LOAD, WARP, BARRIER, FENCE, CONTROL;

    static InstructionClass of(PtxInstruction i) {
        String m = "." + String.join(".", i.modifiers()) + ".";
        switch (i.name()) {
            case "ld", "ldu" -> {
                return m.contains(".param.") ? PARAMETER : m.contains(".const.") ? CONSTANT : m.contains(".local.") ? LOCAL
                        : m.contains(".shared.") ? SHARED_LOAD : GLOBAL_LOAD;
            }
            case "st" -> {
                return m.contains(".local.") ? LOCAL : m.contains(".shared.") ? SHARED_STORE : GLOBAL_STORE;
            }
            case "atom", "red" -> {
                return ATOMIC;
            }
            case "cp" -> {
                return ASYNC_COPY;
            }
            case "mma", "wmma" -> {
                return TENSOR;
            }
            case "ldmatrix" -> {
                return MATRIX_LOAD;
            }
            case "shfl", "vote", "match", "redux", "activemask" -> {
                return WARP;
            }
            case "bar", "barrier" -> {
                return i.modifiers().contains("warp") ? WARP : BARRIER;
            }
            case "membar", "fence" -> {
                return FENCE;
            }
            case "bra", "brx", "ret", "exit", "trap", "nanosleep", "prefetch", "prefetchu" -> {
                return CONTROL;
            }
            case "mov", "selp", "cvta" -> {
                return MOVE;
            }
            case "cvt" -> {
                return CONVERT;
            }
            case "setp", "set", "slct", "testp" -> {
                return COMPARE;
            }
            default -> {
                if (m.contains(".approx.") || i.name().equals("rcp") || i.name().equals("sqrt")
                        || i.name().equals("div") && m.contains("f32.")) {
                    return SPECIAL_FUNCTION;
                }
                return m.contains(".f32.") ? FLOAT32 : m.contains(".f64.") ? FLOAT64 : m.contains("f16") ? HALF : INTEGER;
            }
        }
    }
}
