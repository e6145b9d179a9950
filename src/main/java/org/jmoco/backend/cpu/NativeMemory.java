package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jmoco.tensor.UserError;

/**
 * A block of native memory at a fixed address, zero at first, freed by {@link #close()}.
 *
 * <p>On Linux it is an anonymous mapping that asks for huge pages: a training step walks through gigabytes, and with
 * pages of 4 KiB the address translation alone cost PyTorch's convolutions a quarter of their speed on two cores of a
 * Zen 3. Elsewhere it is an ordinary aligned allocation. The address is a multiple of 64 bytes (a
 * cache line, and the widest vector), on Linux of 2 MiB for blocks of that size or more.
 */
@SuppressWarnings("restricted") // native access is what this class is for
public final class NativeMemory implements AutoCloseable {
    /** Alignment that every block has, in bytes. */
    public static final int ALIGNMENT = 64;

    /** All of memory as one segment, for code that computes addresses itself. Bounds are the caller's business. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final long HUGE_PAGE = 2L << 20;
    /** A multiple of every base page size in use (4, 16 and 64 KiB). */
    private static final long PAGE = 64 << 10;

    private final String purpose;
    private final long bytes;
    private final long address;
    private final long mapped;
    private final Arena arena;
    private boolean closed;

    private NativeMemory(String purpose, long bytes, long address, long mapped, Arena arena) {
        this.purpose = purpose;
        this.bytes = bytes;
        this.address = address;
        this.mapped = mapped;
        this.arena = arena;
    }

    /**
     * Allocates {@code bytes} of zeros.
     *
     * @param purpose what it is for, named in the error message
     * @throws UserError when the system refuses
     */
    public static NativeMemory allocate(String purpose, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("native memory for " + purpose + ": " + bytes + " bytes");
        }
        long wanted = Math.max(bytes, ALIGNMENT);
        return Posix.AVAILABLE ? map(purpose, wanted) : allocatePlain(purpose, wanted);
    }

    private static NativeMemory map(String purpose, long bytes) {
        long length = mappedBytes(bytes);
        long mapped = length < bytes ? -1 : Posix.map(length);
        if (mapped == -1) {
            throw refused(purpose, bytes, null);
        }
        long address = mapped;
        if (bytes >= HUGE_PAGE) {
            address = (mapped + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
            Posix.adviseHugePages(address, bytes);
        }
        return new NativeMemory(purpose, bytes, address, mapped, null);
    }

    /** Small blocks take whole pages; large ones a huge page more than asked, so that they can start on a huge page. */
    private static long mappedBytes(long bytes) {
        return bytes < HUGE_PAGE ? (bytes + PAGE - 1) / PAGE * PAGE
                : (bytes + 2 * HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    }

    private static NativeMemory allocatePlain(String purpose, long bytes) {
        Arena arena = Arena.ofShared();
        try {
            long address = arena.allocate(bytes, ALIGNMENT).address();
            return new NativeMemory(purpose, bytes, address, 0, arena);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw refused(purpose, bytes, e);
        }
    }

    private static UserError refused(String purpose, long bytes, Throwable cause) {
        return UserError.failed("out of memory: " + purpose + " needs " + (bytes >> 20) + " MiB (" + bytes
                + " bytes) and the system refused; use a smaller --batch, --width, --image or --queue", cause);
    }

    public long address() {
        return address;
    }

    /** Usable bytes, at least what was asked for. */
    public long bytes() {
        return bytes;
    }

    /** The block as a segment, valid until {@link #close()}; using it later crashes the process. */
    public MemorySegment segment() {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /** Turns the block from data into code: readable and executable, no longer writable. Linux only. */
    void makeExecutable() {
        if (!Posix.AVAILABLE) {
            throw new IllegalStateException("native memory for " + purpose + ": executable memory is for Linux only");
        }
        Posix.makeExecutable(address, bytes);
    }

    /** Gives the memory back; a second call does nothing. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (arena != null) {
            arena.close();
        } else {
            Posix.unmap(mapped, mappedBytes(bytes));
        }
    }

    @Override
    public String toString() {
        return "NativeMemory[" + purpose + " " + bytes + " bytes]";
    }

    /** mmap, munmap and madvise of Linux. Constants of asm-generic/mman.h, the same on x86-64 and AArch64. */
    private static final class Posix {
        static final boolean AVAILABLE = System.getProperty("os.name").startsWith("Linux");
        private static final int READ_WRITE = 3;
        private static final int READ_EXECUTE = 5;
        private static final int PRIVATE_ANONYMOUS = 0x22;
        private static final int MADV_HUGEPAGE = 14;

        private static final MethodHandle MMAP = handle("mmap",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        private static final MethodHandle MUNMAP =
                handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        private static final MethodHandle MADVISE =
                handle("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

        private static final MethodHandle MPROTECT =
                handle("mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

        private static MethodHandle handle(String name, FunctionDescriptor type) {
            if (!AVAILABLE) {
                return null;
            }
            Linker linker = Linker.nativeLinker();
            SymbolLookup lookup = linker.defaultLookup();
            return linker.downcallHandle(lookup.findOrThrow(name), type);
        }

        /** The address, or -1. */
        static long map(long length) {
            try {
                return (long) MMAP.invokeExact(0L, length, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }

        /** Advice only: where the kernel has no huge pages the memory works all the same. */
        static void adviseHugePages(long address, long length) {
            try {
                int ignored = (int) MADVISE.invokeExact(address, length, MADV_HUGEPAGE);
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }

        static void makeExecutable(long address, long length) {
            try {
                int status = (int) MPROTECT.invokeExact(address, length, READ_EXECUTE);
                if (status != 0) {
                    throw new IllegalStateException("mprotect of " + length + " bytes of machine code failed");
                }
            } catch (RuntimeException e) {
                throw e;
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }

        static void unmap(long address, long length) {
            try {
                int status = (int) MUNMAP.invokeExact(address, length);
                if (status != 0) {
                    throw new IllegalStateException("munmap of " + length + " bytes failed");
                }
            } catch (RuntimeException e) {
                throw e;
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }
    }
}
