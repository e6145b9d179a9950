package org.jmoco.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files put together byte by byte, without the code under test. */
final class HandMade {
    private HandMade() {}

    static Path file(Path folder, String header, int... data) throws IOException {
        return file(folder, header.getBytes(StandardCharsets.UTF_8), bytes(data));
    }

    static Path file(Path folder, byte[] header, byte[] data) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(header.length).put(header).put(data);
        return Files.write(folder.resolve("made.safetensors"), out.array());
    }

    static byte[] bytes(int... values) {
        byte[] out = new byte[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) values[i];
        }
        return out;
    }
}
