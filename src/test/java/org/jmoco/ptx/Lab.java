package org.jmoco.ptx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jmoco.backend.cuda.Launch.Dim;

/** Runs single instructions and small kernels for the tests of the machine. */
final class Lab {
    private static final String HEAD = """
            .version 8.0
            .target sm_80
            .address_size 64
            """;
    private static final int BLOCK = 64;

    final EmulatedGpu gpu = new EmulatedGpu(80, 64 << 20);

    /** Bytes of a register's or variable's type: {@code u16} and so on, {@code pred} as a 32-bit 0 or 1. */
    private static int bytes(String type) {
        return type.equals("pred") ? 4 : PtxType.named(type).bytes;
    }

    /**
     * Computes an instruction for many threads, one per column of inputs.
     *
     * @param code uses {@code $d} and {@code $a}, {@code $b}, {@code $c}, {@code $e}, and the scratch registers %t0 to %t3 of 32
     * bits,
     *     %q0 to %q3 predicates
     * @param result type of $d
     * @param types of $a and so on
     * @param inputs bits, one array for each of the types
     * @return bits of $d
     */
    static long[] compute(String code, String result, List<String> types, long[]... inputs) {
        int n = inputs.length == 0 ? BLOCK : inputs[0].length;
        String[] names = {"$a", "$b", "$c", "$e"};
        StringBuilder text = new StringBuilder(HEAD + ".visible .entry k(.param .u64 n, .param .u64 out");
        for (int i = 0; i < types.size(); i++) {
            text.append(", .param .u64 in").append(i);
        }
        text.append(") {\n.reg .b32 %t<4>; .reg .pred %q<4>; .reg .b32 %i<8>; .reg .b64 %l<8>; .reg .pred %done;\n");
        text.append(".reg .").append(result).append(" %d;\n");
        for (int i = 0; i < types.size(); i++) {
            text.append(".reg .").append(types.get(i)).append(" %s").append(i).append(";\n");
        }
        text.append("""
                mov.u32 %i0, %ctaid.x;
                mov.u32 %i1, %tid.x;
                mad.lo.s32 %i2, %i0, 64, %i1;
                ld.param.u32 %i3, [n];
                setp.ge.u32 %done, %i2, %i3;
                @%done ret;
                cvt.u64.u32 %l0, %i2;
                """);
        for (int i = 0; i < types.size(); i++) {
            String t = types.get(i);
            text.append("ld.param.u64 %l1, [in").append(i).append("];\nmad.lo.u64 %l1, %l0, ")
                    .append(bytes(t)).append(", %l1;\n");
            if (t.equals("pred")) {
                text.append("ld.global.u32 %i4, [%l1];\nsetp.ne.u32 %s").append(i).append(", %i4, 0;\n");
            } else {
                text.append("ld.global.b").append(8 * bytes(t)).append(" %s").append(i).append(", [%l1];\n");
            }
        }
        String body = code.replace("$d", "%d");
        for (int i = 0; i < types.size(); i++) {
            body = body.replace(names[i], "%s" + i);
        }
        text.append(body).append("\nld.param.u64 %l1, [out];\nmad.lo.u64 %l1, %l0, ").append(bytes(result)).append(", %l1;\n");
        if (result.equals("pred")) {
            text.append("selp.u32 %i4, 1, 0, %d;\nst.global.u32 [%l1], %i4;\n");
        } else {
            text.append("st.global.b").append(8 * bytes(result)).append(" [%l1], %d;\n");
        }
        text.append("ret;\n}\n");
        Lab lab = new Lab();
        Object[] arguments = new Object[types.size() + 2];
        arguments[0] = (long) n;
        arguments[1] = lab.gpu.allocate((long) n * bytes(result), "result");
        for (int i = 0; i < types.size(); i++) {
            arguments[i + 2] = lab.upload(bytes(types.get(i)), inputs[i]);
        }
        lab.gpu.launch(lab.gpu.load("instruction.ptx", text.toString()).function("k"), Dim.of((n + BLOCK - 1) / BLOCK),
                Dim.of(BLOCK), 0, arguments);
        return lab.download((long) arguments[1], bytes(result), n);
    }

    long upload(int size, long... values) {
        long at = gpu.allocate((long) size * values.length, "input");
        byte[] bytes = new byte[size * values.length];
        for (int i = 0; i < values.length; i++) {
            MemoryOp.put(bytes, i * size, size, values[i]);
        }
        gpu.upload(at, MemorySegment.ofArray(bytes));
        return at;
    }

    long[] download(long at, int size, int n) {
        byte[] bytes = new byte[size * n];
        gpu.download(MemorySegment.ofArray(bytes), at);
        long[] values = new long[n];
        for (int i = 0; i < n; i++) {
            values[i] = MemoryOp.get(bytes, i * size, size);
        }
        return values;
    }

    long floats(float... values) {
        long at = gpu.allocate(4L * values.length, "floats");
        gpu.upload(at, MemorySegment.ofArray(values));
        return at;
    }

    float[] floats(long at, int n) {
        float[] values = new float[n];
        gpu.download(MemorySegment.ofArray(values), at);
        return values;
    }

    int[] ints(long at, int n) {
        MemorySegment bytes = MemorySegment.ofArray(new int[n]);
        gpu.download(bytes, at);
        return bytes.toArray(ValueLayout.JAVA_INT);
    }

    /**
     * A kernel with 64-bit parameters p0, p1, ... (%rd0 and so on hold them), registers of all kinds, %r0 = thread, and this
     * body.
     */
    static String kernel(int parameters, String body) {
        StringBuilder text = new StringBuilder(HEAD + ".visible .entry k(");
        for (int i = 0; i < parameters; i++) {
            text.append(i == 0 ? "" : ", ").append(".param .u64 p").append(i);
        }
        text.append(") {\n.reg .pred %p<16>; .reg .b16 %h<16>; .reg .b32 %r<64>; ")
                .append(".reg .f32 %f<32>; .reg .b64 %rd<32>; .reg .f64 %g<16>;\n");
        for (int i = 0; i < parameters; i++) {
            text.append("ld.param.u64 %rd").append(i).append(", [p").append(i).append("];\n");
        }
        return text + "mov.u32 %r0, %tid.x;\n" + body + "\nret;\n}\n";
    }

    /** Loads a text of {@link #kernel} and launches it. */
    void run(String ptx, int blocks, int threads, int sharedBytes, Object... arguments) {
        gpu.launch(gpu.load("lab.ptx", ptx).function("k"), Dim.of(blocks), Dim.of(threads), sharedBytes, arguments);
    }
}
