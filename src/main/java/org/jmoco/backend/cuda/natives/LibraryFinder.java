package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Looks for NVIDIA's libraries in all {@link SearchPlaces} and takes a set that fits together.
 *
 * <p>JCuda's native halves want {@code libcublas.so.12} (or, retargeted, 13) and {@code libcudnn.so.9}. cuDNN has the same name
 * for CUDA 12 and 13 but opens the cuBLASLt and NVRTC of the version that it was built for, so the set is chosen by that version.
 */
public final class LibraryFinder {
    /** Versions of CUDA whose cuBLAS can be used, the one preferred at equal place first. */
    static final List<Integer> CUDA_VERSIONS = List.of(13, 12);
    static final int CUDNN_VERSION = 9;
    private static final int DRIVER_VERSION = 1;
    /** A part of the driver, beside {@code libcuda.so.1}: makes machine code of PTX. */
    static final String COMPILER = "libnvidia-ptxjitcompiler.so.1";

    /** Without these, cuDNN has no convolution; the others of its parts are opened where they exist. */
    static final List<String> CUDNN_PARTS = List.of("libcudnn_graph", "libcudnn_ops", "libcudnn_cnn",
            "libcudnn_engines_precompiled", "libcudnn_heuristic");

    /**
     * Where cuDNN's text "libcublasLt.so.12" is looked for: the first part that exists. In 9.5 it stands 4 and 30 MB from the
     * start, in 9.24 59 MB in the second.
     */
    private static final List<String> TELLTALES = List.of("libcudnn_adv", "libcudnn_engines_precompiled");
    private static final byte[] TELLTALE = "libcublasLt.so.".getBytes(StandardCharsets.ISO_8859_1);
    private static final int TELLTALE_LIMIT_BYTES = 256 << 20;

    /**
     * A library that was found and could be taken.
     *
     * @param version the number at the end of its name; the CUDA version for all but cuDNN and the driver
     * @param cudaVersion the version of CUDA that it belongs to; 0 for the driver, and for a cuDNN that does not tell
     */
    public record Found(CudaLibrary library, int version, int cudaVersion, Path file, String origin) {
        @Override
        public String toString() {
            return file + " (" + origin + ")";
        }
    }

    /** A file that has the right name and cannot be taken. */
    public record Unsuitable(CudaLibrary library, Path file, String reason) {
    }

    private final List<Found> found = new ArrayList<>();
    private final List<Unsuitable> unsuitable = new ArrayList<>();
    private final Set<Path> seen = new HashSet<>();

    private LibraryFinder() {
    }

    /**
     * Looks everywhere. Loads nothing.
     *
     * @param explicit the folder that the user named, or null
     * @param cache where {@code jmoco cuda install} puts libraries
     */
    static LibraryFinder search(Host host, Path explicit, Path cache) {
        return search(SearchPlaces.of(host, explicit, cache), CudaLibrary.values());
    }

    /** Looks for the driver alone, where drivers lie. Quick: starts no Python and opens no large file. */
    static LibraryFinder searchDriver(Host host, Path explicit) {
        return search(SearchPlaces.ofDriver(host, explicit), CudaLibrary.DRIVER);
    }

    private static LibraryFinder search(List<SearchPlaces.Place> places, CudaLibrary... libraries) {
        LibraryFinder f = new LibraryFinder();
        for (SearchPlaces.Place place : places) {
            for (CudaLibrary library : libraries) {
                f.look(place, library);
            }
        }
        return f;
    }

    /** In the order of the places. */
    List<Found> found() {
        return found;
    }

    List<Found> found(CudaLibrary library) {
        return found.stream().filter(f -> f.library() == library).toList();
    }

    List<Unsuitable> unsuitable() {
        return unsuitable;
    }

    private void look(SearchPlaces.Place place, CudaLibrary library) {
        Pattern name = Pattern.compile(Pattern.quote(library.stem()) + "\\.(\\d+)");
        for (Path file : files(place, library)) {
            Matcher m = name.matcher(file.getFileName().toString());
            if (m.matches() && seen.add(real(file)) && !file.toString().contains("/stubs/")) {
                add(library, Integer.parseInt(m.group(1)), file, place.origin());
            }
        }
    }

    private static List<Path> files(SearchPlaces.Place place, CudaLibrary library) {
        if (place.only() != null) {
            return place.only().stream().map(place.folder()::resolve).filter(Files::isRegularFile).toList();
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(place.folder(), library.stem() + ".*")) {
            for (Path p : entries) {
                if (Files.isRegularFile(p)) {
                    files.add(p);
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            return List.of(); // a folder that may not be read holds nothing that could be loaded
        }
        files.sort(null);
        return files;
    }

    static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file.toAbsolutePath();
        }
    }

    private void add(CudaLibrary library, int version, Path file, String origin) {
        List<Integer> wanted = switch (library) {
            case DRIVER -> List.of(DRIVER_VERSION);
            case CUDNN -> List.of(CUDNN_VERSION);
            default -> CUDA_VERSIONS;
        };
        String reason = wanted.contains(version) ? defect(library.fileName(version), file)
                : "is version " + version + ", needed is " + (wanted.size() == 1 ? wanted.getFirst() : wanted.getLast() + " or "
                        + wanted.getFirst());
        int cudaVersion = library == CudaLibrary.DRIVER ? 0 : version;
        if (reason == null && library == CudaLibrary.CUDNN) {
            reason = missingParts(file);
            cudaVersion = builtFor(file);
        }
        if (reason == null) {
            found.add(new Found(library, version, cudaVersion, file, origin));
        } else {
            unsuitable.add(new Unsuitable(library, file, reason));
        }
    }

    /** Why the loader would refuse the file or not know it under its name; null if it is well. */
    private static String defect(String name, Path file) {
        try {
            String soname = ElfFile.read(file).soname();
            return name.equals(soname) ? null : "calls itself " + soname + ", not " + name;
        } catch (IllegalArgumentException e) {
            return e.getMessage().replace(file + ": ", "");
        } catch (IOException e) {
            return "cannot be read: " + e.getMessage();
        }
    }

    private static Path part(Path cudnn, String name) {
        return real(cudnn).resolveSibling(name + ".so." + CUDNN_VERSION);
    }

    private static String missingParts(Path cudnn) {
        List<String> missing = CUDNN_PARTS.stream().map(p -> part(cudnn, p)).filter(p -> !Files.isRegularFile(p))
                .map(p -> p.getFileName().toString()).toList();
        return missing.isEmpty() ? null : "lacks " + String.join(", ", missing) + " beside it";
    }

    /** Major version of the CUDA that a cuDNN belongs to, 0 if it does not tell. */
    private static int builtFor(Path cudnn) {
        for (String name : TELLTALES) {
            Path file = part(cudnn, name);
            if (Files.isRegularFile(file)) {
                try (FileChannel channel = FileChannel.open(file)) {
                    return firstVersion(channel);
                } catch (IOException e) {
                    return 0;
                }
            }
        }
        return 0;
    }

    private static int firstVersion(FileChannel channel) throws IOException {
        int overlap = TELLTALE.length + 2; // the text may lie across two blocks
        ByteBuffer block = ByteBuffer.allocate(1 << 20);
        for (long at = 0; at < Math.min(channel.size(), TELLTALE_LIMIT_BYTES); at += block.capacity() - overlap) {
            block.clear();
            while (block.hasRemaining() && channel.read(block, at + block.position()) > 0) {
                continue;
            }
            int version = firstVersion(block.array(), block.position());
            if (version > 0) {
                return version;
            }
        }
        return 0;
    }

    /** The two digits behind the first telltale, 0 if there is none. */
    private static int firstVersion(byte[] bytes, int length) {
        for (int i = 0; i + TELLTALE.length + 2 <= length; i++) {
            if (bytes[i] == TELLTALE[0] && Arrays.mismatch(bytes, i, i + TELLTALE.length, TELLTALE, 0, TELLTALE.length) < 0) {
                int tens = bytes[i + TELLTALE.length] - '0';
                int ones = bytes[i + TELLTALE.length + 1] - '0';
                if (tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9) {
                    return tens * 10 + ones;
                }
            }
        }
        return 0;
    }
}
