package org.jmoco.backend.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A committed file {@code kernels/ptx/<module>.<variant>.ptx} and what its line 1 says of it; see kernels/build.sh.
 *
 * @param variant {@code sm_70}: the oldest architecture that it runs on
 * @param sourceHash sha256 over the .cu and the headers that it includes, by name
 */
record PtxFile(Path path, String module, String variant, String sourceHash, String text) {
    static final Path KERNELS = Path.of("kernels");
    /** Architectures to assemble for: V100, T4 and RTX 20, A100, RTX 30, RTX 40 and L40, H100 and H200. */
    static final List<String> TARGETS = List.of("sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90");

    private static final Pattern HEAD = Pattern.compile("// jmoco (\\w+) source sha256=([0-9a-f]{64}) nvcc [\\d.]+ target"
            + " (sm_\\d+)");
    private static final Pattern INCLUDE = Pattern.compile("^#include \"(?:common/)?(.*)\"$", Pattern.MULTILINE);
    private static final Pattern VARIANTS = Pattern.compile("^// variants: (.*)");
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

    /** All committed PTX files, by name. */
    static List<PtxFile> all() {
        return list(KERNELS.resolve("ptx"), ".ptx").stream().map(PtxFile::read).toList();
    }

    /** All sources of modules. */
    static List<Path> sources() {
        return list(KERNELS, ".cu");
    }

    static PtxFile read(Path path) {
        String text = contents(path);
        Matcher head = HEAD.matcher(text.lines().findFirst().orElse(""));
        if (!head.matches()) {
            throw new AssertionError(path + ": line 1 must read like '// jmoco <module> source sha256=<hash> nvcc <version>"
                    + " target <variant>'");
        }
        return new PtxFile(path, head.group(1), head.group(3), head.group(2), text);
    }

    /** The architectures that a driver would take this variant for. */
    List<String> targets() {
        return TARGETS.stream().filter(t -> number(t) >= number(variant)).toList();
    }

    List<String> entries() {
        return ENTRY.matcher(text).results().map(m -> m.group(1)).toList();
    }

    static int number(String architecture) {
        return Integer.parseInt(architecture.substring("sm_".length()));
    }

    /** The variants that a .cu wants to be compiled to, from its line 1. */
    static List<String> variants(Path source) {
        Matcher m = VARIANTS.matcher(contents(source).lines().findFirst().orElse(""));
        return m.matches() ? List.of(m.group(1).strip().split("\\s+")) : List.of();
    }

    /** As kernels/build.sh computes it. */
    static String hash(Path source) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(contents(source).getBytes(java.nio.charset.StandardCharsets.UTF_8));
            TreeSet<String> headers = new TreeSet<>();
            collectHeaders(source, headers);
            headers.forEach(h -> sha.update(contents(header(h)).getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static void collectHeaders(Path source, TreeSet<String> headers) {
        INCLUDE.matcher(contents(source)).results().map(m -> m.group(1)).filter(headers::add)
                .forEach(h -> collectHeaders(header(h), headers));
    }

    private static Path header(String name) {
        return KERNELS.resolve("common").resolve(name);
    }

    private static List<Path> list(Path folder, String ending) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String contents(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
