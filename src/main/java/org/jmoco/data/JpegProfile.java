package org.jmoco.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Takes the colour profile out of a JPEG (its APP2 segments "ICC_PROFILE", ICC.1:2010 annex B.4) before it is decoded:
 * the reader would convert through it, PIL and so every published figure does not, and a damaged profile makes a good
 * picture unreadable.
 */
final class JpegProfile {
    private static final byte[] NAME = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
    private static final int APP2 = 0xe2;
    private static final int START_OF_SCAN = 0xda;

    private JpegProfile() {
    }

    /** The same array where there is no profile. */
    static byte[] remove(byte[] b) {
        byte[] out = null;
        int kept = 2;
        int at = 2;
        while (at + 4 <= b.length && (b[at] & 0xff) == 0xff) {
            int marker = b[at + 1] & 0xff;
            int next = at + 2 + ((b[at + 2] & 0xff) << 8 | b[at + 3] & 0xff);
            if (marker == START_OF_SCAN || marker == 0xff || next > b.length) {
                break; // entropy-coded data, fill bytes or damage: the rest stays as it is
            }
            boolean profile = marker == APP2 && next >= at + 4 + NAME.length
                    && Arrays.equals(b, at + 4, at + 4 + NAME.length, NAME, 0, NAME.length);
            if (profile && out == null) {
                out = b.clone();
                kept = at;
            } else if (!profile && out != null) {
                System.arraycopy(b, at, out, kept, next - at);
                kept += next - at;
            }
            at = next;
        }
        if (out == null) {
            return b;
        }
        System.arraycopy(b, at, out, kept, b.length - at);
        return Arrays.copyOf(out, kept + b.length - at);
    }
}
