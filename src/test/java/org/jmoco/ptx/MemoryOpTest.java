package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Loads, stores, atomics and asynchronous copies: what arrives where. */
class MemoryOpTest {
    private final Lab lab = new Lab();

    @Test
    void narrowLoadsExtendByTheirType() {
        long in = lab.upload(8, 0x8182838485868788L);
        long out = lab.gpu.allocate(64, "out");
        lab.run(Lab.kernel(2, """
                setp.ne.u32 %p1, %r0, 0;
                @%p1 ret;
                ld.global.s8 %r1, [%rd0+7];
                st.global.u32 [%rd1], %r1;
                ld.global.u8 %r1, [%rd0+6];
                st.global.u32 [%rd1+4], %r1;
                ld.global.s16 %rd2, [%rd0+2];
                st.global.u64 [%rd1+8], %rd2;
                ld.global.u16 %r1, [%rd0+4];
                st.global.u32 [%rd1+16], %r1;
                ld.global.s32 %rd2, [%rd0];
                st.global.u64 [%rd1+24], %rd2;
                ld.global.u8 %h1, [%rd0];
                st.global.u8 [%rd1+33], %h1;
                st.global.u16 [%rd1+34], %r1;
                """), 1, 32, 0, in, out);
        assertArrayEquals(new long[] {0x82ffffff81L, 0xffffffffffff8586L, 0x8384, 0xffffffff85868788L, 0x83848800L},
                lab.download(out, 8, 5));
    }

    @Test
    void vectors() {
        long in = lab.floats(1, 2, 3, 4, 5, 6, 7, 8);
        long out = lab.gpu.allocate(64, "out");
        lab.run(Lab.kernel(2, """
                setp.gt.u32 %p1, %r0, 1;
                @%p1 ret;
                mul.wide.u32 %rd2, %r0, 16;
                add.u64 %rd3, %rd0, %rd2;
                add.u64 %rd4, %rd1, %rd2;
                ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd3];
                st.global.v4.f32 [%rd4], {%f4, %f3, %f2, %f1};
                ld.global.nc.v2.b64 {%rd5, %rd6}, [%rd3];
                st.global.v2.b64 [%rd4+32], {%rd6, %rd5};
                """), 1, 32, 0, in, out);
        assertArrayEquals(new float[] {4, 3, 2, 1, 8, 7, 6, 5, 3, 4, 1, 2, 7, 8, 5, 6}, lab.floats(out, 16));
    }

    @Test
    void constantsAndModuleVariables() {
        long out = lab.gpu.allocate(16, "out");
        String text = """
                .version 8.0
                .target sm_80
                .address_size 64
                .const .align 4 .b8 table[8] = {1, 0, 0, 0, 255, 1};
                .global .align 4 .f32 factor = 0f40400000;
                .global .align 8 .u64 words[3] = {5, 0x10};
                .visible .entry k(.param .u64 p0, .param .align 4 .b8 s[12])
                {
                .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>;
                ld.param.u64 %rd0, [p0];
                mov.u64 %rd1, table;
                ld.const.u32 %r1, [%rd1+4];
                st.global.u32 [%rd0], %r1;
                ld.const.u32 %r1, [table];
                st.global.u32 [%rd0+4], %r1;
                ld.global.f32 %f1, [factor];
                st.global.f32 [%rd0+8], %f1;
                ld.global.u64 %rd2, [words+8];
                st.global.u32 [%rd0+12], %rd2;
                ret;
                }
                """.replace(", .param .align 4 .b8 s[12]", "");
        lab.run(text, 1, 1, 0, out);
        assertArrayEquals(new int[] {511, 1, Float.floatToRawIntBits(3f), 16}, lab.ints(out, 4));
    }

    @Test
    void sharedLocalAndGenericAddresses() {
        long out = lab.gpu.allocate(4 * 64, "out");
        lab.run(Lab.kernel(1, """
                .local .align 8 .b8 depot[16];
                .shared .align 4 .b8 s[256];
                mov.u64 %rd1, depot;
                cvta.local.u64 %rd2, %rd1;
                st.local.u32 [%rd1+4], %r0;
                ld.u32 %r1, [%rd2+4];
                mov.u64 %rd3, s;
                mul.wide.u32 %rd4, %r0, 4;
                add.u64 %rd3, %rd3, %rd4;
                cvta.shared.u64 %rd5, %rd3;
                st.u32 [%rd5], %r1;
                bar.sync 0;
                ld.shared.u32 %r2, [%rd3];
                cvta.to.shared.u64 %rd6, %rd5;
                cvt.u32.u64 %r5, %rd6;
                ld.shared.u32 %r3, [%r5];
                add.u32 %r2, %r2, %r3;
                add.u64 %rd7, %rd0, %rd4;
                st.u32 [%rd7], %r2;
                """), 1, 64, 0, out);
        for (int i = 0; i < 64; i++) {
            assertEquals(2 * i, lab.ints(out, 64)[i]);
        }
    }

    @Test
    void dynamicSharedMemory() {
        long out = lab.gpu.allocate(4 * 32, "out");
        String text = Lab.kernel(1, """
                mov.u32 %r1, pool;
                mad.lo.u32 %r1, %r0, 4, %r1;
                st.shared.u32 [%r1+128], %r0;
                ld.shared.u32 %r2, [%r1+128];
                mul.wide.u32 %rd1, %r0, 4;
                add.u64 %rd1, %rd1, %rd0;
                st.global.u32 [%rd1], %r2;
                """).replace(".visible", ".extern .shared .align 16 .b8 pool[];\n.visible");
        lab.run(text, 1, 32, 256, out);
        assertEquals(31, lab.ints(out, 32)[31]);
    }

    @Test
    void atomics() {
        long cells = lab.upload(4, 0, 100, 5, 0, 0xffffffffL, 0, 7, 0);
        long wide = lab.upload(8, 1L << 40);
        long old = lab.gpu.allocate(4 * 64, "old");
        lab.run(Lab.kernel(3, """
                atom.global.add.u32 %r1, [%rd0], 1;
                red.global.min.s32 [%rd0+4], %r0;
                atom.global.max.u32 %r2, [%rd0+8], %r0;
                red.global.or.b32 [%rd0+12], %r0;
                red.global.and.b32 [%rd0+16], %r0;
                atom.global.inc.u32 %r2, [%rd0+20], 9;
                atom.global.cas.b32 %r2, [%rd0+24], 7, %r0;
                mov.f32 %f1, 0f3f000000;
                red.global.add.f32 [%rd0+28], %f1;
                cvt.u64.u32 %rd5, %r0;
                atom.global.add.u64 %rd6, [%rd1], %rd5;
                mul.wide.u32 %rd4, %r1, 4;
                add.u64 %rd4, %rd4, %rd2;
                st.global.u32 [%rd4], %r1;
                """), 1, 64, 0, cells, wide, old);
        assertArrayEquals(new int[] {64, 0, 63, 63, 0, 4, 0, Float.floatToRawIntBits(32f)}, lab.ints(cells, 8));
        assertEquals((1L << 40) + 2016, lab.download(wide, 8, 1)[0]);
        for (int i = 0; i < 64; i++) {
            assertEquals(i, lab.ints(old, 64)[i], "every old value is returned once");
        }
    }

    @Test
    void atomicsOfSharedMemoryAndPairs() {
        long out = lab.gpu.allocate(8, "out");
        lab.run(Lab.kernel(1, """
                .shared .align 4 .b8 s[8];
                setp.ne.u32 %p1, %r0, 0;
                mov.u32 %r2, 0;
                @!%p1 st.shared.u32 [s], %r2;
                @!%p1 st.shared.u32 [s+4], %r2;
                bar.sync 0;
                red.shared.add.u32 [s], 3;
                mov.u32 %r3, 0x3c003f80;
                red.shared.add.noftz.f16x2 [s+4], 0x40003c00;
                bar.sync 0;
                ld.shared.v2.u32 {%r4, %r5}, [s];
                @!%p1 st.global.v2.u32 [%rd0], {%r4, %r5};
                """).replace("s[8]", "s[8]").replace(".align 4 .b8 s", ".align 8 .b8 s"), 1, 96, 0, out);
        assertArrayEquals(new int[] {288, Float.floatToFloat16(192) << 16 | Float.floatToFloat16(96)}, lab.ints(out, 2));
    }

    @Test
    void asynchronousCopiesArriveWhenWaitedFor() {
        long in = lab.floats(1, 2, 3, 4, 5, 6, 7, 8);
        long out = lab.gpu.allocate(64, "out");
        lab.run(Lab.kernel(2, """
                .shared .align 16 .b8 s[64];
                mov.u32 %r9, s;
                setp.ne.u32 %p1, %r0, 0;
                @%p1 ret;
                cp.async.cg.shared.global [%r9], [%rd0], 16;
                cp.async.commit_group;
                cp.async.ca.shared.global.L2::128B [%r9+16], [%rd0+16], 16, 12;
                cp.async.ca.shared.global [%r9+32], [%rd0], 8, 0;
                cp.async.commit_group;
                cp.async.wait_group 1;
                ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r9];
                st.global.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};
                cp.async.wait_all;
                ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r9+16];
                st.global.v4.f32 [%rd1+16], {%f1, %f2, %f3, %f4};
                ld.shared.v2.f32 {%f1, %f2}, [%r9+32];
                st.global.v2.f32 [%rd1+32], {%f1, %f2};
                """), 1, 32, 0, in, out);
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 0, 0, 0}, lab.floats(out, 10));
    }

    @Test
    void aPartialCopyMayEndWithItsBuffer() {
        long in = lab.floats(1, 2, 3);
        long out = lab.gpu.allocate(16, "out");
        lab.run(Lab.kernel(2, """
                .shared .align 16 .b8 s[16];
                mov.u32 %r9, s;
                cp.async.cg.shared.global [%r9], [%rd0], 16, 12;
                cp.async.wait_all;
                ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r9];
                st.global.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};
                """), 1, 1, 0, in, out);
        assertArrayEquals(new float[] {1, 2, 3, 0}, lab.floats(out, 4));
    }

    @Test
    void countsOfTraffic() {
        long in = lab.gpu.allocate(64 * 128, "in");
        long out = lab.gpu.allocate(64 * 4, "out");
        for (Object[] row : List.<Object[]>of(
                // stride in bytes, sectors of the 2 requests, fewest
                new Object[] {4, 8L, 8L}, new Object[] {8, 16L, 8L}, new Object[] {32, 64L, 8L}, new Object[] {128, 64L, 8L},
                        new Object[] {0, 2L, 2L})) {
            lab.gpu.resetCounts();
            lab.run(Lab.kernel(2, "mul.lo.u32 %r1, %r0, " + row[0]
                    + "; cvt.u64.u32 %rd2, %r1; add.u64 %rd2, %rd2, %rd0; ld.global.u32 %r2, [%rd2];"
                    + "mul.wide.u32 %rd3, %r0, 4; add.u64 %rd3, %rd3, %rd1; st.global.u32 [%rd3], %r2;"), 1, 64, 0, in, out);
            LaunchCounts c = lab.gpu.counts("k");
            assertEquals(new LaunchCounts.Traffic(2, 256, (long) row[1], (long) row[2]), c.globalLoads(), "stride " + row[0]);
            assertEquals(new LaunchCounts.Traffic(2, 256, 8, 8), c.globalStores());
            assertEquals(64, c.of(InstructionClass.GLOBAL_LOAD));
        }
    }

    @Test
    void countsOfBankConflicts() {
        // Word stride of the lanes, and the turns that 32 lanes of 4 bytes take.
        for (int[] row : new int[][] {{1, 1}, {2, 2}, {3, 1}, {4, 4}, {32, 32}, {33, 1}, {0, 1}}) {
            lab.gpu.resetCounts();
            lab.run(Lab.kernel(1, ".shared .align 16 .b8 s[8192]; mov.u32 %r1, s; mad.lo.u32 %r1, %r0, " + 4 * row[0]
                    + ", %r1; st.shared.u32 [%r1], 5;"), 1, 32, 0, 0L);
            assertEquals(new LaunchCounts.SharedTraffic(1, 128, row[1], row[1] - 1), lab.gpu.counts("k").shared(), "stride "
                    + row[0]);
        }
        // 16 bytes a lane, side by side: four turns, none too many; at a distance of 32: twice.
        for (int[] row : new int[][] {{16, 4}, {32, 8}, {272, 4}}) {
            lab.gpu.resetCounts();
            lab.run(Lab.kernel(1, ".shared .align 16 .b8 s[16384]; mov.u32 %r1, s; mad.lo.u32 %r1, %r0, " + row[0]
                    + ", %r1; mov.u32 %r2, 1; st.shared.v4.u32 [%r1], {%r2, %r2, %r2, %r2};"), 1, 32, 0, 0L);
            assertEquals(new LaunchCounts.SharedTraffic(1, 512, row[1], row[1] - 4), lab.gpu.counts("k").shared(), "distance "
                    + row[0]);
        }
    }
}
