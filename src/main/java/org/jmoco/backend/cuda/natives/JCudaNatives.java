package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jmoco.backend.cuda.natives.DynamicLinker.Library;
import org.jmoco.backend.cuda.natives.DynamicLinker.LinkFailure;
import org.jmoco.tensor.BundledNatives;

/**
 * Loads NVIDIA's libraries and then JCuda's native halves, once per process.
 *
 * <p>JCuda unpacks its native halves into {@code java.io.tmpdir} and takes a file that lies there already. While its classes are
 * initialised, that property therefore names a private folder in which jmoco has put them: verified byte by byte, and JCublas2's
 * retargeted where cuBLAS is of CUDA 13 ({@link ElfRetarget}). A file that somebody else left in /tmp is never loaded.
 *
 * <p>The first {@link #load} decides; the loader cannot let go of a library and take another.
 */
public final class JCudaNatives {
    /** Version of JCuda's jars, part of the native halves' names. */
    private static final String VERSION = "12.6.0";
    /** CUDA version whose cuBLAS JCublas2's native half was linked with. */
    private static final int LINKED_CUDA = 12;
    private static final String JCUBLAS = "JCublas2";
    private static final List<String> HALVES = List.of("JCudaDriver", JCUBLAS, "JCudnn");
    private static final String TMPDIR = "java.io.tmpdir";

    private static Path explicit;
    private static JCudaNatives loaded;

    private final CudaLibraries libraries;
    private final Map<CudaLibrary, Library> opened = new EnumMap<>(CudaLibrary.class);
    private final Map<CudaLibrary, String> versions = new EnumMap<>(CudaLibrary.class);
    private final List<String> loaderErrors = new ArrayList<>();
    private final int driverVersion;
    private final boolean thorough; // false: the driver alone was looked for, and there is none
    private String failure;
    private String cure;

    private JCudaNatives(CudaLibraries libraries, int driverVersion, boolean thorough) {
        this.libraries = libraries;
        this.thorough = thorough;
        this.driverVersion = driverVersion;
    }

    /**
     * Where to look first: {@code --cuda-libs}. Without it the environment variable JMOCO_CUDA_LIBS is asked.
     *
     * @throws IllegalStateException if libraries have been loaded already
     */
    public static synchronized void searchFirst(Path folder) {
        if (loaded != null && !folder.equals(explicit)) {
            throw new IllegalStateException("CUDA libraries are loaded already; they cannot be exchanged for those of " + folder);
        }
        explicit = folder;
    }

    /**
     * Finds, chooses and loads. What goes wrong is told by {@link #failure()}, not thrown. Without a driver it does not look any
     * further: most machines have none, and every start asks.
     */
    public static synchronized JCudaNatives load() {
        if (loaded == null) {
            loaded = attempt(Host.here(), explicit, false);
        }
        return loaded;
    }

    /** As {@link #load}, but looks for all libraries and loads what there is, driver or not: for a report. */
    public static synchronized JCudaNatives loadWhatThereIs() {
        if (loaded == null || !loaded.thorough) {
            loaded = attempt(Host.here(), explicit, true);
        }
        return loaded;
    }

    /** {@code $JMOCO_CACHE/cuda}, by default {@code ~/.cache/jmoco/cuda}; may not exist yet, is safe to delete. */
    public static Path cacheFolder() {
        return CacheFolder.of(Host.here());
    }

    private static JCudaNatives attempt(Host host, Path folder, boolean thorough) {
        String os = System.getProperty("os.name");
        String processor = System.getProperty("os.arch");
        if (!os.equals("Linux") || !processor.equals("amd64")) {
            JCudaNatives none = new JCudaNatives(new CudaLibraries(Map.of(), List.of(), List.of(), List.of()), 0, true);
            none.fail("it runs on Linux on x86_64; this is " + os + " on " + processor, "use --backend cpu");
            return none;
        }
        String variable = host.variable(SearchPlaces.VARIABLE);
        Path first = folder != null ? folder : variable == null ? null : Path.of(variable).toAbsolutePath();
        if (first != null && !Files.isDirectory(first)) {
            JCudaNatives none = new JCudaNatives(new CudaLibraries(Map.of(), List.of(), List.of(), List.of()), 0, true);
            none.fail("--cuda-libs (" + SearchPlaces.VARIABLE + ") " + first + " is not a folder",
                    "name the folder that holds libcublas.so.12 and libcudnn.so.9");
            return none;
        }
        LibraryFinder finder = LibraryFinder.searchDriver(host, first);
        boolean all = thorough || !finder.found(CudaLibrary.DRIVER).isEmpty();
        if (all) {
            finder = LibraryFinder.search(host, first, CacheFolder.of(host));
        }
        Optional<Library> driver = Optional.empty();
        String driverError = null;
        try {
            driver = openFirst(finder.found(CudaLibrary.DRIVER));
        } catch (LinkFailure e) {
            driverError = e.getMessage();
        }
        driver.ifPresent(d -> openCompiler(d.file()));
        int version = driver.map(JCudaNatives::driverVersion).orElse(0);
        JCudaNatives natives = new JCudaNatives(CudaLibraries.choose(finder, version / 1000), version, all);
        if (driverError != null) {
            natives.loaderErrors.add(driverError);
        }
        natives.loadAll(host);
        return natives;
    }

    private static Optional<Library> openFirst(List<LibraryFinder.Found> candidates) throws LinkFailure {
        return candidates.isEmpty() ? Optional.empty() : Optional.of(DynamicLinker.open(candidates.getFirst().file()));
    }

    /**
     * The driver opens its compiler of PTX by this name when it first needs it, so it finds the one beside it only if the loader
     * looks there too, or if that one is loaded already. Where it cannot be loaded, the driver may know another; if not, it says
     * so when the first module is loaded.
     */
    private static void openCompiler(Path driver) {
        for (Path d : List.of(LibraryFinder.real(driver), driver)) { // the name may be a link into the driver's own folder
            Path compiler = d.resolveSibling(LibraryFinder.COMPILER);
            if (Files.isRegularFile(compiler)) {
                try {
                    DynamicLinker.open(compiler);
                    return;
                } catch (LinkFailure tryTheOther) {
                    // the driver may find one by itself
                }
            }
        }
    }

    /** 13000 for CUDA 13.0; 0 if the library does not say. */
    private static int driverVersion(Library driver) {
        return driver.function("cuDriverGetVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)).map(f -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment version = arena.allocate(ValueLayout.JAVA_INT);
                int code = (int) f.invokeExact(version);
                return code == 0 ? version.get(ValueLayout.JAVA_INT, 0) : 0;
            } catch (Throwable e) {
                throw new IllegalStateException("cuDriverGetVersion could not be called", e);
            }
        }).orElse(0);
    }

    /**
     * Loads whatever is there, also when something is missing, so that a report tells all that is wrong and not the first only.
     */
    private void loadAll(Host host) {
        try {
            for (Path file : libraries.loadOrder()) {
                open(file);
            }
        } catch (IOException e) {
            loaderErrors.add(e.getMessage());
        }
        if (!libraries.complete()) {
            CudaLibraries.Missing m = libraries.missing().getFirst();
            fail(m.reason(), m.cure());
        } else if (!loaderErrors.isEmpty()) {
            fail("a library cannot be loaded: " + loaderErrors.getFirst(),
                    "./jmoco doctor shows where each one lies; name others by --cuda-libs");
        } else {
            initialiseJCuda(host);
        }
    }

    private void open(Path file) {
        try {
            Library library = DynamicLinker.open(file);
            libraries.taken().forEach((kind, found) -> {
                if (found.file().equals(file)) {
                    opened.put(kind, library);
                    version(kind, library).ifPresent(v -> versions.put(kind, v));
                }
            });
        } catch (LinkFailure e) {
            loaderErrors.add(e.getMessage());
        }
    }

    /** Asked of functions that need no device. */
    private Optional<String> version(CudaLibrary kind, Library library) {
        FunctionDescriptor size = FunctionDescriptor.of(ValueLayout.JAVA_LONG);
        return switch (kind) {
            case DRIVER -> driverVersion == 0 ? Optional.empty() : Optional.of("CUDA " + dotted(driverVersion, 1000, 10, false));
            case CUBLAS_LT -> library.function("cublasLtGetVersion", size).map(f -> dotted(call(f), 10000, 100, true));
            case CUBLAS -> library.function("cublasGetProperty",
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS))
                    .map(JCudaNatives::cublasVersion);
            case NVRTC -> library.function("nvrtcVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS))
                    .map(JCudaNatives::nvrtcVersion);
            case CUDNN -> library.function("cudnnGetVersion", size).map(f -> dotted(call(f), 10000, 100, true));
        };
    }

    private static long call(MethodHandle function) {
        try {
            return (long) function.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException("the version of a library could not be asked", e);
        }
    }

    private static String nvrtcVersion(MethodHandle version) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment minor = arena.allocate(ValueLayout.JAVA_INT);
            int ignored = (int) version.invokeExact(major, minor);
            return major.get(ValueLayout.JAVA_INT, 0) + "." + minor.get(ValueLayout.JAVA_INT, 0);
        } catch (Throwable e) {
            throw new IllegalStateException("nvrtcVersion could not be called", e);
        }
    }

    /** libraryPropertyType: major, minor, patch. */
    private static String cublasVersion(MethodHandle property) {
        List<String> parts = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            for (int i = 0; i < 3; i++) {
                int ignored = (int) property.invokeExact(i, value);
                parts.add(Integer.toString(value.get(ValueLayout.JAVA_INT, 0)));
            }
        } catch (Throwable e) {
            throw new IllegalStateException("cublasGetProperty could not be called", e);
        }
        return String.join(".", parts);
    }

    /** 90501 to 9.5.1 with units 10000 and 100; 12060 to 12.6 with 1000 and 10, whose last digit is no part of the version. */
    public static String dotted(long version, int major, int minor, boolean patch) {
        return version / major + "." + version % major / minor + (patch ? "." + version % minor : "");
    }

    private void initialiseJCuda(Host host) {
        String temporary = System.getProperty(TMPDIR);
        try {
            Path folder = unpack(host);
            System.setProperty(TMPDIR, folder.toString());
            for (String half : new String[] {"jcuda.driver.JCudaDriver", "jcuda.jcublas.JCublas2", "jcuda.jcudnn.JCudnn"}) {
                Class.forName(half);
            }
        } catch (LinkageError e) {
            // JCuda's text has the stack traces of both of its attempts in it; the loader's own words stand in some line of them.
            fail("JCuda's native half cannot be loaded: " + loaderLine(e), "./jmoco doctor shows which libraries were taken");
        } catch (IOException e) {
            fail("JCuda's native half cannot be unpacked: " + e,
                    "make the folder writable, or set JMOCO_CACHE to one with 10 MB free");
        } catch (ClassNotFoundException e) {
            fail("JCuda is not on the class path: " + e.getMessage(), "start by ./jmoco");
        } finally {
            System.setProperty(TMPDIR, temporary);
        }
    }

    private static String loaderLine(Throwable e) {
        String text = String.valueOf(e.getMessage());
        return text.lines().map(String::strip).filter(l -> l.startsWith("java.lang.UnsatisfiedLinkError: ")
                && !l.contains("java.library.path"))
                .map(l -> l.substring("java.lang.UnsatisfiedLinkError: ".length())).findFirst()
                .orElse(text.lines().findFirst().orElse("no reason told"));
    }

    /** The native halves of this JCuda in a folder of their own, one per CUDA version. */
    private Path unpack(Host host) throws IOException {
        int cuda = libraries.cudaVersion();
        Optional<Path> bundled = BundledNatives.folder();
        return bundled.isPresent() ? bundled.get().resolve(folderName(cuda)) : unpack(CacheFolder.of(host), cuda);
    }

    private static String folderName(int cuda) {
        return "jcuda-" + VERSION + "-cuda" + cuda;
    }

    /**
     * Unpacks JCuda's native halves for each version of CUDA that they can work with, so that {@link BundledNatives} has them.
     *
     * @param natives gets a folder for each version
     */
    public static void unpackAll(Path natives) throws IOException {
        for (int cuda : LibraryFinder.CUDA_VERSIONS) {
            unpack(natives, cuda);
        }
    }

    private static Path unpack(Path parent, int cuda) throws IOException {
        Path folder = parent.resolve(folderName(cuda));
        for (String half : HALVES) {
            String name = "lib" + half + "-" + VERSION + "-linux-x86_64.so";
            byte[] bytes = resource("/lib/" + name);
            if (half.equals(JCUBLAS) && cuda != LINKED_CUDA) {
                bytes = ElfRetarget.retarget(bytes, name, CudaLibrary.CUBLAS.fileName(LINKED_CUDA),
                        CudaLibrary.CUBLAS.fileName(cuda));
            }
            CacheFolder.write(folder.resolve(name), bytes);
        }
        return folder;
    }

    static byte[] resource(String name) throws IOException {
        try (InputStream in = JCudaNatives.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not on the class path (jar of org.jcuda with classifier linux-x86_64)");
            }
            return in.readAllBytes();
        }
    }

    private void fail(String reason, String cure) {
        failure = reason;
        this.cure = cure;
    }

    /** Why no CUDA can be called, or null if JCuda's classes can be used. */
    public String failure() {
        return failure;
    }

    /** What to do about {@link #failure()}. */
    public String cure() {
        return cure;
    }

    public CudaLibraries libraries() {
        return libraries;
    }

    /** The version that a loaded library told, if any. */
    public Optional<String> version(CudaLibrary library) {
        return Optional.ofNullable(versions.get(library));
    }

    /** A function of a library that JCuda has no method for, or nothing where the library lacks it. */
    public Optional<MethodHandle> function(CudaLibrary library, String name, FunctionDescriptor type) {
        return Optional.ofNullable(opened.get(library)).flatMap(l -> l.function(name, type));
    }

    /** What the system's loader refused, in its own words. */
    public List<String> loaderErrors() {
        return loaderErrors;
    }

    /** CUDA version that the driver supports, as 13000; 0 without a driver. */
    public int driverVersion() {
        return driverVersion;
    }
}
