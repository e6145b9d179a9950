package org.jmoco.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * An open safetensors file whose header has been checked. It reads through a buffer rather than a mapping: a file that
 * shrinks under us is then an error in words and not a fault of the process.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private final byte[] headerBytes;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path file, FileChannel channel, byte[] headerBytes, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.headerBytes = headerBytes;
        this.header = header;
    }

    static SafetensorsFile open(Path file) {
        if (Files.isDirectory(file)) {
            throw UserError.failed(file + ": is a folder, expected a safetensors file");
        }
        FileChannel channel = null;
        byte[] headerBytes = null;
        try {
            channel = FileChannel.open(RegularFile.require(file), StandardOpenOption.READ);
            headerBytes = readHeader(channel);
            long dataBytes = channel.size() - 8 - headerBytes.length;
            return new SafetensorsFile(file, channel, headerBytes, SafetensorsHeader.parse(headerBytes, dataBytes));
        } catch (SafetensorsHeader.Malformed e) {
            boolean looksLikeOne = headerBytes != null || beginsLikeOne(channel);
            close(channel, e);
            throw looksLikeOne ? damaged(file, e.getMessage())
                    : UserError.failed(file + ": is no safetensors file: " + e.getMessage()
                    + ". Give the folder of a run, a .safetensors file, or one that PyTorch saved as .pth.");
        } catch (IOException e) {
            close(channel, e);
            throw unreadable(file, e);
        }
    }

    /** Whether the header's JSON begins where it must: what other programs write has something else there. */
    private static boolean beginsLikeOne(FileChannel channel) {
        try {
            ByteBuffer first = ByteBuffer.allocate(1);
            return channel.size() < 9 || channel.read(first, 8) == 1 && first.get(0) == '{';
        } catch (IOException e) {
            return true; // the damage that was found is told
        }
    }

    private static byte[] readHeader(FileChannel channel) throws IOException, SafetensorsHeader.Malformed {
        long size = channel.size();
        if (size < 8) {
            throw new SafetensorsHeader.Malformed("it has " + size + " bytes, too few for a header");
        }
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, length, 0);
        long n = length.getLong(0);
        if (n < 0 || n > SafetensorsHeader.MAX_BYTES) {
            throw new SafetensorsHeader.Malformed("its first 8 bytes announce a header of " + Long.toUnsignedString(n)
                    + " bytes, at most " + SafetensorsHeader.MAX_BYTES + " are allowed");
        }
        if (n > size - 8) {
            throw new SafetensorsHeader.Malformed("its first 8 bytes announce a header of " + n
                    + " bytes but only " + (size - 8) + " follow");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) n);
        readFully(channel, bytes, 8);
        return bytes.array();
    }

    /** Names and shapes, in the order of the header. */
    public LinkedHashMap<String, Shape> shapes() {
        LinkedHashMap<String, Shape> out = new LinkedHashMap<>();
        header.tensors().forEach((name, t) -> out.put(name, t.shape()));
        return out;
    }

    /** The strings under {@code __metadata__}, sorted; empty if there are none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * One tensor. BF16 and F16 come as F32.
     *
     * @throws UserError if the file has no tensor of this name or cannot be read
     */
    public HostTensor read(String name) {
        StoredTensor t = header.tensors().get(name);
        if (t == null) {
            throw UserError.failed(file + ": has no tensor '" + name + "'; it has " + firstNames());
        }
        HostTensor out = HostTensor.zeros(t.type().host, t.shape());
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(Safetensors.BUFFER_BYTES, t.end() - t.begin()))
                .order(ByteOrder.LITTLE_ENDIAN);
        int perBuffer = Safetensors.BUFFER_BYTES / t.type().bytes;
        try {
            for (int done = 0; done < out.size(); done += perBuffer) {
                int n = Math.min(perBuffer, out.size() - done);
                buffer.clear().limit(n * t.type().bytes);
                readFully(channel, buffer, dataStart() + t.begin() + (long) done * t.type().bytes);
                decode(t.type(), buffer.flip(), out, done, n);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return out;
    }

    private static void decode(StoredTensor.Type type, ByteBuffer in, HostTensor out, int at, int n) {
        switch (type) {
            case F64 -> in.asDoubleBuffer().get(out.doubles(), at, n);
            case F32 -> in.asFloatBuffer().get(out.floats(), at, n);
            case I64 -> in.asLongBuffer().get(out.longs(), at, n);
            case I32 -> in.asIntBuffer().get(out.ints(), at, n);
            case U8 -> in.get(out.bytes(), at, n);
            case BF16 -> {
                for (int i = 0; i < n; i++) {
                    // A bf16 is the upper half of the f32 of the same value.
                    out.floats()[at + i] = Float.intBitsToFloat(in.getShort(2 * i) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    out.floats()[at + i] = Float.float16ToFloat(in.getShort(2 * i));
                }
            }
        }
    }

    /** All tensors, in the order of the header. */
    public LinkedHashMap<String, HostTensor> readAll() {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        for (String name : header.tensors().keySet()) {
            out.put(name, read(name));
        }
        return out;
    }

    byte[] headerBytes() {
        return headerBytes;
    }

    /** Streams the data section through {@code sink}. */
    void streamData(Safetensors.Sink sink) {
        ByteBuffer buffer = ByteBuffer.allocate(Safetensors.BUFFER_BYTES);
        try {
            for (long done = 0; done < header.dataBytes(); done += buffer.limit()) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), header.dataBytes() - done));
                readFully(channel, buffer, dataStart() + done);
                sink.take(buffer.flip());
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private long dataStart() {
        return 8L + headerBytes.length;
    }

    @Override
    public void close() {
        close(channel, null);
    }

    private String firstNames() {
        int n = header.tensors().size();
        return n == 0 ? "none" : header.tensors().keySet().stream().limit(3).toList()
                + (n > 3 ? " and " + (n - 3) + " more" : "");
    }

    private static void readFully(FileChannel channel, ByteBuffer into, long position) throws IOException {
        while (into.hasRemaining()) {
            int n = channel.read(into, position);
            if (n < 0) {
                throw new EOFException("the file ends at byte " + position + "; it was cut off while being read");
            }
            position += n;
        }
    }

    /** Nothing is written through the channel, so a failure to close it loses nothing; it is kept with the first cause. */
    private static void close(FileChannel channel, Exception cause) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                if (cause != null) {
                    cause.addSuppressed(e);
                }
            }
        }
    }

    static UserError damaged(Path file, String what) {
        return UserError.failed(file + ": not a whole safetensors file: " + what
                + ". Copy or write the file again, or use another checkpoint.");
    }

    /** A file that is whole but not as it was written. */
    static UserError changed(Path file, String what) {
        return UserError.failed(file + ": is damaged: " + what + ". Copy or write the file again, or use another checkpoint.");
    }

    static UserError unreadable(Path file, IOException e) {
        if (e instanceof NoSuchFileException) {
            return UserError.failed(file + ": no such file. Check the path.", e);
        }
        if (e instanceof AccessDeniedException) {
            return UserError.failed(file + ": no permission to read it. Change its permissions.", e);
        }
        return UserError.failed(file + ": cannot be read: " + AtomicFile.reason(e) + ". Check the disk, or copy the file again.",
                e);
    }
}
