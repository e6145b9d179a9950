package org.jmoco.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import org.jmoco.backend.cuda.natives.Redist;
import org.jmoco.net.Download;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco cuda install}: cuBLAS, cuDNN and NVRTC from Maven Central into jmoco's cache. */
@Command(name = "install", description =
        "Get CUDA 12.6's cuBLAS and cuDNN 9.5 from Maven Central (2 GB) and unpack what jmoco needs (1.5 GB)"
        + " into its cache, for a machine that has a driver and no CUDA libraries.")
final class CudaInstallCommand implements Callable<Integer> {
    private static final long MEGA = 1_000_000;

    @Option(names = "--from", paramLabel = "JAR",
            description = "Unpack this jar, which was got before (default: ask Maven, or without Maven"
            + " the repository of --repository).")
    private Path from;

    @Option(names = "--to", paramLabel = "DIR",
            description = "Folder to unpack into; name it by --cuda-libs later (default: jmoco's cache,"
            + " where it is found by itself).")
    private Path to;

    @Option(names = "--repository", paramLabel = "URL",
            description = "A Maven repository to download from where there is no mvn (default: none).")
    private String repository;

    @Option(names = "--again", description = "Unpack although the libraries are there (default: leave them).")
    private boolean again;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Path folder = (to == null ? Redist.folder() : to).toAbsolutePath();
        if (Files.exists(folder) && !again) {
            out.println(folder + " is there; --again replaces it. See jmoco doctor for what is taken.");
            return 0;
        }
        Files.createDirectories(folder.getParent());
        Path jar = from;
        boolean ours = false;
        if (jar == null) {
            jar = byMaven(out);
        }
        if (jar == null) {
            jar = folder.resolveSibling(Path.of(Redist.PATH).getFileName().toString());
            ours = true;
            download(jar, out);
        }
        long bytes = Redist.unpackedBytes(jar);
        try (Progress progress = Progress.start(Progress.Mode.AUTO, "unpacking", "MB", bytes / MEGA, 0, System.err)) {
            Redist.unpack(jar, folder, megabytes(progress));
        }
        if (ours) {
            Files.delete(jar);
        }
        out.println("CUDA 12.6 and cuDNN 9.5 are in " + folder + " (" + bytes / MEGA + " MB)"
                + (to == null ? "; jmoco finds them there." : "; use them by --cuda-libs " + folder + " or JMOCO_CUDA_LIBS."));
        return 0;
    }

    /** Bytes to whole megabytes of progress. */
    private static LongConsumer megabytes(Progress progress) {
        long[] bytes = new long[1];
        return n -> {
            long before = bytes[0] / MEGA;
            bytes[0] += n;
            progress.step(bytes[0] / MEGA - before, Double.NaN);
        };
    }

    /** By mvn, which knows the user's mirrors and keeps the jar for later. @return null where there is no mvn */
    private Path byMaven(PrintWriter out) throws IOException, InterruptedException {
        Path local = mavenRepository();
        if (local == null) {
            return null;
        }
        Path jar = local.resolve(Redist.PATH);
        if (!Files.exists(jar)) {
            Files.createDirectories(local);
            Redist.requireSpace(local, Redist.JAR_BYTES, "for the jar in Maven's repository");
            out.println("mvn gets " + Redist.ARTIFACT + " (2 GB) into " + local + " ...");
            out.flush();
            List<String> command = List.of("mvn", "-B", "dependency:get", "-Dartifact=" + Redist.ARTIFACT, "-Dtransitive=false");
            int code = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (code != 0 || !Files.exists(jar)) {
                throw UserError.failed("cuda install: '" + String.join(" ", command)
                        + "' failed, see above; with no network here, get "
                        + Redist.ARTIFACT + " elsewhere and give the jar by --from");
            }
        }
        return jar;
    }

    /** Where mvn keeps what it gets, null where there is no mvn. */
    private static Path mavenRepository() throws IOException, InterruptedException {
        Process ask;
        try {
            ask = new ProcessBuilder("mvn", "-B", "-q", "-N", "help:evaluate", "-Dexpression=settings.localRepository",
                    "-DforceStdout")
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            return null; // not installed
        }
        String answer = new String(ask.getInputStream().readAllBytes());
        ask.waitFor();
        return repositoryIn(answer).orElse(Path.of(System.getProperty("user.home"), ".m2", "repository"));
    }

    /** The path in what mvn printed: older versions put colour codes around it, even into a pipe. */
    static Optional<Path> repositoryIn(String answer) {
        return answer.replaceAll("\u001b\\[[0-9;]*m", "").lines().map(String::strip).filter(l -> l.startsWith("/")).map(Path::of)
                .findFirst();
    }

    private void download(Path jar, PrintWriter out) throws IOException {
        if (Files.exists(jar)) {
            return; // complete: its name is given at the end
        }
        if (repository == null) {
            throw UserError.usage("cuda install: there is no mvn here. Install Maven, or name a Maven repository by --repository"
                    + " URL, or get " + Redist.ARTIFACT + " elsewhere and give the jar by --from");
        }
        URI file = URI.create(repository.replaceAll("/+$", "") + "/" + Redist.PATH);
        Redist.requireSpace(jar.getParent(), Redist.JAR_BYTES, "for the jar");
        out.println("getting " + file + " ...");
        out.flush();
        Download download = new Download("Get it elsewhere and give it by --from.");
        Download.Checksum expected = download.besideIt(file);
        try (Progress progress = Progress.start(Progress.Mode.AUTO, "getting", "MB", Redist.JAR_BYTES / MEGA, 0, System.err)) {
            long[] shown = new long[1];
            download.get(file, jar, expected, (bytes, total) -> {
                progress.step(bytes / MEGA - shown[0], Double.NaN);
                shown[0] = bytes / MEGA;
            });
        }
    }
}
