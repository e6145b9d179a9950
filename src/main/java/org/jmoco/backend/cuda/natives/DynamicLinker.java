package org.jmoco.backend.cuda.natives;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The system's dlopen. {@link System#load} opens libraries for themselves alone and only those of JNI; here they are opened for
 * the whole process, so that JCuda's native halves and cuDNN, which ask for them by name, get these and no others.
 */
@SuppressWarnings("restricted") // native access is what this class is for
final class DynamicLinker {
    private static final Linker LINKER = Linker.nativeLinker();
    /** glibc, bits/dlfcn.h. Lazy: of hundreds of functions a handful is called. */
    private static final int RTLD_LAZY = 1;
    private static final int RTLD_GLOBAL = 0x100;
    private static final long MESSAGE_BYTES = 4096;

    private static final MethodHandle DLOPEN = libc("dlopen",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLSYM = libc("dlsym",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    private static final MethodHandle DLERROR = libc("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));

    private DynamicLinker() {
    }

    /** An opened library; it stays open until the process ends. */
    record Library(Path file, MemorySegment handle) {
        /** A function of it, or nothing. */
        Optional<MethodHandle> function(String name, FunctionDescriptor type) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment symbol = (MemorySegment) DLSYM.invokeExact(handle, arena.allocateFrom(name));
                return symbol.address() == 0 ? Optional.empty() : Optional.of(LINKER.downcallHandle(symbol, type));
            } catch (Throwable e) {
                throw unexpected("dlsym", e);
            }
        }
    }

    /** @throws LinkFailure with the loader's own words */
    static Library open(Path file) throws LinkFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(file.toString()),
                    RTLD_LAZY | RTLD_GLOBAL);
            if (handle.address() == 0) {
                MemorySegment text = (MemorySegment) DLERROR.invokeExact();
                throw new LinkFailure(text.address() == 0 ? file + ": cannot be loaded"
                        : text.reinterpret(MESSAGE_BYTES).getString(0));
            }
            return new Library(file, handle);
        } catch (LinkFailure e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected("dlopen", e);
        }
    }

    /** The loader refused a library. */
    static final class LinkFailure extends Exception {
        LinkFailure(String message) {
            super(message);
        }
    }

    private static IllegalStateException unexpected(String call, Throwable e) {
        return new IllegalStateException(call + " could not be called", e);
    }

    private static MethodHandle libc(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), type);
    }
}
