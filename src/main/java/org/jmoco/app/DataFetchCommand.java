package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.fetch.DataFetch;
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

    @Option(names = "--offline", paramLabel = "DIR", description = "A folder with the archives, got by other means; nothing is downloaded.")
    private Path offline;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        DatasetCard card = DatasetCard.load(name);
        PrintWriter text = spec.commandLine().getOut();
        try (Bar bar = new Bar()) {
            new DataFetch(out, new DataFetch.Listener() {
                @Override
                public void progress(String file, long bytes, long total) {
                    bar.at(file, bytes, total);
                }

                @Override
                public void say(String line) {
                    bar.close();
                    text.println(line);
                }
            }).fetch(card, offline);
        }
        text.println("use it with --data " + name + "=" + out);
        return 0;
    }

    /** A progress bar on a terminal, nothing elsewhere. */
    private static final class Bar implements AutoCloseable {
        private static final long MB = 1_000_000;
        private final boolean terminal = System.console() != null && System.console().isTerminal();
        private ProgressBar bar;

        void at(String file, long bytes, long total) {
            if (!terminal) {
                return;
            }
            if (bar == null) {
                bar = new ProgressBarBuilder().setTaskName(file).setInitialMax(total).setUnit(" MB", MB).setStyle(ProgressBarStyle.ASCII)
                        .showSpeed().build();
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
