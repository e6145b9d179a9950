package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** cvt between all integer and floating types against exact decimals, and moves between registers and their parts. */
class ConvertTest {
    private static final List<String> INTEGERS = List.of("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64");
    private static final Map<String, RoundingMode> MODES = Map.of("rni", RoundingMode.HALF_EVEN, "rzi", RoundingMode.DOWN, "rmi",
            RoundingMode.FLOOR,
            "rpi", RoundingMode.CEILING);

    private static String register(String type) {
        return type.endsWith("8") ? "b16" : "b" + PtxType.named(type).bytes * 8;
    }

    private static BigInteger min(String type) {
        int n = PtxType.named(type).bytes * 8;
        return type.startsWith("s") ? BigInteger.ONE.shiftLeft(n - 1).negate() : BigInteger.ZERO;
    }

    private static BigInteger max(String type) {
        int n = PtxType.named(type).bytes * 8;
        return BigInteger.ONE.shiftLeft(type.startsWith("s") ? n - 1 : n).subtract(BigInteger.ONE);
    }

    private static BigInteger value(long bits, String type) {
        int n = PtxType.named(type).bytes * 8;
        BigInteger u = new BigInteger(Long.toUnsignedString(bits)).and(BigInteger.ONE.shiftLeft(n).subtract(BigInteger.ONE));
        return type.startsWith("s") && u.testBit(n - 1) ? u.subtract(BigInteger.ONE.shiftLeft(n)) : u;
    }

    private static long bits(BigInteger v, int registerBytes) {
        return v.and(BigInteger.ONE.shiftLeft(8 * registerBytes).subtract(BigInteger.ONE)).longValue();
    }

    private static long[] samples() {
        long[] x = new long[300];
        Random r = new Random(2);
        long[] edges = {0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, Integer.MAX_VALUE, 1L << 31, (1L << 32) - 1,
                1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1,
            -128, -129, 16777217, (1L << 53) + 1, (1L << 24) + 1, (1L << 60) + (1L << 36), (1L << 60) + (1L << 36) + 1};
        for (int i = 0; i < x.length; i++) {
            x[i] = i < edges.length ? edges[i] : r.nextLong() >> r.nextInt(64);
        }
        return x;
    }

    private static long[] narrowed(long[] x, String register) {
        int n = PtxType.named(register).bytes;
        long[] y = x.clone();
        for (int i = 0; n < 8 && i < y.length; i++) {
            y[i] &= (1L << 8 * n) - 1;
        }
        return y;
    }

    @Test
    void betweenIntegers() {
        for (String from : INTEGERS) {
            long[] x = narrowed(samples(), register(from));
            for (String to : INTEGERS) {
                int width = PtxType.named(register(to)).bytes;
                long[] plain = Lab.compute("cvt." + to + "." + from + " $d, $a;", register(to), List.of(register(from)), x);
                long[] sat = Lab.compute("cvt.sat." + to + "." + from + " $d, $a;", register(to), List.of(register(from)), x);
                for (int i = 0; i < x.length; i++) {
                    BigInteger v = value(x[i], from);
                    String at = to + "." + from + " of " + v;
                    assertEquals(bits(value(v.longValue(), to), width), plain[i], "cvt." + at);
                    assertEquals(bits(v.min(max(to)).max(min(to)), width), sat[i], "cvt.sat." + at);
                }
            }
        }
    }

    @Test
    void fromFloatsToIntegers() {
        Random r = new Random(4);
        double[] v = new double[400];
        double[] edges = {0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 1e10, -1e10, 1e20, -1e20, 255.5, 127.5, -128.5,
                65535.5, 2147483647.5, 4294967295.5, Double.NaN,
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0x1p63, -0x1p63, 0x1p64};
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) (i < edges.length ? edges[i] : r.nextGaussian() * Math.pow(2, r.nextInt(70) - 4));
        }
        for (String from : List.of("f32", "f64")) {
            long[] x = new long[v.length];
            for (int i = 0; i < x.length; i++) {
                x[i] = from.equals("f32") ? Float.floatToRawIntBits((float) v[i]) & 0xffffffffL
                        : Double.doubleToRawLongBits(v[i]);
            }
            for (String to : INTEGERS) {
                for (var mode : MODES.entrySet()) {
                    long[] got = Lab.compute("cvt." + mode.getKey() + "." + to + "." + from + " $d, $a;", register(to),
                            List.of(from), x);
                    for (int i = 0; i < x.length; i++) {
                        BigInteger want;
                        if (Double.isNaN(v[i])) {
                            boolean zero = from.equals("f32") && !to.endsWith("64");
                            want = zero ? BigInteger.ZERO : value(1L << PtxType.named(to).bytes * 8 - 1, to);
                        } else if (Double.isInfinite(v[i])) {
                            want = v[i] > 0 ? max(to) : min(to);
                        } else {
                            want = new BigDecimal(v[i]).setScale(0, mode.getValue()).toBigInteger().min(max(to)).max(min(to));
                        }
                        assertEquals(bits(want, PtxType.named(register(to)).bytes), got[i], "cvt." + mode.getKey() + "." + to
                                + "." + from + " of " + v[i]);
                    }
                }
            }
        }
    }

    @Test
    void fromIntegersToFloats() {
        for (String from : INTEGERS) {
            long[] x = narrowed(samples(), register(from));
            long[] f = Lab.compute("cvt.rn.f32." + from + " $d, $a;", "f32", List.of(register(from)), x);
            long[] up = Lab.compute("cvt.rp.f32." + from + " $d, $a;", "f32", List.of(register(from)), x);
            long[] d = Lab.compute("cvt.rn.f64." + from + " $d, $a;", "f64", List.of(register(from)), x);
            long[] h = Lab.compute("cvt.rn.f16." + from + " $d, $a;", "b16", List.of(register(from)), x);
            for (int i = 0; i < x.length; i++) {
                BigDecimal v = new BigDecimal(value(x[i], from));
                String at = from + " of " + v;
                assertEquals(v.floatValue(), Float.intBitsToFloat((int) f[i]), "cvt.rn.f32." + at);
                assertEquals(v.doubleValue(), Double.longBitsToDouble(d[i]), "cvt.rn.f64." + at);
                float near = v.floatValue();
                float above = new BigDecimal(near).compareTo(v) < 0 ? Math.nextUp(near) : near;
                assertEquals(above, Float.intBitsToFloat((int) up[i]), "cvt.rp.f32." + at);
                if (v.abs().compareTo(BigDecimal.valueOf(2048)) <= 0) {
                    assertEquals(v.floatValue(), Float.float16ToFloat((short) h[i]), "cvt.rn.f16." + at);
                }
            }
        }
    }

    @Test
    void betweenFloats() {
        double[] v = {0.1, 1.0000000001, -2.5, 1e-40, 1e300, -1e300, 3, 0.5, 1.5, -0.5, -0.0};
        long[] x = new long[v.length];
        long[] s = new long[v.length];
        for (int i = 0; i < v.length; i++) {
            x[i] = Double.doubleToRawLongBits(v[i]);
            s[i] = Float.floatToRawIntBits((float) v[i]) & 0xffffffffL;
        }
        long[] narrow = Lab.compute("cvt.rn.f32.f64 $d, $a;", "f32", List.of("f64"), x);
        long[] down = Lab.compute("cvt.rm.f32.f64 $d, $a;", "f32", List.of("f64"), x);
        long[] wide = Lab.compute("cvt.f64.f32 $d, $a;", "f64", List.of("f32"), s);
        long[] even = Lab.compute("cvt.rni.f32.f32 $d, $a;", "f32", List.of("f32"), s);
        long[] ceiling = Lab.compute("cvt.rpi.f32.f32 $d, $a;", "f32", List.of("f32"), s);
        long[] sat = Lab.compute("cvt.sat.f32.f32 $d, $a;", "f32", List.of("f32"), s);
        for (int i = 0; i < v.length; i++) {
            float f = (float) v[i];
            assertEquals(f, Float.intBitsToFloat((int) narrow[i]));
            float below = f == Float.NEGATIVE_INFINITY ? f : f == Float.POSITIVE_INFINITY ? Float.MAX_VALUE
                    : new BigDecimal(f).compareTo(new BigDecimal(v[i])) > 0 ? Math.nextDown(f) : f;
            assertEquals(below, Float.intBitsToFloat((int) down[i]), "cvt.rm of " + v[i]);
            assertEquals((double) f, Double.longBitsToDouble(wide[i]));
            assertEquals(Float.floatToRawIntBits((float) Math.rint(f)), (int) even[i], "cvt.rni of " + f);
            assertEquals(Float.floatToRawIntBits((float) Math.ceil(f)), (int) ceiling[i], "cvt.rpi of " + f);
            assertEquals(f > 1 ? 1f : f > 0 ? f : 0f, Float.intBitsToFloat((int) sat[i]), "cvt.sat of " + f);
        }
    }

    @Test
    void aRoundingModifierIsAsked() {
        for (String op : List.of("cvt.f32.s32", "cvt.s32.f32", "cvt.f32.f64", "cvt.rn.s32.f32")) {
            PtxFault f = assertThrows(PtxFault.class, () -> Lab.compute(op + " $d, $a;", "b" + (op.contains("x") ? 64 : 32),
                    List.of(op.endsWith("64") ? "b64" : "b32"), new long[] {1}));
            assertTrue(f.getMessage().contains("rounding modifier"), f.getMessage());
        }
    }

    @Test
    void packingAndUnpacking() {
        long[] a = {0x1122334455667788L};
        assertArrayEquals(new long[] {0x5566778811223344L},
                Lab.compute("mov.b64 {%t0, %t1}, $a; mov.b64 $d, {%t1, %t0};", "b64", List.of("b64"), a));
        String halves = "{ .reg .b16 w, x, y, z; mov.b64 {w, x, y, z}, $a; mov.b64 $d, {z, y, x, w}; }";
        assertArrayEquals(new long[] {0x7788556633441122L}, Lab.compute(halves, "b64", List.of("b64"), a));
        String two = "{ .reg .b16 w, x; mov.b32 {w, x}, $a; mov.b32 $d, {x, w}; }";
        assertArrayEquals(new long[] {0x33441122L}, Lab.compute(two, "b32", List.of("b32"), new long[] {0x11223344L}));
        String one = "{ .reg .b16 w; mov.b32 {_, w}, $a; mov.b32 $d, {0, w}; }";
        assertArrayEquals(new long[] {0x11220000L}, Lab.compute(one, "b32", List.of("b32"), new long[] {0x11223344L}));
    }
}
