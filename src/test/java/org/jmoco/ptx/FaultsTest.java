package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Planted faults: each kind is found and named, and its sound twin runs. */
class FaultsTest {
    private final Lab lab = new Lab();
    private final long in = lab.floats(1, 2, 3, 4, 5, 6, 7, 8);
    private final long out = lab.gpu.allocate(4096, "out");
    /** Address of the thread's own word of out in %rd10. */
    private static final String OWN = "mul.wide.u32 %rd10, %r0, 4; add.u64 %rd10, %rd10, %rd1;\n";

    private void fault(String part, int blocks, int threads, String body) {
        String text = Lab.kernel(2, OWN + body);
        String message = assertThrows(PtxFault.class, () -> lab.run(text, blocks, threads, 0, in, out), body).getMessage();
        assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
        assertTrue(message.startsWith("kernel k, lab.ptx:"), message);
    }

    private void sound(int blocks, int threads, String body) {
        assertDoesNotThrow(() -> lab.run(Lab.kernel(2, OWN + body), blocks, threads, 0, in, out), body);
    }

    // ---- addresses ---------------------------------------------------------------------------------------------

    @Test
    void outOfBounds() {
        sound(1, 1, "ld.global.f32 %f1, [%rd0+28];");
        fault("directly behind the end of 'floats' (32 bytes", 1, 1, "ld.global.f32 %f1, [%rd0+32];");
        fault("4 bytes before 'floats'", 1, 1, "ld.global.f32 %f1, [%rd0+-4];");
        fault("thread (2,0,0)", 1, 3,
                "mul.wide.u32 %rd2, %r0, 16; add.u64 %rd2, %rd2, %rd0; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd2];");
        fault("out of bounds", 1, 1, "mov.u64 %rd2, 0; st.global.f32 [%rd2], 0f00000000;");
        fault("out of bounds", 1, 1, "cvt.u32.u64 %r1, %rd0; cvt.u64.u32 %rd2, %r1; ld.global.f32 %f1, [%rd2];");
    }

    @Test
    void outOfBoundsInSharedAndLocalMemory() {
        String two = ".shared .align 4 .b8 a[16]; .shared .align 4 .b8 b[16]; .local .align 4 .b8 l[8]; "
                + "mov.u32 %r1, a; mov.u64 %rd3, l;";
        sound(1, 1, two + "st.shared.u32 [%r1+12], %r1;");
        fault("byte 16 of shared 'a' (16 bytes)", 1, 1, two + "st.shared.u32 [%r1+16], %r1;");
        fault("out of bounds", 1, 1, two + "st.shared.u32 [b+16], %r1;");
        fault("out of bounds", 1, 1, two + "st.shared.u32 [%r1+-4], %r1;");
        fault("local memory", 1, 1, two + "st.local.u32 [%rd3+16], %r1;");
    }

    @Test
    void misaligned() {
        sound(1, 1, "ld.global.u16 %r1, [%rd0+2]; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0+16];");
        fault("misaligned access: 4 bytes", 1, 1, "ld.global.f32 %f1, [%rd0+2];");
        fault("misaligned access: 16 bytes", 1, 1, "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0+8];");
        fault("misaligned access: 8 bytes", 1, 1, ".shared .align 4 .b8 s[16]; mov.u64 %rd2, 1; st.shared.u64 [s+4], %rd2;");
        fault("misaligned access: 16 bytes", 1, 1,
                ".shared .align 16 .b8 s[32]; mov.u32 %r1, s; cp.async.cg.shared.global [%r1], [%rd0+8], 16;");
        // Whoever lays shared memory out owes a variable no more than its .align.
        String wide = "st.shared.v2.u32 [s+8], {%r0, %r0};";
        sound(1, 1, ".shared .align 8 .b8 s[32];" + wide);
        fault("misaligned access: 8 bytes at byte 8 of shared 's' (32 bytes), which is declared .align 4 only", 1, 1,
                ".shared .align 4 .b8 s[32];" + wide);
        fault("which is declared .align 4 only", 1, 1, ".shared .u32 s[8];" + wide);
    }

    @Test
    void freedMemoryAndConstants() {
        long gone = lab.floats(1f, 2f);
        lab.gpu.free(gone);
        String body = Lab.kernel(1, "ld.global.f32 %f1, [%rd0];");
        String message = assertThrows(PtxFault.class, () -> lab.run(body, 1, 1, 0, gone)).getMessage();
        assertTrue(message.contains("use after free") && message.contains("freed)"), message);
        String text = Lab.kernel(0, "mov.u64 %rd1, table; st.global.u32 [%rd1], 3;").replace(".visible",
                ".const .align 4 .b32 table = 5;\n.visible");
        assertTrue(assertThrows(PtxFault.class, () -> lab.run(text, 1, 1, 0)).getMessage().contains("writes constant memory"));
        assertDoesNotThrow(() -> lab.run(text.replace("mov.u64 %rd1, table; st.global.u32 [%rd1], 3;",
                "ld.const.u32 %r1, [table];"), 1, 1, 0));
    }

    // ---- what nothing wrote ------------------------------------------------------------------------------------

    @Test
    void unwrittenMemory() {
        lab.gpu.memory().poison(in + 8, 8);
        sound(1, 1, "ld.global.f32 %f1, [%rd0+4];");
        fault("nothing wrote: byte 8 of 'floats'", 1, 1, "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0];");
        sound(1, 1, "mov.u64 %rd5, 0; st.global.u64 [%rd0+8], %rd5; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0];");
        String s = ".shared .align 8 .b8 s[128]; mov.u32 %r1, s; mad.lo.u32 %r1, %r0, 4, %r1;";
        fault("which no thread of this block wrote", 1, 1, s + "ld.shared.u32 %r2, [%r1];");
        fault("which no thread of this block wrote", 1, 1, s + "st.shared.u16 [%r1], 5; ld.shared.u32 %r2, [%r1];");
        sound(1, 1, s + "st.shared.u16 [%r1], 5; st.shared.u16 [%r1+2], 5; ld.shared.u32 %r2, [%r1];");
        // What an earlier block left in shared memory does not count.
        fault("block (1,0,0)", 2, 1, s
                + "mov.u32 %r3, %ctaid.x; setp.eq.u32 %p1, %r3, 0; @%p1 st.shared.u32 [%r1], 5; ld.shared.u32 %r2, [%r1];");
        fault("of the thread's local memory", 1, 1, ".local .align 4 .b8 l[8]; st.local.u32 [l], 1; ld.local.u32 %r2, [l+4];");
    }

    /**
     * The body for each of the 8 words behind {@code base}, whose address is %rd2: one instruction that comes back to its
     * allocation.
     */
    private static String eachWord(String base, String label, String body) {
        return "mov.u32 %r2, 0; mov.u64 %rd2, " + base + "; " + label + ": " + body
                + " add.u64 %rd2, %rd2, 4; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 8; @%p1 bra " + label + ";\n";
    }

    /** Lanes are then checked together, and no less than before. */
    @Test
    void unwrittenMemoryWhereTheInstructionHasBeenBefore() {
        String read = eachWord("%rd0", "read", "ld.global.f32 %f1, [%rd2];");
        sound(1, 8, read);
        lab.gpu.memory().poison(in + 20, 4);
        fault("nothing wrote: byte 20 of 'floats'", 1, 8, read);
        sound(1, 1, eachWord("%rd0", "write", "st.global.f32 [%rd2], 0f00000000;") + read);
        sound(1, 8, read);
        String constant = eachWord("%rd1", "constant", "ld.global.nc.f32 %f1, [%rd2];");
        sound(1, 1, constant);
        fault("ld.global.nc reads what this launch has written: byte 20", 1, 1, "st.global.u32 [%rd1+20], 1;" + constant);
    }

    @Test
    void unwrittenRegisters() {
        fault("reads a register that nothing wrote", 1, 1, "add.u32 %r5, %r4, 1;");
        fault("reads a register that nothing wrote", 1, 8,
                "setp.lt.u32 %p1, %r0, 4; @%p1 mov.u32 %r4, 1; st.global.u32 [%rd10], %r4;");
        fault("thread (4,0,0)", 1, 8, "setp.lt.u32 %p1, %r0, 4; @%p1 mov.u32 %r4, 1; add.u32 %r5, %r4, 1;");
        sound(1, 8, "setp.lt.u32 %p1, %r0, 4; @%p1 mov.u32 %r4, 1; @!%p1 mov.u32 %r4, 2; st.global.u32 [%rd10], %r4;");
        sound(1, 8, "setp.lt.u32 %p1, %r0, 4; @%p1 mov.u32 %r4, 1; @%p1 st.global.u32 [%rd10], %r4;");
        // Copies of unwritten registers are no fault, their use is.
        sound(1, 1, "mov.u32 %r5, %r4; mov.b64 %rd5, {%r5, %r5};");
        sound(1, 8, "setp.lt.u32 %p1, %r0, 99; mov.u32 %r5, 3; selp.b32 %r6, %r5, %r4, %p1;");
        fault("reads a register", 1, 1, "mov.u32 %r5, %r4; mov.u32 %r6, %r5; st.global.u32 [%rd10], %r6;");
        fault("predicate was never written", 1, 1, "@%p5 bra END; mov.u32 %r5, 0; END:");
    }

    // ---- barriers and warps ------------------------------------------------------------------------------------

    @Test
    void divergentBarriers() {
        fault("divergent barrier", 1, 64, "setp.lt.u32 %p1, %r0, 16; @%p1 bra A; bar.sync 0; bra END; A: bar.sync 0; END:");
        fault("divergent barrier", 1, 64, "setp.lt.u32 %p1, %r0, 32; @%p1 bra A; bar.sync 0; bra END; A: bar.sync 0; END:");
        fault("divergent barrier: thread (40,0,0) has exited", 1, 64, "setp.eq.u32 %p1, %r0, 40; @%p1 ret; bar.sync 0;");
        fault("divergent barrier", 1, 64, "setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 0;");
        fault("64 of 96 threads came", 1, 64, "bar.sync 1, 96;");
        sound(1, 64, "setp.lt.u32 %p1, %r0, 64; @%p1 bar.sync 0; bar.sync 0;");
    }

    @Test
    void divergentWarpInstructions() {
        sound(1, 32, "shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;");
        sound(1, 32, "setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xffff;");
        sound(1, 32, "setp.lt.u32 %p1, %r0, 32; @%p1 bra.uni A; A:");
        fault("divergent shfl.sync.bfly.b32", 1, 32,
                "setp.lt.u32 %p1, %r0, 16; @%p1 bra A; shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1; bra END; "
                + "A: shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1; END:");
        fault("shfl reads lane 16, which does not take part", 1, 32,
                "setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.down.b32 %r1, %r0, 1, 31, 0xffff;");
        fault("not in the member mask", 1, 32, "shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xffff;");
        fault("needs all 32 threads", 1, 16,
                ".shared .align 16 .b8 s[512]; mov.u32 %r1, s; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%r1];");
        fault("bra.uni", 1, 32, "setp.lt.u32 %p1, %r0, 16; @%p1 bra.uni A; A:");
    }

    @Test
    void trapAndEndlessRecursionOfPlaces() {
        fault("trap", 1, 32, "setp.eq.u32 %p1, %r0, 9; @%p1 trap;");
        fault("thread (9,0,0)", 1, 32, "setp.eq.u32 %p1, %r0, 9; @%p1 trap;");
    }

    // ---- asynchronous copies -----------------------------------------------------------------------------------

    @Test
    void asynchronousCopiesNotWaitedFor() {
        String copy = ".shared .align 16 .b8 s[32]; mov.u32 %r1, s; cp.async.cg.shared.global [%r1], [%rd0], 16; "
                + "cp.async.commit_group;";
        fault("has not been waited for", 1, 1, copy + "ld.shared.u32 %r2, [%r1];");
        fault("has not been waited for", 1, 1, copy + "st.shared.u32 [%r1+4], %r1;");
        fault("has not been waited for", 1, 1, copy + "cp.async.wait_group 1; ld.shared.u32 %r2, [%r1];");
        sound(1, 1, copy + "cp.async.wait_group 0; ld.shared.u32 %r2, [%r1];");
        fault("source of a cp.async was changed", 1, 1, copy + "st.global.f32 [%rd0], 0f3f000000; cp.async.wait_all;");
        // Waiting is for one's own copies: others need a barrier besides.
        String all = ".shared .align 16 .b8 s[32]; mov.u32 %r1, s; setp.eq.u32 %p1, %r0, 0; "
                + "@%p1 cp.async.cg.shared.global [%r1], [%rd0], 16; cp.async.wait_all;";
        fault("race", 1, 64, all + "ld.shared.u32 %r2, [%r1];");
        sound(1, 64, all + "bar.sync 0; ld.shared.u32 %r2, [%r1];");
    }
}
