package org.jmoco.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * A safetensors file that carries its own checksum: {@code __metadata__.sha256} is the SHA-256 of the whole file as it
 * is with zeros in place of these 64 digits. So a changed bit anywhere, header and metadata included, is noticed.
 */
final class Seal {
    static final String KEY = "sha256";
    private static final String ZEROS = "0".repeat(64);

    private Seal() {}

    /** Writes the file in one pass; the digits are put in last, while the file still has its temporary name. */
    static void write(Path file, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        if (metadata.containsKey(KEY)) {
            throw new IllegalArgumentException("checkpoint: the metadata key " + KEY + " is the checksum's own");
        }
        Map<String, String> sealed = new TreeMap<>(metadata);
        sealed.put(KEY, ZEROS);
        SafetensorsHeader layout = SafetensorsHeader.layOut(tensors, sealed);
        byte[] header = layout.encode();
        int digits = digitsAt(header, ZEROS);
        AtomicFile.replace(file, 8 + header.length + layout.dataBytes(), channel -> {
            MessageDigest sha = sha256();
            Safetensors.writeBody(tensors, layout, header, bytes -> {
                sha.update(bytes.duplicate());
                Safetensors.writeFully(channel, bytes);
            });
            patch(channel, 8 + digits, HexFormat.of().formatHex(sha.digest()));
        });
    }

    private static void patch(FileChannel channel, long at, String digits) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(digits.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            channel.write(bytes, at + bytes.position());
        }
    }

    static boolean isSealed(SafetensorsFile in) {
        return in.metadata().containsKey(KEY);
    }

    /** @throws UserError if the file is not the one that was written */
    static void verify(Path file, SafetensorsFile in) {
        String expected = in.metadata().get(KEY);
        byte[] header = in.headerBytes().clone();
        int digits = digitsAt(header, expected);
        if (digits < 0 || expected.length() != ZEROS.length()) {
            throw SafetensorsFile.damaged(file, "its checksum is not where jmoco writes it");
        }
        System.arraycopy(ZEROS.getBytes(StandardCharsets.US_ASCII), 0, header, digits, ZEROS.length());
        MessageDigest sha = sha256();
        sha.update(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip());
        sha.update(header);
        in.streamData(sha::update);
        String found = HexFormat.of().formatHex(sha.digest());
        if (!found.equals(expected)) {
            throw SafetensorsFile.changed(file, "its content has the SHA-256 " + found.substring(0, 16)
                    + "..., written was " + expected.substring(0, 16) + "...; bytes have changed since");
        }
    }

    /**
     * Where the digits begin in the header, or -1. The pattern has unescaped quotes, so it cannot stand inside another
     * string, and a tensor of this name has an object behind the colon.
     */
    private static int digitsAt(byte[] header, String digits) {
        String before = "\"" + KEY + "\":\"";
        // Latin-1 maps each byte to one character, so that positions stay those of the bytes.
        int at = new String(header, StandardCharsets.ISO_8859_1).indexOf(before + digits + "\"");
        return at < 0 ? -1 : at + before.length();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
