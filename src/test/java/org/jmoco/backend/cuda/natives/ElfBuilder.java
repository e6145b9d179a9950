package org.jmoco.backend.cuda.natives;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The smallest file that a reader of shared libraries accepts: a header, two program headers, a dynamic section, names. No code.
 */
final class ElfBuilder {
    private static final int HEADERS = 64 + 2 * 56;

    private final ByteArrayOutputStream names = new ByteArrayOutputStream();
    private final ByteArrayOutputStream dynamic = new ByteArrayOutputStream();

    private ElfBuilder() {
        names.write(0);
    }

    static byte[] library(String soname, String... needed) {
        ElfBuilder b = new ElfBuilder();
        for (String n : needed) {
            b.entry(1, b.name(n));
        }
        if (soname != null) {
            b.entry(14, b.name(soname));
        }
        return b.bytes();
    }

    /** Writes a library under its own name. */
    static Path write(Path folder, String soname, String... needed) {
        return write(folder.resolve(soname), library(soname, needed));
    }

    static Path write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long name(String text) {
        long at = names.size();
        names.writeBytes((text + "\0").getBytes(StandardCharsets.US_ASCII));
        return at;
    }

    private void entry(long tag, long value) {
        dynamic.writeBytes(ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(tag).putLong(value).array());
    }

    private byte[] bytes() {
        long namesAt = HEADERS + dynamic.size() + 3 * 16;
        entry(5, namesAt);
        entry(10, names.size());
        entry(0, 0);
        long size = namesAt + names.size();
        ByteBuffer b = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        b.putShort((short) 3).putShort((short) 62).putInt(1).putLong(0).putLong(64).putLong(0).putInt(0);
        b.putShort((short) 64).putShort((short) 56).putShort((short) 2).position(64);
        // all of it, at address 0
        b.putInt(1).putInt(4).putLong(0).putLong(0).putLong(0).putLong(size).putLong(size).putLong(4096);
        b.putInt(2).putInt(4).putLong(HEADERS).putLong(HEADERS).putLong(HEADERS).putLong(dynamic.size()).putLong(dynamic.size())
                .putLong(8);
        return b.put(dynamic.toByteArray()).put(names.toByteArray()).array();
    }
}
