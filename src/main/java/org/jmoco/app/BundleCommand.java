package org.jmoco.app;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jmoco.app.bundle.BundleFolder;
import org.jmoco.app.bundle.DataSlice;
import org.jmoco.report.Progress;
import org.jmoco.report.RunEnvironment;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bundle}: the program as one archive for a GPU server without Java, Maven or network. */
@Command(name = "bundle", description =
        "Pack the program with its Java runtime and native libraries into one archive (.tar.xz, under 60 MB) that runs"
        + " on Linux on x86_64 without Java, Maven or network; NVIDIA's libraries are taken from that machine.")
final class BundleCommand implements Callable<Integer> {
    /**
     * What the archive may have: it travels, sometimes through a door of 64 MiB: with its images, if any, and beside the project.
     */
    static final long LIMIT = 60_000_000;
    private static final double MEGA = 1e6;
    /** Not a script by itself: one of those that travel imports it. */
    private static final String PEERS_IMPORT = "cifar_pairs.py";
    private static final String LICENSE = "LICENSE";
    private static final String LICENCES = "docs/licences";
    private static final List<String> SUFFIXES = List.of(".tar.xz", ".txz");
    private static final Pattern COUNTED = Pattern.compile("(.+):(\\d{1,9})");

    @Option(names = "--out", paramLabel = "FILE", defaultValue = "target/jmoco-bundle.tar.xz",
            description = "The archive, a .tar.xz or .txz (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Option(names = "--xz", paramLabel = "LEVEL", defaultValue = "9",
            description = "xz's level: 9 packs smallest, in minutes; 0 is quick and too large for the limit (default:"
                    + " ${DEFAULT-VALUE}).")
    private int level;

    @Option(names = "--keep", paramLabel = "DIR",
            description = "Keep the folder that is packed as DIR, which must not exist (default: it is deleted).")
    private Path keep;

    @Option(names = "--data", paramLabel = "NAME=DIR[:N]",
            description = {"Pack images as well, as the folder data/NAME of the bundle, which"
            + " gpu-session.sh finds by itself and --data NAME=DIR reads: cifar10 (N train images, a multiple of 50, and a fifth"
            + " as many of test), or covid-ct (N in all, shorter side 128). Chosen by class and by a fixed seed; without N the"
            + " whole set. May be repeated."})
    private List<String> data = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (level < 0 || level > 9) {
            throw UserError.usage("--xz " + level + ": levels are 0 to 9");
        }
        if (SUFFIXES.stream().noneMatch(out.toString()::endsWith)) {
            throw UserError.usage("--out " + out + ": the archive is a tar packed by xz; let its name end with "
                    + String.join(" or ", SUFFIXES));
        }
        if (Files.isDirectory(out)) {
            throw UserError.usage("--out " + out + ": is a folder; name a file");
        }
        if (keep != null && Files.exists(keep)) {
            throw UserError.usage("--keep " + keep + ": exists already");
        }
        List<Slice> slices = data.stream().map(BundleCommand::slice).toList();
        if (slices.stream().map(s -> s.source.name()).distinct().count() < slices.size()) {
            throw UserError.usage("--data names a set twice; a bundle has one slice of each");
        }
        PrintWriter text = spec.commandLine().getOut();
        Path archive = out.toAbsolutePath();
        Path scratch;
        try {
            Files.createDirectories(archive.getParent());
            scratch = Files.createTempDirectory(archive.getParent(), ".bundle");
        } catch (IOException e) {
            throw UserError.failed("--out " + out + ": nothing can be written into " + archive.getParent()
                    + "; name a file in a folder that you may write to", e);
        }
        try {
            Path folder = scratch.resolve("jmoco");
            BundleFolder.make(folder, classPath(), files(), RunEnvironment.now(Version.number(), 1, "none", List.of()).commit(),
                    line -> {
                text.println(line);
                text.flush();
            });
            for (Slice s : slices) {
                Path to = folder.resolve("data").resolve(s.source.name());
                DataSlice.write(DataSource.open(s.source, text::println).set(), s.images, to);
                text.printf(Locale.ROOT, "%-10s %6.1f MB%n", s.source.name(), BundleFolder.bytes(to) / MEGA);
            }
            if (level < 9) {
                text.println("xz level " + level + ": larger than it could be");
            }
            pack(folder, archive);
            if (keep != null) {
                Files.move(folder, keep);
            }
        } finally {
            delete(scratch);
        }
        long bytes = Files.size(archive);
        text.printf(Locale.ROOT, "%s: %.1f MB (limit %.0f)%n", archive, bytes / MEGA, LIMIT / MEGA);
        checkSize(archive, bytes);
        return 0;
    }

    private record Slice(DataOptions.Source source, int images) {
    }

    /** One argument of {@code --data}. */
    private static Slice slice(String argument) {
        Matcher counted = COUNTED.matcher(argument);
        boolean n = counted.matches();
        DataOptions.Source source = DataOptions.parse(n ? counted.group(1) : argument);
        if (!DataSlice.NAMES.contains(source.name())) {
            throw UserError.usage("--data " + argument + ": slices are made of " + String.join(" and ", DataSlice.NAMES));
        }
        if (n && counted.group(2).matches("0+")) {
            throw UserError.usage("--data " + argument + ": a slice has images; leave :N out for the whole set");
        }
        return new Slice(source, n ? Integer.parseInt(counted.group(2)) : 0);
    }

    /** @throws UserError above {@link #LIMIT}; the archive stays, to be looked into */
    static void checkSize(Path archive, long bytes) {
        if (bytes > LIMIT) {
            throw UserError.failed(String.format(Locale.ROOT,
                    "bundle: %s has %.1f MB, more than the %.0f MB that it may have; tar -tvJf shows what is large",
                    archive, bytes / MEGA, LIMIT / MEGA));
        }
    }

    private void pack(Path folder, Path archive) throws IOException {
        long total = BundleFolder.bytes(folder);
        long[] done = new long[1];
        try (Progress progress = Progress.start(Progress.Mode.AUTO, "packing", "MB", (long) (total / MEGA), 0, System.err)) {
            BundleFolder.pack(folder, archive, level, n -> {
                long before = (long) (done[0] / MEGA);
                done[0] += n;
                progress.step((long) (done[0] / MEGA) - before, Double.NaN);
            });
        }
    }

    private static List<Path> classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator)).map(Path::of).filter(Files::exists)
                .toList();
    }

    /** What travels besides the program, by its path in the bundle, from the project's folder: scripts and licences. */
    private static Map<String, Path> files() throws IOException {
        for (String needed : List.of("benchmarks/gpu-session.sh", LICENSE, LICENCES + ".md")) {
            if (!Files.exists(Path.of(needed))) {
                throw UserError.usage("bundle: there is no " + needed + "; run this in the project's folder");
            }
        }
        return files(Path.of(""));
    }

    /** @param project its folder */
    static Map<String, Path> files(Path project) throws IOException {
        Map<String, Path> files = new TreeMap<>();
        scripts(project.resolve("benchmarks")).forEach((name, file) -> files.put("benchmarks/" + name, file));
        files.put(LICENSE, project.resolve(LICENSE));
        files.put("licences.md", project.resolve(LICENCES + ".md"));
        try (Stream<Path> texts = Files.list(project.resolve(LICENCES))) {
            texts.forEach(t -> files.put("licences/" + t.getFileName(), t));
        }
        return files;
    }

    /** @param benchmarks the project's folder of that name */
    static Map<String, Path> scripts(Path benchmarks) throws IOException {
        Map<String, Path> scripts = new TreeMap<>();
        scripts.put("gpu-session.sh", benchmarks.resolve("gpu-session.sh"));
        try (Stream<Path> peers = Files.list(benchmarks.resolve("peers"))) {
            peers.filter(p -> p.toString().endsWith("_gpu.py") || p.endsWith(PEERS_IMPORT))
                    .forEach(p -> scripts.put("peers/" + p.getFileName(), p));
        }
        return scripts;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(p -> {
                try {
                    if (Files.exists(p, LinkOption.NOFOLLOW_LINKS)) {
                        Files.delete(p);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
