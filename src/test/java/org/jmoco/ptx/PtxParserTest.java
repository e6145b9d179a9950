package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What a PTX text says, and what is refused when it is loaded: with file, line and text. */
class PtxParserTest {
    private static final String HEAD = ".version 8.0\n.target sm_80\n.address_size 64\n";

    @Test
    void readsAModule() {
        PtxModule m = PtxParser.parse("m.ptx", """
                // a comment
                .version 8.0
                .target sm_70
                .address_size 64
                .extern .shared .align 16 .b8 pool[];
                .const .align 8 .b64 table[2][2] = {{1, -1}, {0x10, 0}};
                .visible .entry first(
                    .param .u64 .ptr .global .align 16 first_param_0,
                    .param .align 8 .b8 first_param_1[24],
                    .param .f32 first_param_2
                )
                .maxntid 256, 2, 1
                .minnctapersm 2
                {
                    .reg .pred %p<3>; .reg .b64 %rd<2>; .reg .f32 %f<4>;
                    /* two on
                       two lines */ mov.f32 %f1, 0f3F800000; $L__BB0_1: @!%p1 bra $L__BB0_1;
                    { .reg .f32 %f1; mov.f32 %f1, 0fBF800000; inner: }
                    { .reg .b32 t; inner: bra inner; }
                    .pragma "nounroll";
                    .loc 1 2 3
                    ret;
                }
                .entry second { ret; }
                """);
        assertEquals(70, m.target());
        assertEquals(java.util.Set.of("first", "second"), m.entries().keySet());
        PtxModule.Entry e = m.entries().get("first");
        assertEquals(3, e.parameters().size());
        assertArrayEquals(new int[] {0, 8, 32, 36}, Code.parameterOffsets(e));
        assertArrayEquals(new int[] {256, 2, 1}, e.maxThreads());
        assertEquals(5, e.instructions().size());
        assertEquals(17, e.instructions().get(0).line());
        assertEquals("@!%p1 bra $L__BB0_1;", e.instructions().get(1).text());
        assertTrue(e.instructions().get(1).guard().negated());
        assertEquals(1, e.labels().get("$L__BB0_1"));
        // The inner %f1 is another register than the outer one, and the two labels are two.
        assertTrue(!e.instructions().get(0).operands().getFirst().equals(e.instructions().get(2).operands().getFirst()));
        assertEquals(3, e.labels().size());
        byte[] table = m.variables().get(1).initial();
        assertEquals(-1L, MemoryOp.get(table, 8, 8));
        assertEquals(16L, MemoryOp.get(table, 16, 8));
    }

    private static void refused(String part, String body) {
        refusedText(part, HEAD
                + ".visible .entry k(.param .u64 p) {\n.reg .pred %p<4>; .reg .b16 %h<4>; "
                + ".reg .b32 %r<4>; .reg .f32 %f<4>; .reg .b64 %rd<4>;\n" + body
                + "\nret;\n}\n");
    }

    private static void refusedText(String part, String text) {
        String message = assertThrows(PtxFault.class, () -> new EmulatedGpu(80).load("bad.ptx", text)).getMessage();
        assertTrue(message.contains(part) && message.contains("bad.ptx"), () -> "expected '" + part + "' in: " + message);
    }

    @Test
    void unknownInstructionsAreRefused() {
        refused("bad.ptx:6: kernel k: unknown instruction tex.2d.v4.f32.f32: tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f1}, %rd1;",
                "tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f1}, %rd1;");
        refused("unknown instruction add.rx.f32", "add.rx.f32 %f1, %f2, %f3;");
        refused("unknown instruction add.cc.u32", "add.cc.u32 %r1, %r2, %r3;");
        refused("unknown instruction ld.global.v3.f32", "ld.global.v3.f32 {%f1, %f2, %f3}, [%rd1];");
        refused("unknown instruction shfl.up.b32", "shfl.up.b32 %r1, %r2, 1, 0;");
        refused("unknown instruction mma.sync.aligned.m16n8k32",
                "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r1}, {%r1}, {%r1}, {%r1};");
        refused("unknown instruction setp.foo.f32", "setp.foo.f32 %p1, %f1, %f2;");
        refused("unknown instruction call", "call foo;");
    }

    @Test
    void operandsMustFit() {
        refused("unknown register '%r9'", "mov.u32 %r1, %r9;");
        refused("unknown register '%tid.w'", "mov.u32 %r1, %tid.w;");
        refused("unknown name somewhere", "mov.u64 %rd1, somewhere;");
        refused("unknown label", "bra NOWHERE;");
        refused("register %rd1 is .b64, the instruction works on .u32", "add.u32 %r1, %rd1, %r2;");
        refused("register %h1 is .b16, the instruction works on .u32", "add.u32 %r1, %h1, %r2;");
        refused("register %f1 is .f32, the instruction works on .s32", "add.s32 %r1, %f1, %r2;");
        refused("is narrower than .u64", "ld.global.u64 %r1, [%rd1];");
        refused("has 32 bits, an address of this space 64", "ld.global.u32 %r1, [%r2];");
        refused("is not a predicate", "selp.b32 %r1, %r2, %r3, %r1;");
        refused("is not a declared predicate", "@%r1 ret;");
        refused("has 4 operands, found 3", "fma.rn.f32 %f1, %f2, %f3;");
        refused("the vector type says 4", "ld.global.v4.f32 {%f1, %f2}, [%rd1];");
        refused("a parameter is only read by its name", "ld.param.u64 %rd1, [q];");
    }

    @Test
    void wrongTextsAreRefused() {
        refusedText("has no .version or no .target", ".address_size 64\n");
        refusedText("unknown target", ".version 8.0\n.target sm_xy\n");
        refusedText("unknown directive '.texref'", HEAD + ".texref t;\n");
        refusedText("the text ends too early", HEAD + ".entry k { ret;");
        refusedText("expected ',' or ';'", HEAD + ".entry k { .reg .b32 %r<2>; mov.u32 %r1 5; }");
        refusedText("stands there twice", HEAD + ".entry k { A: ret; A: ret; }");
        refusedText("unknown character '#'", HEAD + "#");
        refusedText("debug information", HEAD + ".section .debug_str { }");
    }

    @Test
    void literals() {
        assertEquals(0x3f800000L, Literals.bits(Literals.number("0f3F800000"), PtxType.F32));
        assertEquals(Double.doubleToRawLongBits(1), Literals.bits(Literals.number("0d3FF0000000000000"), PtxType.F64));
        assertEquals(Float.floatToRawIntBits(-1.5f) & 0xffffffffL, Literals.bits(Literals.number("-1.5"), PtxType.F32));
        assertEquals(0xffffffffL, Literals.bits(Literals.number("-1"), PtxType.S32));
        assertEquals(255, Literals.bits(Literals.number("0xffU"), PtxType.U32));
        assertEquals(8, Literals.bits(Literals.number("010"), PtxType.U32));
        assertEquals(5, Literals.bits(Literals.number("0b101"), PtxType.U32));
        assertEquals(null, Literals.number("x1"));
        assertEquals(null, Literals.number("0z1"));
    }
}
