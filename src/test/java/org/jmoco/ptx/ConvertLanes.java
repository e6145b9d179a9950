package org.jmoco.ptx;

/**
 * Moves, packing and the conversions that kernels use most (PTX ISA 9.7.8.3, 9.7.8.4, 9.7.8.18); {@link ConvertOp} does all
 * others. A narrow value leaves zero-extended in its register unless its type is signed and the register wider.
 */
final class ConvertLanes {
    private ConvertLanes() {
    }

    static int mov_b32(int a) {
        return a;
    }

    static long mov_b64(long a) {
        return a;
    }

    static int selp_b32(int a, int b, boolean c) {
        return c ? a : b;
    }

    static long selp_b64(long a, long b, boolean c) {
        return c ? a : b;
    }

    // ---- 9.7.8.4: mov between a register and its parts, lowest part first ---------------------------------------

    static int pack_16(int low, int high) {
        return low & 0xffff | high << 16;
    }

    static long pack_32(int low, int high) {
        return low & 0xffffffffL | (long) high << 32;
    }

    static long pack_16x4(int a, int b, int c, int d) {
        return pack_32(pack_16(a, b), pack_16(c, d));
    }

    static int pack_8x4(int a, int b, int c, int d) {
        return a & 0xff | (b & 0xff) << 8 | (c & 0xff) << 16 | d << 24;
    }

    static int bits_16(int a, int from) {
        return a >>> from & 0xffff;
    }

    static int bits_8(int a, int from) {
        return a >>> from & 0xff;
    }

    static int bits_32(long a, int from) {
        return (int) (a >>> from);
    }

    static int bits_16_of_64(long a, int from) {
        return (int) (a >>> from) & 0xffff;
    }

    // ---- 9.7.8.17 cvta -----------------------------------------------------------------------------------------

    static long cvta_shared(long a) {
        return a + Block.SHARED_WINDOW;
    }

    static long cvta_to_shared(long a) {
        return a - Block.SHARED_WINDOW;
    }

    static long cvta_local(long a) {
        return a + Block.LOCAL_WINDOW;
    }

    static long cvta_to_local(long a) {
        return a - Block.LOCAL_WINDOW;
    }

    static float flush_f32(float a) {
        return Bits.flush(a);
    }

    // ---- 9.7.8.18 cvt ------------------------------------------------------------------------------------------

    static long cvt_s64_s32(int a) {
        return a;
    }

    static long cvt_u64_u32(int a) {
        return a & 0xffffffffL;
    }

    static int cvt_u32_u64(long a) {
        return (int) a;
    }

    static float cvt_rn_f32_s32(int a) {
        return a;
    }

    static float cvt_rn_f32_u32(int a) {
        return a & 0xffffffffL;
    }

    /** NaN becomes 0, values beyond the range its ends. */
    static int cvt_rzi_s32_f32(float a) {
        return (int) a;
    }

    static int cvt_rni_s32_f32(float a) {
        return (int) Math.rint((double) a);
    }

    static int cvt_rmi_s32_f32(float a) {
        return (int) Math.floor((double) a);
    }

    static int cvt_rzi_u32_f32(float a) {
        return (int) Math.clamp((long) a, 0L, 0xffffffffL);
    }

    static float cvt_rni_f32_f32(float a) {
        return Bits.canonical((float) Math.rint(a));
    }

    static float cvt_rmi_f32_f32(float a) {
        return Bits.canonical((float) Math.floor(a));
    }

    static double cvt_f64_f32(float a) {
        return a;
    }

    static float cvt_rn_f32_f64(double a) {
        return Bits.canonical((float) a);
    }

    static float cvt_f32_f16(int a) {
        return Bits.canonical(Bits.fromF16(a));
    }

    static float cvt_f32_bf16(int a) {
        return Bits.canonical(Bits.fromBf16(a));
    }

    static int cvt_rn_f16_f32(float a) {
        return Bits.toF16(a) & 0xffff;
    }

    static int cvt_rn_bf16_f32(float a) {
        return Bits.toBf16(a) & 0xffff;
    }

    /** The first source goes to the upper half. */
    static int cvt_rn_f16x2_f32(float a, float b) {
        return pack_16(Bits.toF16(b), Bits.toF16(a));
    }

    static int cvt_rn_bf16x2_f32(float a, float b) {
        return pack_16(Bits.toBf16(b), Bits.toBf16(a));
    }

    /** max(x, 0) behind the conversion; NaN stays the canonical NaN. */
    static int cvt_rn_relu_bf16x2_f32(float a, float b) {
        return pack_16(Bits.toBf16(b != b || b > 0 ? b : 0), Bits.toBf16(a != a || a > 0 ? a : 0));
    }

    /** Ties away from zero, mantissa of 10 bits; the low 13 bits are zero. */
    static int cvt_rna_tf32_f32(float a) {
        return a != a ? Bits.NAN_F32 : Float.floatToRawIntBits((float) Rounding.RNA.round(a, Rounding.Format.TF32));
    }
}
