package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** f16 and bf16: arithmetic and conversions, rounded by searching all values of the format. */
class HalfLanesTest {
    /** All finite values of a format, each with its bits; of zero the positive one. */
    private static TreeMap<BigDecimal, Integer> values(boolean bf16) {
        TreeMap<BigDecimal, Integer> all = new TreeMap<>();
        for (int b = 0; b < 0x10000; b++) {
            float v = value(bf16, b);
            if (!Float.isNaN(v) && !Float.isInfinite(v) && b != 0x8000) {
                all.put(new BigDecimal(v), b);
            }
        }
        return all;
    }

    private static final TreeMap<BigDecimal, Integer> F16 = values(false);
    private static final TreeMap<BigDecimal, Integer> BF16 = values(true);

    /** Decoded by the definition of the formats: sign, exponent, fraction. */
    private static float value(boolean bf16, int b) {
        int fractionBits = bf16 ? 7 : 10;
        int bias = bf16 ? 127 : 15;
        int e = (b & 0x7fff) >> fractionBits;
        int f = b & (1 << fractionBits) - 1;
        double m = e == 0 ? f * Math.pow(2, 1 - bias - fractionBits)
                : (f + (1 << fractionBits)) * Math.pow(2, e - bias - fractionBits);
        if (e == 2 * bias + 1) {
            m = f == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        }
        return (float) ((b & 0x8000) != 0 ? -m : m);
    }

    /** Nearest even by the two neighbours; the mode rz as well. */
    private static int round(boolean bf16, BigDecimal x, String mode) {
        TreeMap<BigDecimal, Integer> all = bf16 ? BF16 : F16;
        BigDecimal max = all.lastKey();
        if (x.abs().compareTo(max) > 0) {
            // Beyond the largest value: half a step further is the border between it and infinity.
            BigDecimal border = max.add(max.subtract(all.lowerKey(max)).divide(BigDecimal.TWO));
            boolean infinite = !mode.equals("rz") && x.abs().compareTo(border) >= 0;
            int magnitude = infinite ? bf16 ? 0x7f80 : 0x7c00 : all.get(max);
            return x.signum() < 0 ? magnitude | 0x8000 : magnitude;
        }
        BigDecimal low = all.floorKey(x);
        BigDecimal high = all.ceilingKey(x);
        if (low.equals(high) || low.compareTo(high) == 0) {
            return all.get(low);
        }
        BigDecimal pick;
        if (mode.equals("rz")) {
            pick = x.signum() > 0 ? low : high;
        } else {
            int c = x.subtract(low).compareTo(high.subtract(x));
            pick = c < 0 ? low : c > 0 ? high : (all.get(low) & 1) == 0 ? low : high;
        }
        int b = all.get(pick);
        return b == 0 && x.signum() < 0 ? 0x8000 : b;
    }

    private static boolean finite(boolean bf16, int b) {
        return (b & 0x7fff) < (bf16 ? 0x7f80 : 0x7c00);
    }

    private static long[][] operands(boolean bf16, int count) {
        Random r = new Random(17);
        int n = 1500;
        long[][] x = new long[count][n];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < count; k++) {
                int b = i < 500 ? r.nextInt(0x10000) : Bits.toBf16((float) r.nextGaussian());
                x[k][i] = (i < 500 ? b : bf16 ? b : Float.floatToFloat16((float) r.nextGaussian())) & 0xffff;
            }
        }
        return x;
    }

    @Test
    void arithmetic() {
        for (boolean bf16 : new boolean[] {false, true}) {
            String t = bf16 ? "bf16" : "f16";
            long[][] x = operands(bf16, 3);
            List<String> three = List.of("b16", "b16", "b16");
            long[] add = Lab.compute("add.rn." + t + " $d, $a, $b;", "b16", three.subList(0, 2), x[0], x[1]);
            long[] sub = Lab.compute("sub." + t + " $d, $a, $b;", "b16", three.subList(0, 2), x[0], x[1]);
            long[] mul = Lab.compute("mul." + t + " $d, $a, $b;", "b16", three.subList(0, 2), x[0], x[1]);
            long[] fma = Lab.compute("fma.rn." + t + " $d, $a, $b, $c;", "b16", three, x);
            for (int i = 0; i < add.length; i++) {
                int a = (int) x[0][i];
                int b = (int) x[1][i];
                int c = (int) x[2][i];
                if (!finite(bf16, a) || !finite(bf16, b) || !finite(bf16, c)) {
                    continue;
                }
                BigDecimal ea = new BigDecimal(value(bf16, a));
                BigDecimal eb = new BigDecimal(value(bf16, b));
                BigDecimal ec = new BigDecimal(value(bf16, c));
                String at = "." + t + " of " + ea + ", " + eb + ", " + ec;
                check(bf16, ea.add(eb), add[i], "add" + at);
                check(bf16, ea.subtract(eb), sub[i], "sub" + at);
                check(bf16, ea.multiply(eb), mul[i], "mul" + at);
                check(bf16, ea.multiply(eb).add(ec), fma[i], "fma" + at);
            }
        }
    }

    private static void check(boolean bf16, BigDecimal exact, long got, String what) {
        if (exact.signum() == 0) {
            assertEquals(0, got & 0x7fff, what);
        } else {
            assertEquals(round(bf16, exact, "rn"), (int) got, what);
        }
    }

    @Test
    void pairsAreTwoOfThem() {
        for (String t : List.of("f16", "bf16")) {
            long[][] x = operands(t.equals("bf16"), 6);
            for (String op : List.of("add.rn", "sub.rn", "mul.rn", "fma.rn", "min", "max", "neg", "abs")) {
                int k = op.startsWith("fma") ? 3 : op.equals("neg") || op.equals("abs") ? 1 : 2;
                String operands = List.of(" $d, $a;", " $d, $a, $b;", " $d, $a, $b, $c;").get(k - 1);
                long[][] low = java.util.Arrays.copyOf(x, k);
                long[][] high = java.util.Arrays.copyOfRange(x, 3, 3 + k);
                long[][] both = new long[k][low[0].length];
                for (int j = 0; j < k; j++) {
                    for (int i = 0; i < both[j].length; i++) {
                        both[j][i] = low[j][i] | high[j][i] << 16;
                    }
                }
                List<String> b16 = List.of("b16", "b16", "b16").subList(0, k);
                long[] l = Lab.compute(op + "." + t + operands, "b16", b16, low);
                long[] h = Lab.compute(op + "." + t + operands, "b16", b16, high);
                long[] p = Lab.compute(op + "." + t + "x2" + operands, "b32", List.of("b32", "b32", "b32").subList(0, k), both);
                for (int i = 0; i < p.length; i++) {
                    assertEquals(l[i] | h[i] << 16, p[i], op + "." + t + "x2");
                }
            }
        }
    }

    @Test
    void minimumAndMaximum() {
        long[] a = {0x3c00, 0x8000, 0x0000, 0x7e00, 0x3c00, 0x7e00};
        long[] b = {0xbc00, 0x0000, 0x8000, 0x3c00, 0x7e01, 0x7e00};
        long[] min = {0xbc00, 0x8000, 0x8000, 0x3c00, 0x3c00, 0x7fff};
        long[] max = {0x3c00, 0x0000, 0x0000, 0x3c00, 0x3c00, 0x7fff};
        long[] gotMin = Lab.compute("min.f16 $d, $a, $b;", "b16", List.of("b16", "b16"), a, b);
        long[] gotMax = Lab.compute("max.f16 $d, $a, $b;", "b16", List.of("b16", "b16"), a, b);
        for (int i = 0; i < a.length; i++) {
            assertEquals(min[i], gotMin[i], "min " + i);
            assertEquals(max[i], gotMax[i], "max " + i);
        }
    }

    @Test
    void conversionsFromSinglePrecision() {
        Random r = new Random(23);
        int n = 3000;
        long[] x = new long[n];
        for (int i = 0; i < n; i++) {
            int b = r.nextInt();
            x[i] = switch (i % 4) {
                case 0 -> b; // anything
                case 1 -> Float.floatToRawIntBits((float) r.nextGaussian());
                case 2 -> b & 0xffff0000 | 0x8000; // a tie in bf16
                default -> Float.floatToRawIntBits(value(false, b & 0xffff)) | 0x1000; // mostly a tie in f16
            } & 0xffffffffL;
        }
        for (boolean bf16 : new boolean[] {false, true}) {
            String t = bf16 ? "bf16" : "f16";
            for (String mode : List.of("rn", "rz")) {
                long[] got = Lab.compute("cvt." + mode + "." + t + ".f32 $d, $a;", "b16", List.of("f32"), x);
                for (int i = 0; i < n; i++) {
                    float v = Float.intBitsToFloat((int) x[i]);
                    if (Float.isNaN(v)) {
                        assertEquals(0x7fff, got[i], "NaN");
                    } else if (Float.isInfinite(v)) {
                        assertEquals((bf16 ? 0x7f80 : 0x7c00) | (v < 0 ? 0x8000 : 0), got[i]);
                    } else {
                        int want = v == 0 ? Float.floatToRawIntBits(v) >>> 16 : round(bf16, new BigDecimal(v), mode);
                        assertEquals(want, (int) got[i], "cvt." + mode + "." + t + " of " + v);
                    }
                }
            }
            long[] y = x.clone();
            for (int i = 0; i < n; i++) {
                y[i] = x[(i + 1) % n];
            }
            long[] one = Lab.compute("cvt.rn." + t + ".f32 $d, $a;", "b16", List.of("f32"), x);
            long[] pairs = Lab.compute("cvt.rn." + t + "x2.f32 $d, $a, $b;", "b32", List.of("f32", "f32"), x, y);
            for (int i = 0; i < n; i++) {
                assertEquals(one[i] << 16 | one[(i + 1) % n], pairs[i], "the first source is the upper half");
            }
        }
    }

    @Test
    void conversionsToSinglePrecision() {
        long[] x = new long[0x10000];
        for (int i = 0; i < x.length; i++) {
            x[i] = i;
        }
        for (boolean bf16 : new boolean[] {false, true}) {
            long[] got = Lab.compute("cvt.f32." + (bf16 ? "bf16" : "f16") + " $d, $a;", "f32", List.of("b16"), x);
            for (int i = 0; i < x.length; i++) {
                float want = value(bf16, i);
                assertEquals(want != want ? 0x7fffffffL : Float.floatToRawIntBits(want) & 0xffffffffL, got[i], "bits " + i);
            }
        }
    }

    @Test
    void tf32HasTenBitsAndTiesGoAway() {
        float[] x = {1f, 1 + 0x1p-11f, -1 - 0x1p-11f, 1 + 0x1p-12f, 1 + 0x1.8p-11f, 3.14159265f, 0x1.ffcp127f, 0x1.ffep127f, 0f,
                -0f, 0x1p-149f};
        float[] want = {1f, 1 + 0x1p-10f, -1 - 0x1p-10f, 1f, 1 + 0x1p-10f, 0x1.92p1f, 0x1.ffcp127f, Float.POSITIVE_INFINITY, 0f,
                -0f, 0f};
        long[] bits = new long[x.length];
        for (int i = 0; i < x.length; i++) {
            bits[i] = Float.floatToRawIntBits(x[i]) & 0xffffffffL;
        }
        long[] got = Lab.compute("cvt.rna.tf32.f32 $d, $a;", "b32", List.of("f32"), bits);
        for (int i = 0; i < x.length; i++) {
            assertEquals(Float.floatToRawIntBits(want[i]) & 0xffffffffL, got[i], "tf32 of " + x[i]);
        }
    }
}
