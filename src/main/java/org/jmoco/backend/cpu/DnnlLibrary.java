package org.jmoco.backend.cpu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.jmoco.tensor.BundledNatives;
import org.jmoco.tensor.UserError;

/**
 * The oneDNN shared library and the OpenMP runtime it was built with, found in the bytedeco jar of this platform and
 * opened by {@code java.lang.foreign}.
 *
 * <p>Only the binaries of the JavaCPP preset are used, through oneDNN's C API, not its generated Java classes: those
 * also load an OpenCL binding of another JavaCPP version (a warning on every start) and allocate on each call.
 */
@SuppressWarnings("restricted") // native access is what this class is for
final class DnnlLibrary {
    private static final Linker LINKER = Linker.nativeLinker();
    private static DnnlLibrary opened;

    private final SymbolLookup dnnl;
    private final SymbolLookup openMp;

    private DnnlLibrary(SymbolLookup dnnl, SymbolLookup openMp) {
        this.dnnl = dnnl;
        this.openMp = openMp;
    }

    /**
     * Opens the library, once per process.
     *
     * @throws UserError when there is no oneDNN for this platform or it cannot be unpacked
     */
    static synchronized DnnlLibrary open() {
        if (opened == null) {
            opened = load();
        }
        return opened;
    }

    private static DnnlLibrary load() {
        List<Path> files = files();
        SymbolLookup openMp = SymbolLookup.libraryLookup(files.get(0), Arena.global());
        SymbolLookup dnnl = SymbolLookup.libraryLookup(files.get(1), Arena.global());
        return new DnnlLibrary(dnnl, openMp);
    }

    /**
     * The libraries as files, unpacked if need be. OpenMP first: oneDNN then finds it already loaded, or beside itself by its run
     * path.
     *
     * @throws UserError as {@link #open} does
     */
    static List<Path> files() {
        String platform = Loader.getPlatform();
        if (platform.startsWith("linux-")) {
            return List.of(unpack(platform, "libgomp.so.1"), unpack(platform, "libdnnl.so.3"));
        }
        if (platform.startsWith("macosx-")) {
            return List.of(unpack(platform, "libomp.dylib"), unpack(platform, "libdnnl.3.dylib"));
        }
        throw UserError.failed("cpu backend: no oneDNN binding for platform " + platform
                + " (there is one for linux and macosx); use --backend reference or cuda");
    }

    private static Path unpack(String platform, String name) {
        Optional<Path> bundled = BundledNatives.file(name);
        if (bundled.isPresent()) {
            return bundled.get();
        }
        String resource = "/org/bytedeco/dnnl/" + platform + "/" + name;
        URL url = DnnlLibrary.class.getResource(resource);
        if (url == null) {
            throw UserError.failed("cpu backend: " + resource + " is not on the class path; add the jar org.bytedeco:dnnl"
                    + " with classifier " + platform + " (mvn -Dnative.platform=" + platform + " ...)");
        }
        try {
            return Loader.cacheResource(url).toPath();
        } catch (IOException | RuntimeException e) {
            throw UserError.failed("cpu backend: cannot unpack " + name + " (" + e.getMessage()
                    + "); set -Dorg.bytedeco.javacpp.cachedir=DIR to a folder with 100 MB free", e);
        }
    }

    /** A handle on a oneDNN function. Pointers are passed as {@code long}: the same register, and nothing is allocated. */
    MethodHandle dnnl(String name, FunctionDescriptor type, Linker.Option... options) {
        return handle(dnnl, name, type, options);
    }

    /** A handle on an OpenMP function. */
    MethodHandle openMp(String name, FunctionDescriptor type, Linker.Option... options) {
        return handle(openMp, name, type, options);
    }

    private static MethodHandle handle(SymbolLookup in, String name, FunctionDescriptor type, Linker.Option... options) {
        MemorySegment symbol = in.find(name).orElseThrow(() ->
                UserError.failed("cpu backend: the oneDNN library lacks " + name + "; expected version 3.x"));
        return LINKER.downcallHandle(symbol, type, options);
    }

    /** {@code int f(long, long, ...)} with {@code n} arguments, the form of nearly all of oneDNN's C API. */
    static FunctionDescriptor statusOfLongs(int n) {
        MemoryLayout[] args = new MemoryLayout[n];
        java.util.Arrays.fill(args, ValueLayout.JAVA_LONG);
        return FunctionDescriptor.of(ValueLayout.JAVA_INT, args);
    }
}
