package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** mma.sync and ldmatrix against plain loops over matrices, with small integers so that every sum is exact. */
class MatrixTest {
    private final Lab lab = new Lab();
    private final Random random = new Random(9);

    private float[] integers(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextInt(17) - 8;
        }
        return x;
    }

    private static int bits(String type, float x) {
        return switch (type) {
            case "f16" -> Float.floatToFloat16(x) & 0xffff;
            case "bf16" -> Float.floatToRawIntBits(x) >>> 16;
            default -> Float.floatToRawIntBits(x);
        };
    }

    /** Packs a lane's elements of A (16 x k), as the figures of PTX ISA 9.7.13.4.6 to 9.7.13.4.8 place them. */
    private static int[] fragmentA(String type, int k, float[] a, int lane) {
        int g = lane / 4;
        int t = lane % 4;
        if (type.equals("tf32")) {
            return k == 4
                    ? new int[] {bits(type, a[g * k + t]), bits(type, a[(g + 8) * k + t])}
                    : new int[] {bits(type, a[g * k + t]), bits(type, a[(g + 8) * k + t]), bits(type, a[g * k + t + 4]),
                            bits(type, a[(g + 8) * k + t + 4])};
        }
        int[] r = new int[k / 4];
        for (int i = 0; i < r.length; i++) {
            int row = i % 2 == 0 ? g : g + 8;
            int column = 2 * t + (i >= 2 ? 8 : 0);
            r[i] = bits(type, a[row * k + column]) | bits(type, a[row * k + column + 1]) << 16;
        }
        return r;
    }

    private static int[] fragmentB(String type, int k, float[] b, int lane) {
        int g = lane / 4;
        int t = lane % 4;
        if (type.equals("tf32")) {
            return k == 4 ? new int[] {bits(type, b[t * 8 + g])} : new int[] {bits(type, b[t * 8 + g]),
                    bits(type, b[(t + 4) * 8 + g])};
        }
        int[] r = new int[k / 8];
        for (int i = 0; i < r.length; i++) {
            int row = 2 * t + 8 * i;
            r[i] = bits(type, b[row * 8 + g]) | bits(type, b[(row + 1) * 8 + g]) << 16;
        }
        return r;
    }

    private void multiply(String type, int k) {
        float[] a = integers(16 * k);
        float[] b = integers(k * 8);
        float[] c = integers(16 * 8);
        int na = type.equals("tf32") ? k / 2 : k / 4;
        int nb = na / 2;
        int words = na + nb + 4;
        long[] in = new long[32 * words];
        for (int lane = 0; lane < 32; lane++) {
            int at = lane * words;
            for (int v : fragmentA(type, k, a, lane)) {
                in[at++] = v;
            }
            for (int v : fragmentB(type, k, b, lane)) {
                in[at++] = v;
            }
            for (int i = 0; i < 4; i++) {
                in[at++] = Float.floatToRawIntBits(c[(lane / 4 + 8 * (i / 2)) * 8 + 2 * (lane % 4) + i % 2]);
            }
        }
        long pIn = lab.upload(4, in);
        long pOut = lab.gpu.allocate(4 * 128, "out");
        StringBuilder body = new StringBuilder("mul.wide.u32 %rd2, %r0, " + 4 * words + "; add.u64 %rd2, %rd2, %rd0;\n");
        for (int i = 0; i < words; i++) {
            body.append("ld.global.b32 ").append(i < na + nb ? "%r" + (10 + i) : "%f"
                    + (10 + i - na - nb)).append(", [%rd2+").append(4 * i).append("];\n");
        }
        String mma = "mma.sync.aligned.m16n8k" + k + ".row.col.f32." + type + "." + type + ".f32 {%f10, %f11, %f12, %f13}, "
                + list("%r", 10, na) + ", "
                + list("%r", 10 + na, nb) + ", {%f10, %f11, %f12, %f13};\n";
        body.append(mma).append("mul.wide.u32 %rd3, %r0, 16; add.u64 %rd3, %rd3, %rd1; ")
                .append("st.global.v4.f32 [%rd3], {%f10, %f11, %f12, %f13};");
        lab.run(Lab.kernel(2, body.toString()), 1, 32, 0, pIn, pOut);
        float[] d = lab.floats(pOut, 128);
        for (int row = 0; row < 16; row++) {
            for (int column = 0; column < 8; column++) {
                float want = c[row * 8 + column];
                for (int x = 0; x < k; x++) {
                    want += a[row * k + x] * b[x * 8 + column];
                }
                int lane = row % 8 * 4 + column / 2;
                assertEquals(want, d[lane * 4 + row / 8 * 2 + column % 2], type + " k" + k + " at " + row + ", " + column);
            }
        }
    }

    private static String list(String name, int first, int count) {
        StringBuilder s = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            s.append(i == 0 ? "" : ", ").append(name).append(first + i);
        }
        return s + "}";
    }

    @Test
    void products() {
        multiply("bf16", 16);
        multiply("f16", 16);
        multiply("bf16", 8);
        multiply("f16", 8);
        multiply("tf32", 8);
        multiply("tf32", 4);
    }

    @Test
    void tf32OperandsLoseTheirLowBits() {
        long out = lab.gpu.allocate(4, "out");
        // A has one element 1 + 2^-11 (an 11th bit), B one element 1: the product is 1.
        lab.run(Lab.kernel(1, """
                setp.eq.u32 %p1, %r0, 0;
                selp.b32 %r1, 0x3f801000, 0, %p1;
                selp.b32 %r2, 0x3f800000, 0, %p1;
                mov.u32 %r3, 0;
                mov.f32 %f1, 0f00000000;
                mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f2, %f3, %f4, %f5},
                    {%r1, %r3, %r3, %r3}, {%r2, %r3}, {%f1, %f1, %f1, %f1};
                @%p1 st.global.f32 [%rd0], %f2;
                """), 1, 32, 0, out);
        assertEquals(1f, lab.floats(out, 1)[0]);
    }

    @Test
    void matricesFromSharedMemory() {
        // Four matrices of 8 x 8 elements, their rows in rising order; element = its number.
        for (boolean transpose : new boolean[] {false, true}) {
            for (int count : new int[] {1, 2, 4}) {
                long out = lab.gpu.allocate(4 * 32 * count, "out");
                StringBuilder body = new StringBuilder("""
                        .shared .align 16 .b8 s[512];
                        mov.u32 %r1, s;
                        mad.lo.u32 %r2, %r0, 16, %r1;
                        mul.lo.u32 %r3, %r0, 0x00080008;
                        add.u32 %r4, %r3, 0x00010000; add.u32 %r5, %r3, 0x00030002;
                        add.u32 %r6, %r3, 0x00050004; add.u32 %r7, %r3, 0x00070006;
                        st.shared.v4.b32 [%r2], {%r4, %r5, %r6, %r7};
                        bar.sync 0;
                        """);
                body.append("ldmatrix.sync.aligned.m8n8.x").append(count).append(transpose ? ".trans" : "").append(".shared.b16 ")
                        .append(list("%r", 20, count)).append(", [%r2];\n");
                body.append("mul.wide.u32 %rd1, %r0, ").append(4 * count).append("; add.u64 %rd1, %rd1, %rd0;\n");
                for (int i = 0; i < count; i++) {
                    body.append("st.global.b32 [%rd1+").append(4 * i).append("], %r").append(20 + i).append(";\n");
                }
                lab.run(Lab.kernel(1, body.toString()), 1, 32, 0, out);
                int[] got = lab.ints(out, 32 * count);
                for (int lane = 0; lane < 32; lane++) {
                    for (int m = 0; m < count; m++) {
                        int row = lane / 4;
                        int column = 2 * (lane % 4);
                        int low = 64 * m + (transpose ? 8 * column + row : 8 * row + column);
                        int high = 64 * m + (transpose ? 8 * (column + 1) + row : 8 * row + column + 1);
                        assertEquals(low | high << 16, got[lane * count + m], "lane " + lane + " matrix " + m
                                + (transpose ? " transposed" : ""));
                    }
                }
            }
        }
    }
}
