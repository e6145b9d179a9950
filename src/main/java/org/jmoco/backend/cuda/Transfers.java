package org.jmoco.backend.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Half;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * Copies between host tensors and device memory, in pieces through one block of native memory, where f32 becomes bf16 or f16 and
 * back.
 */
final class Transfers implements AutoCloseable {
    /** Large enough that a piece's copy hides the cost of its call (some 10 microseconds at 10 GB/s and more). */
    private static final int STAGING_BYTES = 4 << 20;

    private final Gpu gpu;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment staging = arena.allocate(STAGING_BYTES, 64);

    Transfers(Gpu gpu) {
        this.gpu = gpu;
    }

    /** Copies {@code count} elements of the tensor in the way of {@code piece}, which fills the staging block. */
    private interface Piece {
        void copy(int first, int count);
    }

    private static void inPieces(int size, int bytesPerElement, Piece piece) {
        int most = STAGING_BYTES / bytesPerElement;
        for (int first = 0; first < size; first += most) {
            piece.copy(first, Math.min(most, size - first));
        }
    }

    /**
     * @param address where element 0 of {@code src} goes
     * @param type of the elements in device memory: that of {@code src}, or F32, BF16 and F16 for a {@code src} of F32 or F64
     */
    void upload(long address, DType type, HostTensor src) {
        HostTensor values = src.dtype() == DType.F64 ? src.toF32() : src;
        inPieces(values.size(), type.bytes, (first, count) -> {
            switch (type) {
                case F32 -> MemorySegment.copy(values.floats(), first, staging, JAVA_FLOAT, 0, count);
                case I32 -> MemorySegment.copy(values.ints(), first, staging, JAVA_INT, 0, count);
                case U8 -> MemorySegment.copy(values.bytes(), first, staging, JAVA_BYTE, 0, count);
                case BF16 -> {
                    float[] from = values.floats();
                    for (int i = 0; i < count; i++) {
                        staging.setAtIndex(JAVA_SHORT, i, Bf16.bits(from[first + i]));
                    }
                }
                case F16 -> {
                    float[] from = values.floats();
                    for (int i = 0; i < count; i++) {
                        staging.setAtIndex(JAVA_SHORT, i, Half.bits(from[first + i]));
                    }
                }
                default -> throw unsupported(type);
            }
            gpu.upload(address + (long) first * type.bytes, staging.asSlice(0, (long) count * type.bytes));
        });
    }

    /** BF16 and F16 come back as F32, which holds all of their numbers. */
    HostTensor download(long address, DType type, Shape shape) {
        HostTensor values = HostTensor.zeros(type.hostForm(), shape);
        inPieces(values.size(), type.bytes, (first, count) -> {
            gpu.download(staging.asSlice(0, (long) count * type.bytes), address + (long) first * type.bytes);
            switch (type) {
                case F32 -> MemorySegment.copy(staging, JAVA_FLOAT, 0, values.floats(), first, count);
                case I32 -> MemorySegment.copy(staging, JAVA_INT, 0, values.ints(), first, count);
                case U8 -> MemorySegment.copy(staging, JAVA_BYTE, 0, values.bytes(), first, count);
                case BF16 -> {
                    float[] to = values.floats();
                    for (int i = 0; i < count; i++) {
                        to[first + i] = Bf16.value(staging.getAtIndex(JAVA_SHORT, i));
                    }
                }
                case F16 -> {
                    float[] to = values.floats();
                    for (int i = 0; i < count; i++) {
                        to[first + i] = Half.value(staging.getAtIndex(JAVA_SHORT, i));
                    }
                }
                default -> throw unsupported(type);
            }
        });
        return values;
    }

    static IllegalArgumentException unsupported(DType type) {
        return new IllegalArgumentException("the cuda backend has f32, bf16, f16, i32 and u8 buffers, not " + type);
    }

    @Override
    public void close() {
        arena.close();
    }
}
