package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * NVIDIA's libraries of CUDA 12.6 and cuDNN 9.5 as JavaCPP publishes them on Maven Central, for a machine that has a driver and
 * no toolkit: one jar of 2 GB, of which cuBLAS, cuDNN and NVRTC are unpacked (1.5 GB).
 */
public final class Redist {
    /** Artifact, as Maven's command line takes it. */
    public static final String ARTIFACT = "org.bytedeco:cuda:12.6-9.5-1.5.11:jar:linux-x86_64-redist";
    /** Where it lies in a Maven repository. */
    public static final String PATH = "org/bytedeco/cuda/12.6-9.5-1.5.11/cuda-12.6-9.5-1.5.11-linux-x86_64-redist.jar";
    public static final long JAR_BYTES = 2_026_748_503L;
    /** Name of the folder of unpacked libraries, in the cache. */
    static final String FOLDER = "cuda-12.6-cudnn-9.5";

    private static final String INSIDE = "org/bytedeco/cuda/linux-x86_64/";
    /** All parts of cuDNN: it checks them against each other. NVRTC with its built-in headers, for cuDNN's run-time kernels. */
    private static final List<String> NEEDED = List.of("libcublas.so.", "libcublasLt.so.", "libcudnn", "libnvrtc.so.",
            "libnvrtc-builtins.so.");
    /** What a file system wants for itself. */
    private static final long SPARE_BYTES = 100L << 20;
    private static final int BUFFER_BYTES = 1 << 20;

    private Redist() {
    }

    /** The folder into which {@link #unpack} puts the libraries, by default. */
    public static Path folder() {
        return JCudaNatives.cacheFolder().resolve(FOLDER);
    }

    /** Bytes that unpacking writes. @throws IOException if it is not that jar, or is cut off */
    public static long unpackedBytes(Path jar) throws IOException {
        try (ZipFile zip = open(jar)) {
            return needed(zip).stream().mapToLong(ZipEntry::getSize).sum();
        }
    }

    private static ZipFile open(Path jar) throws IOException {
        try {
            return new ZipFile(jar.toFile());
        } catch (ZipException e) {
            throw new IOException(jar + ": is no jar or cut off (" + e.getMessage() + ")", e);
        }
    }

    private static List<ZipEntry> needed(ZipFile zip) throws IOException {
        List<ZipEntry> entries = new ArrayList<>();
        for (ZipEntry e : zip.stream().map(ZipEntry.class::cast).toList()) {
            String name = e.getName();
            if (name.startsWith(INSIDE) && NEEDED.stream().anyMatch(n -> name.startsWith(n, INSIDE.length()))) {
                entries.add(e);
            }
        }
        for (String n : NEEDED) {
            if (entries.stream().noneMatch(e -> e.getName().startsWith(n, INSIDE.length()))) {
                throw new IOException(zip.getName() + ": has no " + INSIDE + n + "*; it is not " + ARTIFACT);
            }
        }
        return entries;
    }

    /**
     * Unpacks into a folder of another name and renames it at the end, so that nobody ever finds half of it. Whatever was in
     * {@code folder} is replaced.
     *
     * @param done gets the bytes written since the last call
     * @throws IOException if the disk is too small (said before anything is written), or the jar is damaged
     */
    public static void unpack(Path jar, Path folder, LongConsumer done) throws IOException {
        Path target = folder.toAbsolutePath();
        CacheFolder.createPrivate(target.getParent());
        Path part = target.resolveSibling(target.getFileName() + ".part");
        deleteAll(part);
        try (ZipFile zip = open(jar)) {
            List<ZipEntry> entries = needed(zip);
            requireSpace(target.getParent(), entries.stream().mapToLong(ZipEntry::getSize).sum(),
                    "to unpack " + jar.getFileName());
            Files.createDirectory(part);
            for (ZipEntry e : entries) {
                unpack(zip, e, part.resolve(e.getName().substring(INSIDE.length())), done);
            }
            deleteAll(target);
            Files.move(part, target);
        } finally {
            deleteAll(part);
        }
    }

    private static void unpack(ZipFile zip, ZipEntry entry, Path file, LongConsumer done) throws IOException {
        CRC32 crc = new CRC32();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = zip.getInputStream(entry); OutputStream out = Files.newOutputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                crc.update(buffer, 0, n);
                out.write(buffer, 0, n);
                done.accept(n);
            }
        }
        if (crc.getValue() != entry.getCrc()) {
            throw new IOException(zip.getName() + ": " + entry.getName()
                    + " is damaged (its checksum differs); get the jar again");
        }
    }

    /** @throws IOException if {@code folder}'s disk has fewer bytes left; the folder exists */
    public static void requireSpace(Path folder, long bytes, String what) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < bytes + SPARE_BYTES) {
            throw new IOException(folder + ": " + (free >> 20) + " MB are free, " + ((bytes + SPARE_BYTES) >> 20)
                    + " MB are needed " + what + "; free some, or name another disk by JMOCO_CACHE");
        }
    }

    private static void deleteAll(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(p);
                }
            }
        }
    }
}
