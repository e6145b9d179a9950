package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** f32 and f64 instructions against exact decimals, with ties, subnormal numbers, infinities and NaN. */
class FloatLanesTest {
    private static final float[] EDGES = {0f, -0f, 1f, -1f, 0.5f, 1.5f, 2f, 3f, -3f, 0x1p-126f, -0x1p-126f, 0x1p-127f,
            Float.MIN_VALUE, -Float.MIN_VALUE, 0x1p-149f * 3,
        Float.MAX_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1 + 0x1p-23f,
        1 - 0x1p-24f, 0x1p-24f, -0x1p-24f, 0x1p24f, 0x1p24f + 2,
        0x1.000002p-70f, 0x1.fffffep63f, 16777215f, 1e-30f, 7e20f};

    /** All triples are too many: pairs of edges with a third in turn, then random bits. */
    private static float[][] operands(int count) {
        Random random = new Random(11);
        int n = EDGES.length * EDGES.length + 500;
        float[][] x = new float[count][n];
        for (int i = 0; i < n; i++) {
            boolean edge = i < EDGES.length * EDGES.length;
            float[] v = {edge ? EDGES[i / EDGES.length] : random(random), edge ? EDGES[i % EDGES.length] : random(random),
                edge ? EDGES[(i * 7 + i / 5) % EDGES.length] : random(random)};
            for (int k = 0; k < count; k++) {
                x[k][i] = v[k];
            }
        }
        return x;
    }

    private static float random(Random r) {
        return r.nextInt(4) == 0 ? Float.intBitsToFloat(r.nextInt()) : (float) (r.nextGaussian() * Math.pow(2, r.nextInt(12)));
    }

    private static long[] bits(float... x) {
        long[] b = new long[x.length];
        for (int i = 0; i < b.length; i++) {
            b[i] = Float.floatToRawIntBits(x[i]) & 0xffffffffL;
        }
        return b;
    }

    private static float[] compute(String instruction, float[]... x) {
        List<String> types = List.of("f32", "f32", "f32").subList(0, x.length);
        long[][] in = new long[x.length][];
        for (int i = 0; i < x.length; i++) {
            in[i] = bits(x[i]);
        }
        String[] operands = {"$d, $a;", "$d, $a, $b;", "$d, $a, $b, $c;"};
        long[] got = Lab.compute(instruction + " " + operands[x.length - 1], "f32", types, in);
        float[] y = new float[got.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = Float.intBitsToFloat((int) got[i]);
        }
        return y;
    }

    private static void assertSame(float want, float got, String what) {
        if (want != want) {
            assertEquals(0x7fffffff, Float.floatToRawIntBits(got), what + ": NaN is canonical");
        } else {
            assertEquals(Float.floatToRawIntBits(want), Float.floatToRawIntBits(got), () -> what + ": want " + want + ", got "
                    + got);
        }
    }

    /** An exact value to f32 in a mode, from the two neighbours that enclose it. Only for finite values of any size. */
    private static float round(BigDecimal exact, String mode) {
        float near = exact.floatValue(); // nearest even, Infinity beyond the range
        if (Float.isInfinite(near)) {
            boolean positive = near > 0;
            boolean overflow = mode.equals("rn") || mode.equals(positive ? "rp" : "rm");
            return overflow ? near : Math.copySign(Float.MAX_VALUE, near);
        }
        int c = new BigDecimal(near).compareTo(exact);
        return switch (mode) {
            case "rp" -> c < 0 ? Math.nextUp(near) : near;
            case "rm" -> c > 0 ? Math.nextDown(near) : near;
            case "rz" -> c > 0 && exact.signum() > 0 ? Math.nextDown(near) : c < 0 && exact.signum() < 0 ? Math.nextUp(near)
                    : near;
            default -> near;
        };
    }

    private static boolean finite(float... x) {
        for (float v : x) {
            if (Float.isNaN(v) || Float.isInfinite(v)) {
                return false;
            }
        }
        return true;
    }

    @Test
    void sumsProductsAndFusedOnesInEveryMode() {
        float[][] x = operands(3);
        for (String mode : List.of("rn", "rz", "rm", "rp")) {
            float[] add = compute("add." + mode + ".f32", x[0], x[1]);
            float[] sub = compute("sub." + mode + ".f32", x[0], x[1]);
            float[] mul = compute("mul." + mode + ".f32", x[0], x[1]);
            float[] fma = compute("fma." + mode + ".f32", x[0], x[1], x[2]);
            for (int i = 0; i < add.length; i++) {
                float a = x[0][i];
                float b = x[1][i];
                float c = x[2][i];
                String at = " of " + a + ", " + b + ", " + c + " in " + mode;
                if (!finite(a, b)) {
                    assertSame(a + b, add[i], "add" + at);
                    assertSame(a - b, sub[i], "sub" + at);
                    assertSame(a * b, mul[i], "mul" + at);
                    continue;
                }
                BigDecimal ea = new BigDecimal(a);
                BigDecimal eb = new BigDecimal(b);
                check(ea.add(eb), a + b, mode, add[i], "add" + at);
                check(ea.subtract(eb), a - b, mode, sub[i], "sub" + at);
                check(ea.multiply(eb), a * b, mode, mul[i], "mul" + at);
                if (finite(c)) {
                    check(ea.multiply(eb).add(new BigDecimal(c)), a * b + c, mode, fma[i], "fma" + at);
                }
            }
        }
    }

    /** @param zero what Java gives where the exact result is zero: right in its sign but for rm */
    private static void check(BigDecimal exact, float zero, String mode, float got, String what) {
        if (exact.signum() == 0) {
            boolean sum = !what.startsWith("mul");
            assertEquals(0f, Math.abs(got), what);
            if (!sum || !mode.equals("rm")) {
                if (zero == 0) {
                    assertSame(zero, got, what);
                }
            } else if (Float.floatToRawIntBits(got) == 0) {
                assertEquals(0, Float.floatToRawIntBits(zero), what + ": an exact zero sum of unlike signs is -0 in rm");
            }
            return;
        }
        float want = round(exact, mode);
        if (want == 0) {
            want = Math.copySign(0f, exact.signum());
        }
        assertSame(want, got, what);
    }

    @Test
    void tiesGoToEven() {
        float[] a = {1f, 1f, 1 + 0x1p-23f, 16777216f, 16777218f};
        float[] b = {0x1p-24f, 0x1.8p-24f, 0x1p-24f, 1f, 1f};
        float[] want = {1f, 1 + 0x1p-23f, 1 + 0x1p-22f, 16777216f, 16777220f};
        float[] got = compute("add.f32", a, b);
        for (int i = 0; i < want.length; i++) {
            assertSame(want[i], got[i], "tie " + i);
        }
    }

    @Test
    void flushToZeroAndSaturation() {
        float[][] x = operands(2);
        float[] add = compute("add.ftz.f32", x[0], x[1]);
        float[] mul = compute("mul.ftz.f32", x[0], x[1]);
        float[] sat = compute("add.sat.f32", x[0], x[1]);
        for (int i = 0; i < add.length; i++) {
            assertSame(flush(flush(x[0][i]) + flush(x[1][i])), add[i], "add.ftz of " + x[0][i] + ", " + x[1][i]);
            assertSame(flush(flush(x[0][i]) * flush(x[1][i])), mul[i], "mul.ftz of " + x[0][i] + ", " + x[1][i]);
            float s = x[0][i] + x[1][i];
            assertSame(s >= 1 ? 1f : s > 0 ? s : 0f, sat[i], "add.sat of " + x[0][i] + ", " + x[1][i]);
        }
    }

    private static float flush(float x) {
        return x != 0 && Math.abs(x) < Float.MIN_NORMAL ? x < 0 ? -0f : 0f : x;
    }

    @Test
    void minimumAndMaximumPassOverNaN() {
        float[][] x = operands(2);
        float[] min = compute("min.f32", x[0], x[1]);
        float[] max = compute("max.f32", x[0], x[1]);
        float[] minNaN = compute("min.NaN.f32", x[0], x[1]);
        for (int i = 0; i < min.length; i++) {
            float a = x[0][i];
            float b = x[1][i];
            String at = " of " + a + ", " + b;
            boolean less = a < b || a == b && 1 / a < 1 / b;
            assertSame(a != a ? b : b != b || less ? a : b, min[i], "min" + at);
            assertSame(a != a ? b : b != b ? a : less ? b : a, max[i], "max" + at);
            assertSame(a != a || b != b ? Float.NaN : less ? a : b, minNaN[i], "min.NaN" + at);
        }
    }

    @Test
    void quotientsAndRoots() {
        float[][] x = operands(2);
        float[] div = compute("div.rn.f32", x[0], x[1]);
        float[] rcp = compute("rcp.rn.f32", x[0]);
        float[] sqrt = compute("sqrt.rn.f32", x[0]);
        for (int i = 0; i < div.length; i++) {
            float a = x[0][i];
            float b = x[1][i];
            boolean plain = finite(a, b) && a != 0 && b != 0;
            assertSame(plain ? quotient(a, b) : a / b, div[i], "div of " + a + ", " + b);
            assertSame(finite(a) && a != 0 ? quotient(1, a) : 1 / a, rcp[i], "rcp of " + a);
            float root = finite(a) && a > 0 ? new BigDecimal(a).sqrt(MathContext.DECIMAL128).floatValue() : a < 0 ? Float.NaN : a;
            assertSame(root, sqrt[i], "sqrt of " + a);
        }
    }

    /** Ties, which only subnormal quotients can be, are exact within 200 digits. */
    private static float quotient(float a, float b) {
        float q = new BigDecimal(a).divide(new BigDecimal(b), new MathContext(200)).floatValue();
        return q == 0 ? Math.copySign(0f, Math.signum(a) * Math.signum(b)) : q;
    }

    @Test
    void comparisonsWithNaN() {
        float[][] x = operands(2);
        for (String op : List.of("eq", "ne", "lt", "le", "gt", "ge", "num", "nan", "equ", "neu", "ltu", "leu", "gtu", "geu")) {
            long[] got = Lab.compute("setp." + op + ".f32 $d, $a, $b;", "pred", List.of("f32", "f32"), bits(x[0]), bits(x[1]));
            for (int i = 0; i < got.length; i++) {
                float a = x[0][i];
                float b = x[1][i];
                boolean unordered = a != a || b != b;
                boolean base = switch (op.substring(0, 2)) {
                    case "eq" -> a == b;
                    case "ne" -> !unordered && a != b;
                    case "lt" -> a < b;
                    case "le" -> a <= b;
                    case "gt" -> a > b;
                    case "ge" -> a >= b;
                    default -> op.equals("nan") == unordered;
                };
                boolean want = op.length() == 3 && op.endsWith("u") ? base || unordered : base;
                assertEquals(want ? 1 : 0, got[i], op + " of " + a + ", " + b);
            }
        }
    }

    @Test
    void signs() {
        float[][] x = operands(2);
        float[] neg = compute("neg.f32", x[0]);
        float[] abs = compute("abs.f32", x[0]);
        float[] copy = compute("copysign.f32", x[0], x[1]);
        for (int i = 0; i < neg.length; i++) {
            int a = Float.floatToRawIntBits(x[0][i]);
            int b = Float.floatToRawIntBits(x[1][i]);
            assertEquals(a ^ 0x80000000, Float.floatToRawIntBits(neg[i]));
            assertEquals(a & 0x7fffffff, Float.floatToRawIntBits(abs[i]));
            assertEquals(a & 0x80000000 | b & 0x7fffffff, Float.floatToRawIntBits(copy[i]));
        }
    }

    @Test
    void doublePrecision() {
        Random r = new Random(5);
        int n = 300;
        long[][] x = new long[3][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < 3; k++) {
                x[k][i] = Double.doubleToRawLongBits(r.nextGaussian() * Math.pow(2, r.nextInt(80) - 40));
            }
        }
        List<String> three = List.of("f64", "f64", "f64");
        long[] fma = Lab.compute("fma.rn.f64 $d, $a, $b, $c;", "f64", three, x);
        long[] mix = Lab.compute("add.f64 $d, $a, $b; mul.f64 $d, $d, $c; sub.rn.f64 $d, $d, $a;", "f64", three, x);
        long[] div = Lab.compute("div.rn.f64 $d, $a, $b;", "f64", three.subList(0, 2), x[0], x[1]);
        long[] root = Lab.compute("abs.f64 $a, $a; sqrt.rn.f64 $d, $a; rcp.rn.f64 $d, $d; neg.f64 $d, $d;", "f64",
                three.subList(0, 1), x[0]);
        for (int i = 0; i < n; i++) {
            double a = Double.longBitsToDouble(x[0][i]);
            double b = Double.longBitsToDouble(x[1][i]);
            double c = Double.longBitsToDouble(x[2][i]);
            assertEquals(new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c)).doubleValue(),
                    Double.longBitsToDouble(fma[i]));
            assertEquals((a + b) * c - a, Double.longBitsToDouble(mix[i]));
            assertEquals(a / b, Double.longBitsToDouble(div[i]));
            assertEquals(-(1 / Math.sqrt(Math.abs(a))), Double.longBitsToDouble(root[i]));
        }
    }

    // ---- approximate functions ---------------------------------------------------------------------------------

    @AfterEach
    void exactAgain() {
        Approximation.perturb(0);
    }

    private record Approximate(String opcode, DoubleUnaryOperator exact, double from, double to, double relative,
            double absolute) {
    }

    private static final List<Approximate> APPROXIMATE = List.of(
            new Approximate("rcp.approx.f32", v -> 1 / v, 1e-6, 1e6, 0x1p-23, 0),
            new Approximate("rcp.approx.ftz.f32", v -> 1 / v, -50, -1e-6, 0x1p-23, 0),
            new Approximate("sqrt.approx.f32", Math::sqrt, 1e-6, 1e6, 0x1p-23, 0),
            new Approximate("rsqrt.approx.f32", v -> 1 / Math.sqrt(v), 1e-6, 1e6, Math.pow(2, -22.9), 0),
            new Approximate("ex2.approx.f32", v -> Math.pow(2, v), -120, 120, 2 * 0x1p-23, 0),
            new Approximate("lg2.approx.f32", v -> Math.log(v) / Math.log(2), 2.1, 1e6, 0x1p-22, 0),
            new Approximate("lg2.approx.f32", v -> Math.log(v) / Math.log(2), 0.51, 1.99, 0, 0x1p-22),
            new Approximate("sin.approx.f32", Math::sin, -6, 6, 0, Math.pow(2, -20.5)),
            new Approximate("cos.approx.ftz.f32", Math::cos, -6, 6, 0, Math.pow(2, -20.5)),
            new Approximate("tanh.approx.f32", Math::tanh, -4, 4, 0x1p-11, 0));

    @Test
    void approximateFunctionsAreRoundedOrStayInsideTheirBounds() {
        int n = 200;
        for (Approximate f : APPROXIMATE) {
            float[] x = new float[n];
            for (int i = 0; i < n; i++) {
                x[i] = (float) (f.from + (f.to - f.from) * i / (n - 1));
            }
            float[] rounded = compute(f.opcode, x);
            Approximation.perturb(3);
            float[] moved = compute(f.opcode, x);
            Approximation.perturb(0);
            int differ = 0;
            for (int i = 0; i < n; i++) {
                double exact = f.exact.applyAsDouble(x[i]);
                assertEquals((float) exact, rounded[i], Math.ulp((float) exact), f.opcode + " of " + x[i]);
                double bound = Math.max(f.absolute, f.relative * Math.abs(exact));
                assertEquals(exact, moved[i], bound * 1.01, f.opcode + " perturbed, of " + x[i]);
                differ += moved[i] != rounded[i] ? 1 : 0;
            }
            assertTrue(differ > n / 10, f.opcode + ": perturbation moved only " + differ + " of " + n);
        }
    }

    @Test
    void approximateFunctionsAtTheirEnds() {
        float inf = Float.POSITIVE_INFINITY;
        assertAll("rcp.approx.f32", new float[] {0, -0f, inf, -inf, Float.NaN}, inf, -inf, 0, -0f, Float.NaN);
        assertAll("rsqrt.approx.f32", new float[] {0, -0f, inf, -1}, inf, -inf, 0, Float.NaN);
        assertAll("lg2.approx.f32", new float[] {0, -0f, inf, -1, 1, 8, 0x1p-149f}, -inf, -inf, inf, Float.NaN, 0, 3, -149);
        assertAll("lg2.approx.ftz.f32", new float[] {0x1p-149f}, -inf);
        assertAll("ex2.approx.f32", new float[] {0, -0f, inf, -inf, -149, 128, 10}, 1, 1, inf, 0, 0x1p-149f, inf, 1024);
        assertAll("ex2.approx.ftz.f32", new float[] {-149, -127}, 0, 0);
        assertAll("sin.approx.f32", new float[] {0, -0f, inf}, 0, -0f, Float.NaN);
    }

    private static void assertAll(String opcode, float[] x, float... want) {
        float[] got = compute(opcode, x);
        for (int i = 0; i < want.length; i++) {
            assertSame(want[i], got[i], opcode + " of " + x[i]);
        }
    }
}
