package org.jmoco.app;

import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.fetch.DataFetch;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco data fetch}: a public data set into a folder. */
@Command(name = "fetch", description = {"Download a public data set, check and unpack it.",
        "An interrupted download goes on where it stopped. Where registration is needed, it says how to get the set by hand."})
final class DataFetchCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "cifar10, covid-ct, luna or idc.")
    private String name;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Where the data set is going to lie.")
    private Path out;

    @Option(names = "--offline", paramLabel = "DIR",
            description = "A folder with the archives, got by other means; nothing is downloaded (default: download).")
    private Path offline;

    @Option(names = "--mirror", paramLabel = "URL",
            description = "Download the archives by their names from this address (http or https), not from the card's; checksums"
                    + " stay those of the card (default: the card's addresses).")
    private URI mirror;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        DatasetCard card = DatasetCard.load(name);
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw UserError.usage("--out " + out + ": is a file; name a folder");
        }
        if (mirror != null && offline != null) {
            throw UserError.usage("--mirror and --offline exclude each other: give the address to download from, or the folder"
                    + " that holds the archives");
        }
        if (mirror != null && !isServer(mirror)) {
            throw UserError.usage("--mirror " + mirror + " is no address of a server; write http://HOST/PATH, or take --offline"
                    + " DIR for a folder");
        }
        PrintWriter text = spec.commandLine().getOut();
        try (Shown shown = Progress.onTerminal() ? new Bar() : new Lines(spec.commandLine().getErr(), System::nanoTime)) {
            new DataFetch(out, new DataFetch.Listener() {
                @Override
                public void progress(String file, long bytes, long total) {
                    shown.at(file, bytes, total);
                }

                @Override
                public void say(String line) {
                    shown.close();
                    text.println(line);
                    text.flush();
                }
            }).fetch(card, offline, mirror);
        }
        text.println("use it with --data " + name + "=" + out);
        return 0;
    }

    /** True for an address that names of files can be put behind. */
    private static boolean isServer(URI address) {
        return ("http".equals(address.getScheme()) || "https".equals(address.getScheme())) && address.getHost() != null
                && address.getRawQuery() == null && address.getRawFragment() == null;
    }

    /** How far a download is. */
    private interface Shown extends AutoCloseable {
        /** @param total bytes, or -1 if unknown */
        void at(String file, long bytes, long total);

        /** At the end of a file. */
        @Override
        void close();
    }

    /** Elsewhere than on a terminal: at the start of a file, every ten seconds and at its end. */
    static final class Lines implements Shown {
        private static final long EVERY_NANOS = 10_000_000_000L;
        private final PrintWriter err;
        private final LongSupplier nanos;
        private String line; // not printed yet
        private String file;
        private long next;

        Lines(PrintWriter err, LongSupplier nanos) {
            this.err = err;
            this.nanos = nanos;
        }

        @Override
        public void at(String file, long bytes, long total) {
            line = String.format(Locale.ROOT, total < 0 ? "%s: %.1f MB" : "%s: %.1f of %.1f MB", file, bytes * 1e-6,
                    total * 1e-6);
            if (!file.equals(this.file) || nanos.getAsLong() - next >= 0) {
                this.file = file;
                next = nanos.getAsLong() + EVERY_NANOS;
                print();
            }
        }

        private void print() {
            err.println(line);
            err.flush();
            line = null;
        }

        @Override
        public void close() {
            if (line != null) {
                print();
            }
        }
    }

    /** A bar that repaints its line. */
    private static final class Bar implements Shown {
        private static final long MB = 1_000_000;
        private ProgressBar bar;

        @Override
        public void at(String file, long bytes, long total) {
            if (bar == null) {
                bar = new ProgressBarBuilder().setTaskName(file).setInitialMax(total).setUnit(" MB", MB)
                        .setStyle(ProgressBarStyle.ASCII).showSpeed().build();
            }
            bar.stepTo(bytes);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
                bar = null;
            }
        }
    }
}
