package org.jmoco.ptx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.backend.cuda.GpuOutOfMemoryException;
import org.jmoco.tensor.DType;

/**
 * Global memory of the emulated device. Addresses look like a GPU's: far above 32 bits, and with a gap between allocations
 * that an index has to be off by a megabyte to jump over. Contents are little-endian.
 *
 * <p>Host code (copies, the stand-ins for cuBLAS and cuDNN) gets at the contents by {@link #span}, which checks bounds,
 * alignment and that bytes which are read were written. Kernels go through {@link GlobalSpace}.
 */
public final class DeviceMemory {
    /** Above 2^46, as the driver's addresses are, so that a pointer cut to 32 bits hits nothing. */
    static final long FIRST_ADDRESS = 0x7f10_0000_0000L;
    /** Address space between two allocations; no smaller overrun reaches the next one. */
    static final long GAP_BYTES = 1 << 20;
    /** cuMemAlloc aligns to 256 at least (CUDA C++ Programming Guide, device memory accesses). */
    static final int ALIGNMENT = 256;

    private final TreeMap<Long, Allocation> byAddress = new TreeMap<>();
    private final long totalBytes;
    private long usedBytes;
    private long nextAddress = FIRST_ADDRESS;

    DeviceMemory(long totalBytes) {
        this.totalBytes = totalBytes;
    }

    // ---- allocation --------------------------------------------------------------------------------------------

    long allocate(long bytes, String what) {
        if (bytes <= 0) {
            throw new PtxFault("cuMemAlloc: " + what + " asks for " + bytes + " bytes: CUDA_ERROR_INVALID_VALUE");
        }
        if (bytes > totalBytes - usedBytes || bytes > Integer.MAX_VALUE - 8) {
            throw new GpuOutOfMemoryException(what, bytes, totalBytes - usedBytes);
        }
        Allocation a = new Allocation(what, nextAddress, (int) bytes);
        byAddress.put(a.address, a);
        usedBytes += bytes;
        nextAddress = (a.end() + GAP_BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return a.address;
    }

    void free(long address) {
        Allocation a = byAddress.get(address);
        if (a == null || a.freed()) {
            throw new PtxFault("cuMemFree: 0x" + Long.toHexString(address) + " is not the start of an allocation: "
                    + nearest(address));
        }
        a.free();
        usedBytes -= a.data.length;
    }

    long usedBytes() {
        return usedBytes;
    }

    Collection<Allocation> live() {
        List<Allocation> live = new ArrayList<>(byAddress.values());
        live.removeIf(Allocation::freed);
        return live;
    }

    /** The allocation that holds an address, freed or not, or null. */
    Allocation find(long address) {
        Map.Entry<Long, Allocation> e = byAddress.floorEntry(address);
        return e == null || address >= e.getValue().end() ? null : e.getValue();
    }

    /** Where an address lies with respect to the nearest allocation, for people. */
    String nearest(long address) {
        Map.Entry<Long, Allocation> below = byAddress.floorEntry(address);
        Map.Entry<Long, Allocation> above = byAddress.ceilingEntry(address);
        if (below == null && above == null) {
            return "nothing is allocated";
        }
        boolean useBelow = above == null
                || below != null && address - below.getValue().end() <= above.getKey() - address;
        return (useBelow ? below : above).getValue().describe(address);
    }

    // ---- what tests say of it ----------------------------------------------------------------------------------

    /**
     * Says that these bytes of an allocation are one buffer of their own. From then on a launch may touch, of an allocation
     * with such parts, only those parts that one of its arguments points into.
     */
    public void declareRange(long address, long bytes, String name) {
        Allocation a = find(address);
        if (a == null || address + bytes > a.end()) {
            throw new IllegalArgumentException("declareRange " + name + ": " + nearest(address));
        }
        a.declare(new Allocation.Range(name, address, bytes));
    }

    /** Fills bytes with 0xff and takes them for never written: a later read of them is a fault until something writes them. */
    public void poison(long address, long bytes) {
        if (bytes > 0) {
            Allocation a = checked("poison", "dst", address, bytes, 1);
            a.poison((int) (address - a.address), (int) bytes);
            if (a.words != null) {
                a.words.write((int) (address - a.address), (int) bytes);
            }
        }
    }

    // ---- host access -------------------------------------------------------------------------------------------

    void upload(long dst, MemorySegment src) {
        Allocation a = checked("cuMemcpyHtoD", "dst", dst, src.byteSize(), 1);
        int offset = (int) (dst - a.address);
        MemorySegment.copy(src, ValueLayout.JAVA_BYTE, 0, a.data, offset, (int) src.byteSize());
        a.markWritten(offset, (int) src.byteSize());
    }

    void download(MemorySegment dst, long src) {
        Allocation a = readable("cuMemcpyDtoH", "src", src, dst.byteSize(), 1);
        MemorySegment.copy(a.data, (int) (src - a.address), dst, ValueLayout.JAVA_BYTE, 0, (int) dst.byteSize());
    }

    void copy(long dst, long src, long bytes) {
        Allocation from = readable("cuMemcpyDtoD", "src", src, bytes, 1);
        Allocation to = checked("cuMemcpyDtoD", "dst", dst, bytes, 1);
        if (src < dst + bytes && dst < src + bytes) {
            throw new PtxFault("cuMemcpyDtoD: source and destination overlap: src is " + nearest(src) + ", dst is "
                    + nearest(dst));
        }
        int offset = (int) (dst - to.address);
        if (from.words != null) {
            from.words.read((int) (src - from.address), (int) bytes);
        }
        if (to.words != null) {
            to.words.write(offset, (int) bytes);
        }
        System.arraycopy(from.data, (int) (src - from.address), to.data, offset, (int) bytes);
        to.markWritten(offset, (int) bytes);
    }

    void fill(long dst, int word, long words) {
        Allocation a = checked("cuMemsetD32", "dst", dst, 4 * words, 4);
        int offset = (int) (dst - a.address);
        for (int i = 0; i < words; i++) {
            Allocation.INTS.set(a.data, offset + 4 * i, word);
        }
        a.markWritten(offset, (int) (4 * words));
        if (a.words != null) {
            a.words.write(offset, (int) (4 * words));
        }
    }

    /**
     * A view of device memory for a library call.
     *
     * @param who the call, @param operand its operand: both stand in the error
     * @throws PtxFault if the range is not inside one allocation (and one declared part of it) or not aligned
     */
    public Span span(String who, String operand, long address, long bytes, int alignment) {
        Allocation a = checked(who, operand, address, bytes, alignment);
        return new Span(a, (int) (address - a.address), bytes, who, operand);
    }

    private Allocation readable(String who, String operand, long address, long bytes, int alignment) {
        Allocation a = checked(who, operand, address, bytes, alignment);
        int hole = a.firstUnwritten((int) (address - a.address), (int) bytes);
        if (hole >= 0) {
            throw new PtxFault(who + ": " + operand + " holds bytes that nothing wrote: " + a.describe(a.address + hole));
        }
        return a;
    }

    private Allocation checked(String who, String operand, long address, long bytes, int alignment) {
        Allocation a = find(address);
        if (a == null || address + bytes > a.end() || bytes < 0) {
            throw new PtxFault(who + ": " + operand + ", " + bytes + " bytes at 0x" + Long.toHexString(address)
                    + ", is not inside an allocation: " + nearest(a == null ? address : address + bytes - 1));
        }
        if (a.freed()) {
            throw new PtxFault(who + ": " + operand + " was freed: " + a.describe(address));
        }
        if (address % alignment != 0) {
            throw new PtxFault(who + ": " + operand + " at 0x" + Long.toHexString(address) + " is not aligned to " + alignment
                    + ": "
                    + a.describe(address));
        }
        Allocation.Range part = a.rangeAt(address);
        if (part != null && address + bytes > part.end()) {
            throw new PtxFault(who + ": " + operand + ", " + bytes + " bytes, leaves its buffer: it starts at "
                    + a.describe(address));
        }
        return a;
    }

    /** Elements in device memory as host code sees them. Indices count elements of the type given. */
    public static final class Span {
        private final Allocation allocation;
        private final int base;
        private final long bytes;
        private final String who;
        private final String operand;

        private Span(Allocation allocation, int base, long bytes, String who, String operand) {
            this.allocation = allocation;
            this.base = base;
            this.bytes = bytes;
            this.who = who;
            this.operand = operand;
        }

        /** Element {@code index} of a tensor of F32, BF16 or F16. */
        public float get(DType type, long index) {
            int at = at(type, index);
            if (allocation.hasUnwritten() && allocation.firstUnwritten(at, type.bytes) >= 0) {
                throw new PtxFault(who + ": reads element " + index + " of " + operand + ", which nothing wrote: "
                        + allocation.describe(allocation.address + at));
            }
            if (allocation.words != null) {
                allocation.words.read(at, type.bytes);
            }
            return switch (type) {
                case F32 -> Float.intBitsToFloat((int) Allocation.INTS.get(allocation.data, at));
                case F16 -> Float.float16ToFloat((short) Allocation.SHORTS.get(allocation.data, at));
                default -> Float.intBitsToFloat((short) Allocation.SHORTS.get(allocation.data, at) << 16);
            };
        }

        /** Writes an element of F32, or of BF16 or F16 rounded to nearest even. */
        public void set(DType type, long index, float value) {
            int at = at(type, index);
            if (type == DType.F32) {
                Allocation.INTS.set(allocation.data, at, Float.floatToRawIntBits(value));
            } else {
                Allocation.SHORTS.set(allocation.data, at, type == DType.F16 ? Float.floatToFloat16(value) : Bits.toBf16(value));
            }
            allocation.markWritten(at, type.bytes);
            if (allocation.words != null) {
                allocation.words.write(at, type.bytes);
            }
        }

        /** {@code count} elements from {@code first} on. */
        public float[] read(DType type, long first, int count) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = get(type, first + i);
            }
            return values;
        }

        public void write(DType type, long first, float[] values) {
            for (int i = 0; i < values.length; i++) {
                set(type, first + i, values[i]);
            }
        }

        private int at(DType type, long index) {
            long offset = index * type.bytes;
            if (type != DType.F32 && type != DType.BF16 && type != DType.F16) {
                throw new IllegalArgumentException(who + ": " + operand + " of type " + type);
            }
            if (index < 0 || offset + type.bytes > bytes) {
                throw new PtxFault(who + ": element " + index + " of " + operand + " lies outside its " + bytes + " bytes");
            }
            return (int) (base + offset);
        }
    }
}
