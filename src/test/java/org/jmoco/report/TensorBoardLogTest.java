package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.CodedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
    @TempDir
    Path folder;

    /** CRC-32C of 32 zero bytes is 8a9136aa (RFC 3720, B.4). */
    @Test
    void theChecksumIsTheMaskedCastagnoli() {
        assertEquals(Integer.rotateRight(0x8a9136aa, 15) + 0xa282ead8, TensorBoardLog.masked(new byte[32]));
    }

    @Test
    void recordsReadBackFieldByField() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.scalars(3, new TreeMap<>(Map.of("accuracy", 0.5, "loss", 1.25)));
        }
        List<String> seen = new ArrayList<>();
        try (var files = Files.list(folder)) {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(files.findFirst().orElseThrow())).order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
                byte[] length = new byte[8];
                in.get(length);
                assertEquals(TensorBoardLog.masked(length), in.getInt());
                byte[] event = new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
                in.get(event);
                assertEquals(TensorBoardLog.masked(event), in.getInt());
                seen.add(event(CodedInputStream.newInstance(event)));
            }
        }
        assertEquals(List.of("step 0 brain.Event:2", "step 3 accuracy=0.5", "step 3 loss=1.25"), seen);
    }

    /** Tags are field number times 8 plus wire type: 0 integer, 1 double, 2 bytes, 5 float. */
    private static String event(CodedInputStream in) throws IOException {
        StringBuilder s = new StringBuilder();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case 1 << 3 | 1 -> in.readDouble();
                case 2 << 3 -> s.append("step ").append(in.readInt64());
                case 3 << 3 | 2 -> s.append(' ').append(in.readString());
                case 5 << 3 | 2 -> {
                    CodedInputStream summary = in.readBytes().newCodedInput();
                    assertEquals(1 << 3 | 2, summary.readTag());
                    CodedInputStream value = summary.readBytes().newCodedInput();
                    assertEquals(1 << 3 | 2, value.readTag());
                    s.append(' ').append(new String(value.readByteArray(), StandardCharsets.UTF_8));
                    assertEquals(2 << 3 | 5, value.readTag());
                    s.append('=').append(value.readFloat());
                }
                default -> throw new IOException("tag " + tag);
            }
        }
        return s.toString();
    }
}
