package org.jmoco.report;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jmoco.tensor.UserError;

/**
 * Scalars for TensorBoard: a file of records, each its length, a checksum of the length, an Event message and a checksum of that.
 *
 * <p>Sources: tensorflow/core/lib/io/record_writer.h for the frame (checksums are CRC-32C, rotated by 15 and moved by a constant,
 * so that a checksum of checksums does not degenerate), tensorflow/core/util/event.proto and summary.proto for the fields.
 */
public final class TensorBoardLog implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;

    private final Path file;
    private final OutputStream out;

    /** Starts a new file in {@code folder}; one that an earlier start of the run left stays, and TensorBoard reads both. */
    public TensorBoardLog(Path folder) {
        file = folder.resolve("events.out.tfevents." + System.currentTimeMillis() / 1000 + ".jmoco."
                + ProcessHandle.current().pid());
        try {
            Files.createDirectories(folder);
            out = Files.newOutputStream(file);
        } catch (IOException e) {
            throw failure(e);
        }
        record(event(0, o -> o.writeString(3, "brain.Event:2")));
    }

    /** Adds one value for each name; on disk when this returns. */
    public void scalars(long step, Map<String, ? extends Number> values) {
        values.forEach((name, value) -> record(event(step,
                o -> o.writeBytes(5, message(summary -> summary.writeBytes(1, message(v -> {
            v.writeString(1, name);
            v.writeFloat(2, value.floatValue());
        })))))));
    }

    /** Writes the fields of a message. */
    @FunctionalInterface
    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private static ByteString message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            fields.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory only
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    private static byte[] event(long step, Fields what) {
        return message(o -> {
            o.writeDouble(1, System.currentTimeMillis() / 1e3);
            o.writeInt64(2, step);
            what.write(o);
        }).toByteArray();
    }

    private void record(byte[] event) {
        byte[] length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(event.length).array();
        ByteBuffer frame = ByteBuffer.allocate(length.length + event.length + 2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        frame.put(length).putInt(masked(length)).put(event).putInt(masked(event));
        try {
            out.write(frame.array());
            out.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    static int masked(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    private UserError failure(IOException e) {
        return UserError.failed(file + ": cannot be written (" + e.getMessage() + "); leave out --tensorboard, or make room");
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw failure(e);
        }
    }
}
