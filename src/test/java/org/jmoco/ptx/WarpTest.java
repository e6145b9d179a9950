package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the lanes of a warp do together, control flow with divergence, barriers. */
class WarpTest {
    /** Runs a body that leaves its result in %r60, for each thread of one block. */
    private static int[] run(int threads, String body) {
        return run(threads, 1, body);
    }

    private static int[] run(int threads, int blocks, String body) {
        Lab lab = new Lab();
        long out = lab.gpu.allocate(4L * threads * blocks, "out");
        String store = """
                mov.u32 %r61, %ctaid.x;
                mov.u32 %r62, %ntid.x;
                mad.lo.u32 %r61, %r61, %r62, %r0;
                mul.wide.u32 %rd30, %r61, 4;
                add.u64 %rd30, %rd30, %rd0;
                st.global.u32 [%rd30], %r60;
                """;
        lab.run(Lab.kernel(1, body + store), blocks, threads, 0, out);
        return lab.ints(out, threads * blocks);
    }

    private interface Expected {
        int of(int lane);
    }

    private static void check(String body, Expected e) {
        int[] got = run(32, body);
        int[] want = new int[32];
        for (int i = 0; i < 32; i++) {
            want[i] = e.of(i);
        }
        assertArrayEquals(want, got, body);
    }

    @Test
    void shuffles() {
        String value = "mul.lo.u32 %r1, %r0, 10;";
        check(value + "shfl.sync.idx.b32 %r60, %r1, 5, 31, -1;", i -> 50);
        check(value + "shfl.sync.up.b32 %r60|%p1, %r1, 3, 0, -1; @!%p1 mov.u32 %r60, 777;", i -> i < 3 ? 777 : 10 * (i - 3));
        check(value + "shfl.sync.up.b32 %r60, %r1, 3, 0, -1;", i -> i < 3 ? 10 * i : 10 * (i - 3));
        check(value + "shfl.sync.down.b32 %r60|%p1, %r1, 4, 31, -1; @!%p1 mov.u32 %r60, 777;", i -> i > 27 ? 777 : 10 * (i + 4));
        check(value + "shfl.sync.bfly.b32 %r60, %r1, 5, 31, -1;", i -> 10 * (i ^ 5));
        // Segments of 8 lanes: mask 0x18 in bits 8 to 12, clamp 31 or (up) 0.
        check(value + "shfl.sync.down.b32 %r60, %r1, 2, " + (0x18 << 8 | 31) + ", -1;", i -> i % 8 > 5 ? 10 * i : 10 * (i + 2));
        check(value + "shfl.sync.up.b32 %r60, %r1, 2, " + (0x18 << 8) + ", -1;", i -> i % 8 < 2 ? 10 * i : 10 * (i - 2));
        check(value + "shfl.sync.idx.b32 %r60, %r1, 3, " + (0x18 << 8 | 31) + ", -1;", i -> 10 * (i / 8 * 8 + 3));
        // The source may be the destination.
        check(value + "shfl.sync.bfly.b32 %r1, %r1, 1, 31, -1; mov.u32 %r60, %r1;", i -> 10 * (i ^ 1));
        // Lanes of a branch among themselves.
        check(value + "setp.lt.u32 %p1, %r0, 16; mov.u32 %r60, 0; @%p1 shfl.sync.bfly.b32 %r60, %r1, 8, 31, 0xffff;", i -> i < 16
                ? 10 * (i ^ 8) : 0);
    }

    @Test
    void votesAndMatches() {
        String odd = "and.b32 %r1, %r0, 1; setp.ne.u32 %p1, %r1, 0;";
        check(odd + "vote.sync.ballot.b32 %r60, %p1, -1;", i -> 0xaaaaaaaa);
        check(odd + "vote.sync.ballot.b32 %r60, !%p1, -1;", i -> 0x55555555);
        check(odd + "vote.sync.any.pred %p2, %p1, -1; selp.u32 %r60, 1, 0, %p2;", i -> 1);
        check(odd + "vote.sync.all.pred %p2, %p1, -1; selp.u32 %r60, 1, 0, %p2;", i -> 0);
        check(odd + "vote.sync.uni.pred %p2, %p1, -1; selp.u32 %r60, 1, 0, %p2;", i -> 0);
        check(odd + "activemask.b32 %r60;", i -> -1);
        // Only the odd lanes vote.
        check(odd + "mov.u32 %r60, 9; setp.gt.u32 %p3, %r0, 15; @%p1 vote.sync.ballot.b32 %r60, %p3, 0xaaaaaaaa;", i ->
                i % 2 == 0 ? 9 : 0xaaaa0000);
        String three = "rem.u32 %r1, %r0, 3;";
        check(three + "match.any.sync.b32 %r60, %r1, -1;", i -> {
            int m = 0;
            for (int k = i % 3; k < 32; k += 3) {
                m |= 1 << k;
            }
            return m;
        });
        check(three + "match.all.sync.b32 %r60|%p1, %r1, -1; @%p1 mov.u32 %r60, 5;", i -> 0);
        check("mov.u32 %r1, 4; match.all.sync.b32 %r60|%p1, %r1, -1;", i -> -1);
        check("redux.sync.add.u32 %r60, %r0, -1;", i -> 496);
        check("sub.s32 %r1, 7, %r0; redux.sync.min.s32 %r60, %r1, -1;", i -> -24);
        check("redux.sync.xor.b32 %r60, %r0, -1;", i -> 0);
    }

    @Test
    void lanesThatPartComeTogetherAgain() {
        // Each lane loops as often as its number says; afterwards all must be there for the shuffle.
        String loop = """
                mov.u32 %r60, 0;
                mov.u32 %r1, 0;
                LOOP:
                setp.ge.u32 %p1, %r1, %r0;
                @%p1 bra DONE;
                add.u32 %r60, %r60, %r1;
                add.u32 %r1, %r1, 1;
                bra.uni LOOP;
                DONE:
                shfl.sync.idx.b32 %r60, %r60, 31, 31, -1;
                """;
        check(loop, i -> 465);
        // if / else if / else, and an indexed branch, to different places.
        String branches = """
                rem.u32 %r1, %r0, 3;
                TARGETS: .branchtargets A, B, C;
                brx.idx %r1, TARGETS;
                A: mov.u32 %r60, 100; bra END;
                B: mov.u32 %r60, 200; bra END;
                C: mov.u32 %r60, 300;
                END: add.u32 %r60, %r60, %r0;
                bar.warp.sync -1;
                """;
        check(branches, i -> 100 * (i % 3 + 1) + i);
    }

    @Test
    void aLaneMayWaitForAnotherOfItsWarp() {
        // Lane 0 spins on a flag that lane 1 sets later in the text: needs independent progress.
        Lab lab = new Lab();
        long flag = lab.upload(4, 0, 0);
        String body = """
                setp.ne.u32 %p1, %r0, 0;
                @%p1 bra SET;
                WAIT:
                ld.volatile.global.u32 %r1, [%rd0];
                setp.eq.u32 %p2, %r1, 0;
                @%p2 bra WAIT;
                st.global.u32 [%rd0+4], %r1;
                bra END;
                SET:
                setp.ne.u32 %p1, %r0, 1;
                @%p1 bra END;
                mov.u32 %r2, 7;
                st.volatile.global.u32 [%rd0], %r2;
                END:
                """;
        lab.run(Lab.kernel(1, body), 1, 32, 0, flag);
        assertArrayEquals(new int[] {7, 7}, lab.ints(flag, 2));
    }

    @Test
    void barriersOrderTheBlock() {
        // Each thread writes its number, reads the number of the thread 33 further on.
        String body = """
                .shared .align 4 .b8 s[400];
                mov.u32 %r1, s;
                mad.lo.u32 %r2, %r0, 4, %r1;
                st.shared.u32 [%r2], %r0;
                bar.sync 0;
                add.u32 %r3, %r0, 33;
                rem.u32 %r3, %r3, 100;
                mad.lo.u32 %r2, %r3, 4, %r1;
                ld.shared.u32 %r60, [%r2];
                """;
        int[] got = run(100, 3, body);
        for (int i = 0; i < got.length; i++) {
            assertEquals((i % 100 + 33) % 100, got[i]);
        }
    }

    @Test
    void barriersReduce() {
        String body = """
                setp.lt.u32 %p1, %r0, 37;
                bar.red.popc.u32 %r60, 0, %p1;
                bar.red.and.pred %p2, 0, %p1;
                bar.red.or.pred %p3, 0, !%p1;
                selp.u32 %r1, 1000, 0, %p2;
                selp.u32 %r2, 2000, 0, %p3;
                add.u32 %r60, %r60, %r1;
                add.u32 %r60, %r60, %r2;
                """;
        for (int v : run(70, body)) {
            assertEquals(2037, v);
        }
    }

    @Test
    void namedBarriersLetHalvesGoOnTheirOwn() {
        // Warps 0 and 1 hand over to warps 2 and 3 by barrier 1: arrive does not wait.
        String body = """
                .shared .align 4 .b8 s[256];
                mov.u32 %r1, s;
                setp.ge.u32 %p1, %r0, 64;
                @%p1 bra CONSUME;
                mad.lo.u32 %r2, %r0, 4, %r1;
                add.u32 %r3, %r0, 500;
                st.shared.u32 [%r2], %r3;
                bar.arrive 1, 128;
                mov.u32 %r60, 0;
                bra END;
                CONSUME:
                bar.sync 1, 128;
                sub.u32 %r4, 127, %r0;
                mad.lo.u32 %r2, %r4, 4, %r1;
                ld.shared.u32 %r60, [%r2];
                END:
                """;
        int[] got = run(128, body);
        for (int i = 0; i < 128; i++) {
            assertEquals(i < 64 ? 0 : 500 + 127 - i, got[i]);
        }
    }

    @Test
    void specialRegisters() {
        List<String> wrong = new ArrayList<>();
        Lab lab = new Lab();
        String[] names = {"%tid.x", "%tid.y", "%tid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%ntid.x", "%ntid.y", "%ntid.z",
                "%nctaid.x", "%nctaid.y", "%nctaid.z",
            "%laneid", "%warpid", "%lanemask_lt", "%lanemask_ge"};
        StringBuilder body = new StringBuilder("""
                mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z;
                mad.lo.u32 %r3, %r2, 5, %r1; mad.lo.u32 %r3, %r3, 3, %r0;
                mov.u32 %r4, %ctaid.x; mov.u32 %r5, %ctaid.y; mov.u32 %r6, %ctaid.z;
                mad.lo.u32 %r7, %r6, 2, %r5; mad.lo.u32 %r7, %r7, 2, %r4;
                mad.lo.u32 %r3, %r7, 45, %r3;
                mul.wide.u32 %rd1, %r3, 64; add.u64 %rd1, %rd1, %rd0;
                """);
        for (int i = 0; i < names.length; i++) {
            body.append("mov.u32 %r9, ").append(names[i]).append("; st.global.u32 [%rd1+").append(4 * i).append("], %r9;\n");
        }
        long out = lab.gpu.allocate(64 * 45 * 12, "out");
        lab.gpu.launch(lab.gpu.load("lab.ptx", Lab.kernel(1, body.toString())).function("k"),
                new org.jmoco.backend.cuda.Launch.Dim(2, 2, 3),
                new org.jmoco.backend.cuda.Launch.Dim(3, 5, 3), 0, out);
        int[] got = lab.ints(out, 16 * 45 * 12);
        for (int b = 0; b < 12; b++) {
            for (int t = 0; t < 45; t++) {
                int lane = t % 32;
                int[] want = {t % 3, t / 3 % 5, t / 15, b % 2, b / 2 % 2, b / 4, 3, 5, 3, 2, 2, 3, lane, t / 32, (1 << lane) - 1,
                        -1 << lane};
                for (int i = 0; i < want.length; i++) {
                    if (want[i] != got[(b * 45 + t) * 16 + i]) {
                        wrong.add(names[i] + " of thread " + t + " in block " + b + ": " + got[(b * 45 + t) * 16 + i]);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong);
    }
}
