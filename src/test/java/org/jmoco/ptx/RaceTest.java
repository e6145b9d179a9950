package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Races in shared and global memory, within warps, blocks and grids: planted, and the same with what orders them. */
class RaceTest {
    private final Lab lab = new Lab();
    private final long in = lab.floats(new float[256]);
    private final long out = lab.gpu.allocate(4096, "out");
    /** %r1 = own word of s, %r2 = the next thread's (64 threads, round), %rd10 and %rd11 the same in out. */
    private static final String HEAD = """
            .shared .align 16 .b8 s[256];
            mov.u32 %r3, s;
            mad.lo.u32 %r1, %r0, 4, %r3;
            add.u32 %r4, %r0, 1;
            and.b32 %r4, %r4, 63;
            mad.lo.u32 %r2, %r4, 4, %r3;
            mul.wide.u32 %rd10, %r0, 4;
            add.u64 %rd10, %rd10, %rd1;
            mul.wide.u32 %rd11, %r4, 4;
            add.u64 %rd11, %rd11, %rd1;
            mov.u32 %r5, %ctaid.x;
            mov.u32 %r9, 1;
            """;

    private String fault(int blocks, int threads, String body) {
        return assertThrows(PtxFault.class, () -> lab.run(Lab.kernel(2, HEAD + body), blocks, threads, 0, in, out),
                body).getMessage();
    }

    private void race(String part, int blocks, int threads, String body) {
        String message = fault(blocks, threads, body);
        assertTrue(message.contains("race") && message.contains(part), message);
    }

    private void sound(int blocks, int threads, String body) {
        assertDoesNotThrow(() -> lab.run(Lab.kernel(2, HEAD + body), blocks, threads, 0, in, out), body);
    }

    @Test
    void readAfterWriteInABlock() {
        race("has written with no barrier", 1, 64, "st.shared.u32 [%r1], %r0; ld.shared.u32 %r6, [%r2];");
        sound(1, 64, "st.shared.u32 [%r1], %r0; bar.sync 0; ld.shared.u32 %r6, [%r2];");
        race("has written with no barrier", 1, 64, "st.global.u32 [%rd10], %r0; ld.global.u32 %r6, [%rd11];");
        sound(1, 64, "st.global.u32 [%rd10], %r0; bar.sync 0; ld.global.u32 %r6, [%rd11];");
        sound(1, 64, "st.shared.u32 [%r1], %r0; ld.shared.u32 %r6, [%r1];");
    }

    @Test
    void writeAfterReadInABlock() {
        String fill = "st.shared.u32 [%r1], %r0; bar.sync 0; ld.shared.u32 %r6, [%r2];";
        race("read with no barrier", 1, 64, fill + "st.shared.u32 [%r1], %r6;");
        sound(1, 64, fill + "bar.sync 0; st.shared.u32 [%r1], %r6;");
        // All threads read one word, one of them writes it: whichever read last.
        race("and others have read", 1, 64,
                "st.shared.u32 [%r1], %r0; bar.sync 0; ld.shared.u32 %r6, [%r3]; "
                        + "setp.eq.u32 %p1, %r0, 63; @%p1 st.shared.u32 [%r3], %r6;");
        race("and others have read", 1, 64,
                "st.shared.u32 [%r1], %r0; bar.sync 0; ld.shared.u32 %r6, [%r3]; "
                        + "setp.eq.u32 %p1, %r0, 5; @%p1 st.shared.u32 [%r3], %r6;");
    }

    @Test
    void writeAfterWriteInABlock() {
        race("has written", 1, 64, "st.shared.u32 [%r1], %r0; st.shared.u32 [%r2], %r0;");
        race("has written", 1, 64, "st.shared.u32 [%r3], %r0;");
        sound(1, 32, "st.shared.u32 [%r3], %r9;");
        // Different bytes of one word are different places.
        sound(1, 64, "add.u32 %r6, %r3, %r0; st.shared.u8 [%r6], %r0;");
        race("has written", 1, 64, "shr.u32 %r6, %r0, 1; add.u32 %r6, %r3, %r6; st.shared.u8 [%r6], %r0;");
        sound(1, 64, "mad.lo.u32 %r6, %r0, 2, %r3; st.shared.u16 [%r6], %r0; bar.sync 0; ld.shared.u32 %r7, [%r3+4];");
        race("has written", 1, 64, "mad.lo.u32 %r6, %r0, 2, %r3; st.shared.u16 [%r6], %r0; ld.shared.u32 %r7, [%r3+4];");
    }

    @Test
    void lanesOfAWarpAreNotOrderedByThemselves() {
        String write = "st.shared.u32 [%r1], %r0;";
        String next = "and.b32 %r4, %r4, 31; mad.lo.u32 %r2, %r4, 4, %r3;";
        race("has written", 1, 32, next + write + "ld.shared.u32 %r6, [%r2];");
        sound(1, 32, next + write + "bar.warp.sync -1; ld.shared.u32 %r6, [%r2];");
        race("read", 1, 32, next + write + "bar.warp.sync -1; ld.shared.u32 %r6, [%r2]; st.shared.u32 [%r1], %r6;");
        sound(1, 32, next + write + "bar.warp.sync -1; ld.shared.u32 %r6, [%r2]; bar.warp.sync -1; st.shared.u32 [%r1], %r6;");
        // A shuffle moves registers; it does not order memory.
        race("has written", 1, 32, next + write + "shfl.sync.bfly.b32 %r7, %r0, 1, 31, -1; ld.shared.u32 %r6, [%r2];");
        // bar.warp.sync orders one warp, not two.
        race("read", 1, 64, write + "bar.sync 0;" + write + "bar.warp.sync -1; ld.shared.u32 %r6, [%r2];");
        // Half a warp synchronises: its own lanes are ordered, those of the other half are not.
        String half = "and.b32 %r4, %r4, 15; mad.lo.u32 %r2, %r4, 4, %r3; setp.lt.u32 %p1, %r0, 16;";
        sound(1, 32, half + write + "@%p1 bar.warp.sync 0xffff; @%p1 ld.shared.u32 %r6, [%r2];");
        race("has written", 1, 32, half + write + "@%p1 bar.warp.sync 0xffff; @%p1 ld.shared.u32 %r6, [%r2+64];");
    }

    @Test
    void betweenBlocks() {
        race("race between blocks", 2, 1, "st.global.u32 [%rd1], %r5;");
        race("race between blocks: reads 4 bytes", 2, 1,
                "setp.eq.u32 %p1, %r5, 0; @%p1 st.global.u32 [%rd1], %r5; @!%p1 ld.global.u32 %r6, [%rd1];");
        race("race between blocks: writes 4 bytes", 2, 1,
                "setp.eq.u32 %p1, %r5, 0; @!%p1 st.global.u32 [%rd1], %r5; @%p1 ld.global.u32 %r6, [%rd1];");
        // Read by two blocks, written by the third.
        race("race between blocks", 3, 1,
                "setp.eq.u32 %p1, %r5, 2; @%p1 st.global.u32 [%rd1], %r5; @!%p1 ld.global.u32 %r6, [%rd1];");
        race("race between blocks", 3, 1, "ld.global.u32 %r6, [%rd1]; setp.eq.u32 %p1, %r5, 2; @%p1 st.global.u32 [%rd1], %r5;");
        sound(4, 1, "mul.wide.u32 %rd5, %r5, 4; add.u64 %rd5, %rd5, %rd1; st.global.u32 [%rd5], %r5; ld.global.u32 %r6, [%rd5];");
        assertTrue(fault(2, 1, "st.global.u32 [%rd1], %r5;").contains("which block (0,0,0) of the same launch has written"));
        // Launches are ordered.
        sound(1, 1, "st.global.u32 [%rd1], %r5;");
        sound(1, 1, "ld.global.u32 %r6, [%rd1];");
    }

    @Test
    void atomicsAndVolatileAccessesDoNotRaceWithEachOther() {
        sound(4, 64, "red.global.add.u32 [%rd1], 1;");
        sound(4, 64, "ld.volatile.global.u32 %r6, [%rd1]; st.volatile.global.u32 [%rd1], 1;");
        race("race between blocks", 4, 1, "red.global.add.u32 [%rd1], 1; ld.global.u32 %r6, [%rd1];");
        race("has written", 1, 64, "red.global.add.u32 [%rd1], 1; ld.global.u32 %r6, [%rd1];");
        sound(1, 64, "red.global.add.u32 [%rd1], 1; bar.sync 0; ld.global.u32 %r6, [%rd1];");
    }

    /** The last block to finish adds up what the others left: needs the fence, as on a device. */
    @Test
    void theLastBlockMayReadWhatAllWrote() {
        String body = """
                mul.wide.u32 %rd5, %r5, 256;
                add.u64 %rd5, %rd5, %rd10;
                st.global.u32 [%rd5+64], %r5;
                FENCE
                bar.sync 0;
                .shared .align 4 .b8 last[4];
                setp.eq.u32 %p1, %r0, 0;
                @!%p1 bra WAIT;
                ORDER
                atom.global.add.u32 %r6, [%rd1], 1;
                st.shared.u32 [last], %r6;
                WAIT:
                bar.sync 0;
                ld.shared.u32 %r6, [last];
                setp.ne.u32 %p2, %r6, 2;
                @%p2 ret;
                ld.global.u32 %r7, [%rd10+64];
                ld.global.u32 %r7, [%rd10+320];
                ld.global.u32 %r7, [%rd10+576];
                """;
        lab.gpu.fill(out, 0, 1024);
        sound(3, 64, body.replace("FENCE", "membar.gl;").replace("ORDER", ""));
        lab.gpu.fill(out, 0, 1024);
        sound(3, 64, body.replace("FENCE", "").replace("ORDER", "fence.acq_rel.gpu;"));
        lab.gpu.fill(out, 0, 1024);
        race("race between blocks", 3, 64, body.replace("FENCE", "").replace("ORDER", ""));
    }

    @Test
    void readOnlyLoadsOfWhatTheLaunchWrote() {
        assertTrue(fault(1, 1,
                "st.global.u32 [%rd10], %r0; ld.global.nc.u32 %r6, [%rd10];")
                .contains("ld.global.nc reads what this launch has written"));
        sound(1, 1, "st.global.u32 [%rd10], %r0; ld.global.u32 %r6, [%rd10];");
    }

    // ---- results that depend on the order of blocks -------------------------------------------------------------

    @Test
    void orderOfBlocks() {
        String sum = "mul.wide.u32 %rd5, %r5, 4; add.u64 %rd5, %rd5, %rd0; "
                + "ld.global.f32 %f1, [%rd5]; red.global.add.f32 [%rd1], %f1;";
        long values = lab.floats(1, 1e8f, -1e8f, 3, 1e-3f, 7);
        String text = Lab.kernel(2, HEAD + sum);
        assertDoesNotThrow(() -> lab.run(text, 6, 1, 0, values, out), "one order shows nothing");
        lab.gpu.blockOrders(BlockOrder.FORWARD, BlockOrder.REVERSE, BlockOrder.SHUFFLED);
        String message = assertThrows(PtxFault.class, () -> lab.run(text, 6, 1, 0, values, out)).getMessage();
        assertTrue(message.contains("depends on the order of blocks") && message.contains("byte 0 of 'out'"), message);
        // Which thread comes first is decided by the order of lanes too.
        String first = Lab.kernel(2, HEAD + "add.u32 %r6, %r0, 1; atom.global.cas.b32 %r7, [%rd1], 0, %r6;");
        lab.gpu.fill(out, 0, 4);
        assertThrows(PtxFault.class, () -> lab.run(first, 1, 32, 0, values, out));
        // Integers may be added in any order; each order starts from the same memory.
        String integers = Lab.kernel(2, HEAD + "red.global.add.u32 [%rd1], %r5; ");
        lab.gpu.fill(out, 0, 4);
        lab.run(integers, 6, 1, 0, values, out);
        assertEquals(15, lab.ints(out, 1)[0]);
    }

    /** Time is spent on those orders only that are different ones for the grid and the kernel at hand. */
    @Test
    void ordersThatAreTheSameRunOnce() {
        List<BlockOrder> all = List.of(BlockOrder.FORWARD, BlockOrder.REVERSE, BlockOrder.SHUFFLED);
        assertEquals(List.of(BlockOrder.FORWARD), BlockOrder.different(all, 1, false));
        assertEquals(List.of(BlockOrder.FORWARD, BlockOrder.REVERSE), BlockOrder.different(all, 1, true), "lanes turn round");
        assertEquals(2, BlockOrder.different(all, 2, false).stream().map(o -> o.numbers(2)[0]).distinct().count());
        assertEquals(2, BlockOrder.different(all, 2, false).size());
        assertEquals(all, BlockOrder.different(all, 3, false));
        lab.gpu.blockOrders(all.toArray(BlockOrder[]::new));
        String text = Lab.kernel(2, HEAD + "ld.global.u32 %r6, [%rd0];");
        long oneBlock = lab.gpu.time(() -> lab.run(text, 1, 1, 0, in, out));
        assertEquals(2 * 2 * oneBlock, lab.gpu.time(() -> lab.run(text, 2, 1, 0, in, out)), "two blocks in two orders");
        assertEquals(3 * 3 * oneBlock, lab.gpu.time(() -> lab.run(text, 3, 1, 0, in, out)), "three blocks in three orders");
    }
}
