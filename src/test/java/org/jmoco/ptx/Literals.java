package org.jmoco.ptx;

/** Numbers in PTX (PTX ISA 4.5). */
final class Literals {
    private Literals() {
    }

    /** The literal, or null if the text is none. Floating-point values are kept as bits of f64 or, for 0f..., of f32. */
    static Operand.Number number(String text) {
        boolean negative = text.startsWith("-");
        String t = negative ? text.substring(1) : text;
        if (t.isEmpty() || !Character.isDigit(t.charAt(0))) {
            return null;
        }
        try {
            if (t.matches("0[fF][0-9a-fA-F]{8}")) {
                float f = Float.intBitsToFloat(Integer.parseUnsignedInt(t.substring(2), 16));
                return new Operand.Number(text, Float.floatToRawIntBits(negative ? -f : f), true);
            }
            if (t.matches("0[dD][0-9a-fA-F]{16}")) {
                double d = Double.longBitsToDouble(Long.parseUnsignedLong(t.substring(2), 16));
                return new Operand.Number(text, Double.doubleToRawLongBits(negative ? -d : d), true);
            }
            if (t.matches("\\d+\\.\\d*([eE][+-]?\\d+)?")) {
                double d = Double.parseDouble(t);
                return new Operand.Number(text, Double.doubleToRawLongBits(negative ? -d : d), true);
            }
            String digits = t.endsWith("U") ? t.substring(0, t.length() - 1) : t;
            long v;
            if (digits.startsWith("0x") || digits.startsWith("0X")) {
                v = Long.parseUnsignedLong(digits.substring(2), 16);
            } else if (digits.startsWith("0b") || digits.startsWith("0B")) {
                v = Long.parseUnsignedLong(digits.substring(2), 2);
            } else if (digits.length() > 1 && digits.startsWith("0")) {
                v = Long.parseUnsignedLong(digits, 8);
            } else {
                v = Long.parseUnsignedLong(digits);
            }
            return new Operand.Number(text, negative ? -v : v, false);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** The literal's bits in a register or variable of this type. An integer literal in a floating-point place is a value. */
    static long bits(Operand.Number n, PtxType type) {
        boolean single = n.floating() && (n.text().regionMatches(true, n.text().startsWith("-") ? 1 : 0, "0f", 0, 2));
        if (!type.isFloat() || type == PtxType.F16X2 || type == PtxType.BF16X2) {
            long mask = type.bytes == 8 ? -1L : (1L << 8 * type.bytes) - 1;
            return n.floating() && !single && type.bytes == 4
                    ? Float.floatToRawIntBits((float) Double.longBitsToDouble(n.value())) & mask
                    : n.value() & mask;
        }
        double value = !n.floating() ? n.value() : single ? Float.intBitsToFloat((int) n.value())
                : Double.longBitsToDouble(n.value());
        return switch (type) {
            case F64 -> !single && n.floating() ? n.value() : Double.doubleToRawLongBits(value);
            case F32, TF32 -> single ? n.value() & 0xffffffffL : Float.floatToRawIntBits((float) value) & 0xffffffffL;
            case F16 -> !n.floating() ? n.value() & 0xffff : Bits.toF16((float) value) & 0xffff;
            case BF16 -> !n.floating() ? n.value() & 0xffff : Bits.toBf16((float) value) & 0xffff;
            default -> throw new IllegalStateException(type.toString());
        };
    }
}
