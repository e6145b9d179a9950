package org.jmoco.data;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * Walks the chunks of a PNG (ISO/IEC 15948, section 5) and checks their check sums and the closing IEND. The JDK's
 * reader does neither, and shows what it has of a cut or damaged file.
 */
final class PngCheck {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final int IEND = 0x49454e44;

    private PngCheck() {
    }

    static void check(byte[] b) throws IOException {
        int at = 8;
        while (at <= b.length - 12) {
            int length = (int) INT.get(b, at);
            if (length < 0 || length > b.length - at - 12) {
                break;
            }
            CRC32 crc = new CRC32();
            crc.update(b, at + 4, length + 4);
            if ((int) crc.getValue() != (int) INT.get(b, at + 8 + length)) {
                throw new IOException("damaged PNG (wrong check sum of the chunk at byte " + at + ")");
            }
            if ((int) INT.get(b, at + 4) == IEND) {
                return;
            }
            at += length + 12;
        }
        throw new IOException("the PNG data end too early (truncated file of " + b.length + " bytes)");
    }
}
