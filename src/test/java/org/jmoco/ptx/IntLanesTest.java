package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Integer instructions against big integers and bit-by-bit definitions: edge values and random ones. */
class IntLanesTest {
    private static final long[] EDGES = {0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffffL, 0x80000000L,
            0xffffffffL, 0x7fffffffffffffffL,
        0x8000000000000000L, -1L, 31, 32, 33, 63, 64};

    /** All pairs of edges, then random ones. */
    private static long[][] operands(int bytes, int count) {
        Random random = new Random(7);
        int n = EDGES.length * EDGES.length + 200;
        long[][] x = new long[count][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < count; k++) {
                long v = i < EDGES.length * EDGES.length
                        ? k == 0 ? EDGES[i / EDGES.length] : k == 1 ? EDGES[i % EDGES.length] : random.nextLong()
                        : random.nextLong() >> random.nextInt(64);
                x[k][i] = bytes == 8 ? v : v & (1L << 8 * bytes) - 1;
            }
        }
        return x;
    }

    private static BigInteger value(long bits, String type) {
        int n = PtxType.named(type).bytes * 8;
        BigInteger u = new BigInteger(Long.toUnsignedString(bits)).and(BigInteger.ONE.shiftLeft(n).subtract(BigInteger.ONE));
        return type.startsWith("s") && u.testBit(n - 1) ? u.subtract(BigInteger.ONE.shiftLeft(n)) : u;
    }

    private static long bits(BigInteger v, String type) {
        return value(v.longValue(), "u" + type.substring(1)).longValue();
    }

    private static void binary(String opcode, String type, String resultType, BinaryOperator<BigInteger> f) {
        long[][] x = operands(PtxType.named(type).bytes, 2);
        if (opcode.startsWith("div") || opcode.startsWith("rem")) {
            for (int i = 0; i < x[1].length; i++) {
                x[1][i] = x[1][i] == 0 ? 5 : x[1][i];
            }
        }
        long[] got = Lab.compute(opcode + "." + type + " $d, $a, $b;", resultType, List.of(type, type), x);
        for (int i = 0; i < got.length; i++) {
            BigInteger a = value(x[0][i], type);
            BigInteger b = value(x[1][i], type);
            long want = bits(f.apply(a, b), resultType);
            int at = i;
            assertEquals(want, got[i], () -> opcode + "." + type + " of " + a + ", " + b + " at " + at);
        }
    }

    @Test
    void arithmetic() {
        for (String t : List.of("s16", "u16", "s32", "u32", "s64", "u64")) {
            int n = PtxType.named(t).bytes * 8;
            binary("add", t, t, BigInteger::add);
            binary("sub", t, t, BigInteger::subtract);
            binary("mul.lo", t, t, BigInteger::multiply);
            binary("mul.hi", t, t, (a, b) -> a.multiply(b).shiftRight(n));
            binary("div", t, t, BigInteger::divide);
            binary("rem", t, t, BigInteger::remainder);
            binary("min", t, t, BigInteger::min);
            binary("max", t, t, BigInteger::max);
            if (n < 64) {
                binary("mul.wide", t, t.charAt(0) + "" + 2 * n, BigInteger::multiply);
            }
        }
        binary("add.sat", "s32", "s32", (a, b) ->
                a.add(b).min(BigInteger.valueOf(Integer.MAX_VALUE)).max(BigInteger.valueOf(Integer.MIN_VALUE)));
        binary("sub.sat", "s32", "s32", (a, b) ->
                a.subtract(b).min(BigInteger.valueOf(Integer.MAX_VALUE)).max(BigInteger.valueOf(Integer.MIN_VALUE)));
    }

    @Test
    void multiplyAndAdd() {
        for (String t : List.of("s32", "u32")) {
            long[][] x = operands(4, 3);
            long[] lo = Lab.compute("mad.lo." + t + " $d, $a, $b, $c;", t, List.of(t, t, t), x);
            long[] hi = Lab.compute("mad.hi." + t + " $d, $a, $b, $c;", t, List.of(t, t, t), x);
            long[] sad = Lab.compute("sad." + t + " $d, $a, $b, $c;", t, List.of(t, t, t), x);
            String w = t.charAt(0) + "64";
            long[] wide = Lab.compute("mad.wide." + t + " $d, $a, $b, $c;", w, List.of(t, t, w), x[0], x[1], operands(8, 3)[2]);
            for (int i = 0; i < lo.length; i++) {
                BigInteger a = value(x[0][i], t);
                BigInteger b = value(x[1][i], t);
                BigInteger c = value(x[2][i], t);
                assertEquals(bits(a.multiply(b).add(c), t), lo[i], "mad.lo." + t);
                assertEquals(bits(a.multiply(b).shiftRight(32).add(c), t), hi[i], "mad.hi." + t);
                assertEquals(bits(a.subtract(b).abs().add(c), t), sad[i], "sad." + t);
                assertEquals(a.multiply(b).add(value(operands(8, 3)[2][i], w)).longValue(), wide[i], "mad.wide." + t);
            }
        }
    }

    private static void unary(String opcode, String type, String result, LongUnaryOperator f) {
        long[] x = operands(PtxType.named(type).bytes, 1)[0];
        long[] got = Lab.compute(opcode + " $d, $a;", result, List.of(type), x);
        for (int i = 0; i < got.length; i++) {
            String at = opcode + " of 0x" + Long.toHexString(x[i]);
            assertEquals(bits(BigInteger.valueOf(f.applyAsLong(x[i])), result), got[i], at);
        }
    }

    @Test
    void bits() {
        for (int n : new int[] {32, 64}) {
            unary("popc.b" + n, "b" + n, "u32", a -> Long.toBinaryString(a).chars().filter(c -> c == '1').count());
            unary("clz.b" + n, "b" + n, "u32", a -> a == 0 ? n : n - Long.toBinaryString(a).length());
            unary("bfind.u" + n, "u" + n, "u32", a -> a == 0 ? -1 : Long.toBinaryString(a).length() - 1);
            unary("brev.b" + n, "b" + n, "b" + n, a -> {
                long r = 0;
                for (int i = 0; i < n; i++) {
                    r |= (a >>> i & 1) << n - 1 - i;
                }
                return r;
            });
            unary("not.b" + n, "b" + n, "b" + n, a -> -1 - a);
            unary("neg.s" + n, "s" + n, "s" + n, a -> 0 - a);
            unary("abs.s" + n, "s" + n, "s" + n, a -> (n == 64 ? a : (int) a) < 0 ? 0 - a : a);
        }
        unary("bfind.s32", "s32", "u32", a -> {
            for (int i = 31; i >= 0; i--) {
                if ((a >>> i & 1) != (a >>> 31 & 1)) {
                    return i;
                }
            }
            return -1;
        });
        unary("bfind.shiftamt.u32", "u32", "u32", a -> a == 0 ? -1 : 31 - (Long.toBinaryString(a).length() - 1));
        unary("cnot.b32", "b32", "b32", a -> a == 0 ? 1 : 0);
        for (int n : new int[] {16, 32, 64}) {
            logic("and", n, (a, b) -> a & b);
            logic("or", n, (a, b) -> a | b);
            logic("xor", n, (a, b) -> a ^ b);
        }
    }

    private static void logic(String opcode, int n, LongBinaryOperator f) {
        long[][] x = operands(n / 8, 2);
        long[] got = Lab.compute(opcode + ".b" + n + " $d, $a, $b;", "b" + n, List.of("b" + n, "b" + n), x);
        for (int i = 0; i < got.length; i++) {
            assertEquals(f.applyAsLong(x[0][i], x[1][i]), got[i], opcode);
        }
    }

    @Test
    void shiftsClampTheirAmount() {
        for (String t : List.of("s16", "u16", "s32", "u32", "s64", "u64")) {
            int n = PtxType.named(t).bytes * 8;
            long[][] x = operands(n / 8, 2);
            long[] amounts = Arrays.stream(x[1]).map(a -> a & 0xffffffffL).toArray();
            long[] right = Lab.compute("shr." + t + " $d, $a, $b;", t, List.of(t, "u32"), x[0], amounts);
            long[] left = Lab.compute("shl.b" + n + " $d, $a, $b;", t, List.of(t, "u32"), x[0], amounts);
            for (int i = 0; i < right.length; i++) {
                int amount = (int) Math.min(amounts[i], n);
                assertEquals(bits(value(x[0][i], t).shiftRight(amount), t), right[i], "shr." + t + " by " + amounts[i]);
                assertEquals(bits(value(x[0][i], t).shiftLeft(amount), t), left[i], "shl." + t + " by " + amounts[i]);
            }
        }
        long[][] x = operands(4, 3);
        for (String mode : List.of("wrap", "clamp")) {
            long[] left = Lab.compute("shf.l." + mode + ".b32 $d, $a, $b, $c;", "b32", List.of("b32", "b32", "u32"), x);
            long[] right = Lab.compute("shf.r." + mode + ".b32 $d, $a, $b, $c;", "b32", List.of("b32", "b32", "u32"), x);
            for (int i = 0; i < left.length; i++) {
                int amount = mode.equals("wrap") ? (int) (x[2][i] & 31) : (int) Math.min(x[2][i], 32);
                BigInteger both = value(x[1][i], "u32").shiftLeft(32).or(value(x[0][i], "u32"));
                assertEquals(bits(both.shiftLeft(amount).shiftRight(32), "u32"), left[i], "shf.l." + mode);
                assertEquals(bits(both.shiftRight(amount), "u32"), right[i], "shf.r." + mode);
            }
        }
    }

    @Test
    void bitFields() {
        for (int n : new int[] {32, 64}) {
            int count = 70 * 70;
            long[] pos = new long[count];
            long[] len = new long[count];
            long[] a = new long[count];
            long[] b = new long[count];
            Random random = new Random(3);
            for (int i = 0; i < count; i++) {
                pos[i] = i / 70;
                len[i] = i % 70;
                a[i] = n == 64 ? random.nextLong() : random.nextInt() & 0xffffffffL;
                b[i] = n == 64 ? random.nextLong() : random.nextInt() & 0xffffffffL;
            }
            String u = "u" + n;
            long[] extracted = Lab.compute("bfe." + u + " $d, $a, $b, $c;", u, List.of(u, "u32", "u32"), a, pos, len);
            long[] inserted = Lab.compute("bfi.b" + n + " $d, $a, $b, $c, $e;", "b" + n, List.of("b" + n, "b" + n, "u32", "u32"),
                    a, b, pos, len);
            long[] signed = n == 64 ? null : Lab.compute("bfe.s32 $d, $a, $b, $c;", "s32", List.of("s32", "u32", "u32"), a, pos,
                    len);
            for (int i = 0; i < count; i++) {
                BigInteger mask = BigInteger.ONE.shiftLeft((int) len[i]).subtract(BigInteger.ONE);
                BigInteger field = value(a[i], u).shiftRight((int) pos[i]).and(mask);
                String at = " pos " + pos[i] + " len " + len[i];
                assertEquals(bits(field, u), extracted[i], "bfe." + u + at);
                BigInteger placed = mask.shiftLeft((int) pos[i]);
                assertEquals(bits(value(b[i], u).andNot(placed).or(value(a[i], u).and(mask).shiftLeft((int) pos[i])), u),
                        inserted[i], "bfi.b" + n + at);
                if (signed != null) {
                    // Sign bit: the field's highest, or bit 31 where the field reaches beyond it (PTX ISA 9.7.1.17).
                    int top = (int) Math.min(pos[i] + len[i] - 1, 31);
                    boolean negative = len[i] > 0 && (a[i] >>> top & 1) != 0;
                    BigInteger all = field;
                    for (int k = 0; negative && k < 32; k++) {
                        all = k >= len[i] || pos[i] + k > 31 ? all.setBit(k) : all;
                    }
                    assertEquals(bits(all, "u32"), signed[i], "bfe.s32" + at);
                }
            }
        }
    }

    @Test
    void permuteAndLogicTables() {
        long[][] x = operands(4, 3);
        long[] permuted = Lab.compute("prmt.b32 $d, $a, $b, $c;", "b32", List.of("b32", "b32", "b32"), x);
        for (int i = 0; i < permuted.length; i++) {
            byte[] bytes = new byte[8];
            for (int k = 0; k < 4; k++) {
                bytes[k] = (byte) (x[0][i] >> 8 * k);
                bytes[k + 4] = (byte) (x[1][i] >> 8 * k);
            }
            long want = 0;
            for (int k = 0; k < 4; k++) {
                int s = (int) (x[2][i] >> 4 * k) & 15;
                int v = bytes[s & 7];
                want |= (s > 7 ? v < 0 ? 0xffL : 0 : v & 0xffL) << 8 * k;
            }
            assertEquals(want, permuted[i]);
        }
        for (int table : new int[] {0, 0x80, 0xe8, 0x96, 0xca, 0xfe, 0xff, 0x1b}) {
            long[] got = Lab.compute("lop3.b32 $d, $a, $b, $c, " + table + ";", "b32", List.of("b32", "b32", "b32"), x);
            for (int i = 0; i < got.length; i++) {
                long want = 0;
                for (int k = 0; k < 32; k++) {
                    int row = (int) ((x[0][i] >> k & 1) << 2 | (x[1][i] >> k & 1) << 1 | x[2][i] >> k & 1);
                    want |= (long) (table >> row & 1) << k;
                }
                assertEquals(want, got[i], "lop3 " + table);
            }
        }
    }

    @Test
    void dotProductsOfBytes() {
        long[][] x = operands(4, 3);
        for (String s : List.of("u", "s")) {
            String t = s + "32." + s + "32 $d, $a, $b, $c;";
            long[] four = Lab.compute("dp4a." + t, s + "32", List.of(s + "32", s + "32", s + "32"), x);
            long[] low = Lab.compute("dp2a.lo." + t, s + "32", List.of(s + "32", s + "32", s + "32"), x);
            long[] high = Lab.compute("dp2a.hi." + t, s + "32", List.of(s + "32", s + "32", s + "32"), x);
            for (int i = 0; i < four.length; i++) {
                BigInteger f = value(x[2][i], s + "32");
                BigInteger l = f;
                BigInteger h = f;
                for (int k = 0; k < 4; k++) {
                    BigInteger b = value(x[1][i] >>> 8 * k, s + "8");
                    f = f.add(value(x[0][i] >>> 8 * k, s + "8").multiply(b));
                    BigInteger part = value(x[0][i] >>> 16 * (k & 1), s + "16").multiply(b);
                    l = k < 2 ? l.add(part) : l;
                    h = k >= 2 ? h.add(part) : h;
                }
                assertEquals(bits(f, "u32"), four[i], "dp4a");
                assertEquals(bits(l, "u32"), low[i], "dp2a.lo");
                assertEquals(bits(h, "u32"), high[i], "dp2a.hi");
            }
        }
    }

    @Test
    void comparisonsAndSelections() {
        for (String t : List.of("s16", "u16", "s32", "u32", "s64", "u64")) {
            long[][] x = operands(PtxType.named(t).bytes, 2);
            for (String op : List.of("eq", "ne", "lt", "le", "gt", "ge")) {
                long[] got = Lab.compute("setp." + op + "." + t + " $d, $a, $b;", "pred", List.of(t, t), x);
                for (int i = 0; i < got.length; i++) {
                    int c = value(x[0][i], t).compareTo(value(x[1][i], t));
                    boolean want = switch (op) {
                        case "eq" -> c == 0;
                        case "ne" -> c != 0;
                        case "lt" -> c < 0;
                        case "le" -> c <= 0;
                        case "gt" -> c > 0;
                        default -> c >= 0;
                    };
                    assertEquals(want ? 1 : 0, got[i], op + "." + t);
                }
            }
        }
        long[] a = {1, 2, 3, 4};
        long[] b = {4, 3, 2, 1};
        long[] p = {0, 1, 0, 1};
        Assertions.assertArrayEquals(new long[] {4, 2, 2, 4}, Lab.compute("selp.b32 $d, $a, $b, $c;", "b32",
                List.of("b32", "b32", "pred"), a, b, p));
        // p = (a < b) and c, q = !(a < b) and c, r = !q.
        String both = "setp.lt.and.s32 %q0|%q1, $a, $b, $c; selp.u32 %t0, 1, 0, %q0; "
                + "selp.u32 %t1, 2, 0, %q1; or.b32 $d, %t0, %t1;";
        Assertions.assertArrayEquals(new long[] {0, 1, 0, 2}, Lab.compute(both, "b32", List.of("s32", "s32", "pred"), a, b, p));
        String xor = "setp.lt.xor.s32 %q0, $a, $b, !$c; not.pred %q1, %q0; selp.u32 $d, 1, 0, %q1;";
        Assertions.assertArrayEquals(new long[] {1, 0, 0, 1}, Lab.compute(xor, "b32", List.of("s32", "s32", "pred"), a, b, p));
        Assertions.assertArrayEquals(new long[] {0xffffffffL, 0xffffffffL, 0, 0},
                Lab.compute("set.lt.u32.s32 $d, $a, $b;", "b32", List.of("s32", "s32"), a, b));
    }

    @Test
    void divisionByZeroIsAFault() {
        for (String op : List.of("div.s32", "div.u32", "rem.s64", "rem.u16")) {
            String t = op.substring(4);
            PtxFault f = Assertions.assertThrows(PtxFault.class, () ->
                    Lab.compute(op + " $d, $a, $b;", t, List.of(t, t), new long[] {1}, new long[] {0}));
            assertTrue(f.getMessage().contains("division by zero") && f.getMessage().contains(op), f.getMessage());
        }
    }
}
