package org.jmoco.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The safetensors format (<a href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>):
 *
 * <pre>
 * 8 bytes    n, length of the header, little-endian
 * n bytes    JSON: {"__metadata__": {"key": "string"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * rest       the tensors, row-major, little-endian, without gaps; offsets count from here
 * </pre>
 *
 * <p>Same tensors in the same order and same strings give the same bytes: the header has no time in it and the strings
 * are sorted. Values pass through a buffer of {@value #BUFFER_BYTES} bytes, so memory use does not grow with the file.
 */
public final class Safetensors {
    /** The cost of a system call is of no account beside hashing and copying this many bytes, nor is their memory. */
    static final int BUFFER_BYTES = 1 << 20;

    private Safetensors() {}

    /**
     * Writes a file, whole or not at all. Tensors are stored in the order of the map, except that wide elements come
     * first (F64 and I64, then F32 and I32, then U8), which keeps each tensor aligned.
     *
     * @throws UserError if the disk is full or the file cannot be written
     */
    public static void write(Path file, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        SafetensorsHeader layout = SafetensorsHeader.layOut(tensors, metadata);
        byte[] header = layout.encode();
        AtomicFile.replace(file, 8 + header.length + layout.dataBytes(), channel -> {
            writeBody(tensors, layout, header, bytes -> writeFully(channel, bytes));
        });
    }

    /**
     * Opens a file and checks its header against its length. Values are read when asked for.
     *
     * @throws UserError if the file is missing, cannot be read, or is not a whole safetensors file
     */
    public static SafetensorsFile open(Path file) {
        return SafetensorsFile.open(file);
    }

    /** All tensors of a file, in the order of its header. @throws UserError as {@link #open(Path)} */
    public static LinkedHashMap<String, HostTensor> read(Path file) {
        try (SafetensorsFile in = open(file)) {
            return in.readAll();
        }
    }

    /** Takes the bytes between position and limit, in the order of the file. */
    interface Sink {
        void take(ByteBuffer bytes) throws IOException;
    }

    static void writeBody(Map<String, HostTensor> tensors, SafetensorsHeader layout, byte[] header, Sink sink)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        sink.take(buffer.putLong(header.length).flip());
        sink.take(ByteBuffer.wrap(header));
        for (StoredTensor t : layout.tensors().values()) {
            HostTensor tensor = tensors.get(t.name());
            int perBuffer = BUFFER_BYTES / t.type().bytes;
            for (int done = 0; done < tensor.size(); done += perBuffer) {
                int n = Math.min(perBuffer, tensor.size() - done);
                buffer.clear();
                switch (tensor.dtype()) {
                    case F64 -> buffer.asDoubleBuffer().put(tensor.doubles(), done, n);
                    case F32 -> buffer.asFloatBuffer().put(tensor.floats(), done, n);
                    case I64 -> buffer.asLongBuffer().put(tensor.longs(), done, n);
                    case I32 -> buffer.asIntBuffer().put(tensor.ints(), done, n);
                    case U8 -> buffer.put(0, tensor.bytes(), done, n);
                    case BF16, F16 -> throw new AssertionError("no tensor of two bytes has a host form");
                }
                sink.take(buffer.limit(n * t.type().bytes));
            }
        }
    }

    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
