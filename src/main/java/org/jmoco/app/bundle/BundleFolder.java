package org.jmoco.app.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.natives.JCudaNatives;
import org.jmoco.tensor.UserError;

/**
 * The folder that a bundle unpacks to.
 *
 * <pre>
 *   jmoco                     the launcher
 *   jre/                      Java, with the modules that are needed
 *   lib/                      jars, stored: xz packs them better than they pack themselves
 *   natives/                  oneDNN, OpenMP
 *   natives/jcuda-V-cuda12/   JCuda's native halves, and
 *   natives/jcuda-V-cuda13/   the same for CUDA 13
 *   benchmarks/               gpu-session.sh and PyTorch's side of it
 *   LICENSE, licences.md      jmoco's licence, and the list of all that is carried
 *   licences/                 the others' texts and notices: of the jars that have some, and the project's own copies
 * </pre>
 */
public final class BundleFolder {
    private static final String FONT_JAR = "pdfbox-3";
    private static final String FONT = "org/apache/pdfbox/resources/ttf/LiberationSans-Regular.ttf";

    /**
     * What is left out of the class path, by the beginning of the jar's name: native halves lie unpacked in natives/, and pdfbox
     * is there for its font.
     */
    private static final List<String> LEFT_OUT = List.of("dnnl-", "jcuda-natives-", "jcublas-natives-", "jcudnn-natives-",
            "jline-native-", FONT_JAR);

    /** Licences and notices in a jar: Apache's rules put them there. */
    private static final Pattern TERMS = Pattern.compile("META-INF/([\\w.-]*(?:LICENSE|NOTICE)[\\w.-]*)");

    private BundleFolder() {
    }

    /**
     * Makes the folder.
     *
     * @param folder must not exist
     * @param classPath jars, and folders of class files; the first folder is jmoco itself
     * @param files more files, by their path in the folder
     * @param commit of the sources
     * @param say gets a line for each part
     */
    public static void make(Path folder, List<Path> classPath, Map<String, Path> files, String commit, Consumer<String> say)
            throws IOException, InterruptedException {
        if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
            throw UserError.failed("bundle: is made on Linux on x86_64, for machines of that kind");
        }
        Path lib = Files.createDirectories(folder.resolve("lib"));
        List<Path> kept = new ArrayList<>();
        for (Path entry : classPath) {
            String name = entry.getFileName().toString();
            if (Files.isDirectory(entry)) {
                kept.add(jar(entry, lib.resolve(kept.isEmpty() ? "jmoco.jar" : name + ".jar")));
            } else if (!leftOut(name)) {
                kept.add(store(entry, lib.resolve(name)));
            }
            if (Files.isRegularFile(entry) && (!leftOut(name) || name.startsWith(FONT_JAR))) {
                terms(entry, folder.resolve("licences").resolve(name.replaceFirst("\\.jar$", "")));
            }
        }
        say.accept("jars       " + megabytes(lib));
        Path natives = Files.createDirectories(folder.resolve("natives"));
        for (Path file : CpuBackend.nativeFiles()) {
            Files.copy(file, natives.resolve(file.getFileName()));
        }
        JCudaNatives.unpackAll(natives);
        say.accept("natives    " + megabytes(natives));
        RuntimeImage.link(folder.resolve("jre"), kept);
        font(folder.resolve("jre/lib"), classPath);
        say.accept("runtime    " + megabytes(folder.resolve("jre")));
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Path to = folder.resolve(file.getKey());
            Files.createDirectories(to.getParent());
            Files.copy(file.getValue(), to);
        }
        Path launcher = folder.resolve("jmoco");
        Files.writeString(launcher, new String(resource("jmoco"), StandardCharsets.UTF_8).replace("@commit@", commit));
        executable(launcher);
    }

    /** Packs a folder, which becomes the first part of every name. @param preset xz's: 9 is smallest, 0 fastest */
    public static void pack(Path folder, Path archive, int preset, java.util.function.LongConsumer progress) throws IOException {
        TarXz.write(folder, archive, preset, progress);
    }

    static boolean leftOut(String jar) {
        return LEFT_OUT.stream().anyMatch(jar::startsWith);
    }

    /** Copies what a jar has of licences and notices; nothing, without the folder, where it has none. */
    private static void terms(Path jar, Path to) throws IOException {
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar))) {
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                Matcher m = TERMS.matcher(e.getName());
                if (m.matches()) {
                    Files.write(Files.createDirectories(to).resolve(m.group(1)), in.readAllBytes());
                }
            }
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = BundleFolder.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    private static void executable(Path file) {
        if (!file.toFile().setExecutable(true, false)) {
            throw UserError.failed("bundle: " + file + " cannot be made executable");
        }
    }

    /**
     * A font for plots where the server has none: Java's own configuration is asked when fontconfig does not answer. The font is
     * Liberation Sans (SIL Open Font License), out of pdfbox's jar.
     */
    private static void font(Path lib, List<Path> classPath) throws IOException {
        for (Path jar : classPath) {
            if (jar.getFileName().toString().startsWith(FONT_JAR)) {
                try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(jar.toFile());
                        InputStream in = zip.getInputStream(zip.getEntry(FONT))) {
                    Files.createDirectories(lib.resolve("fonts"));
                    Files.copy(in, lib.resolve("fonts/LiberationSans-Regular.ttf"));
                }
                Files.write(lib.resolve("fontconfig.properties"), fontConfiguration());
                return;
            }
        }
        throw UserError.failed("bundle: no jar " + FONT_JAR + "* on the class path, whose font plots need");
    }

    /** Every logical font is the one font. */
    private static byte[] fontConfiguration() {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("version", "1");
        for (String family : List.of("dialog", "sansserif", "serif", "monospaced", "dialoginput")) {
            for (String style : List.of("plain", "bold", "italic", "bolditalic")) {
                lines.put(family + "." + style + ".latin-1", "Liberation Sans");
            }
        }
        lines.put("sequence.allfonts", "latin-1");
        lines.put("filename.Liberation_Sans", "$JRE_LIB_FONTS/LiberationSans-Regular.ttf");
        StringBuilder text = new StringBuilder("# Written by jmoco bundle: one font for a machine without fonts.\n");
        lines.forEach((k, v) -> text.append(k).append('=').append(v).append('\n'));
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A jar's files without compression, without what only Maven reads. */
    private static Path store(Path jar, Path to) throws IOException {
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar));
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                if (!e.isDirectory() && !e.getName().startsWith("META-INF/maven/")) {
                    put(out, e.getName(), in.readAllBytes());
                }
            }
        }
        return to;
    }

    private static Path jar(Path classes, Path to) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(classes)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
            for (Path f : files) {
                put(out, classes.relativize(f).toString(), Files.readAllBytes(f));
            }
        }
        return to;
    }

    private static void put(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setCrc(crc.getValue());
        entry.setTime(315_619_200_000L); // 1980-01-02, the beginning of zip's time: the same sources make the same jar
        out.putNextEntry(entry);
        out.write(bytes);
        out.closeEntry();
    }

    /** Bytes of all files below a folder. */
    public static long bytes(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).filter(f -> !Files.isSymbolicLink(f)).mapToLong(f -> {
                try {
                    return Files.size(f);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).sum();
        }
    }

    private static String megabytes(Path folder) throws IOException {
        return String.format(java.util.Locale.ROOT, "%6.1f MB", bytes(folder) * 1e-6);
    }
}
