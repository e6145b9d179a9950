package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSets;
import org.jmoco.data.DatasetCard;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco data list}: the data cards, no file of any set is opened. */
@Command(name = "list", description = "List the known data sets: what they hold, where they come from, their terms, and"
        + " the views that pretraining takes of them.")
final class DataListCommand implements Runnable {
    /** Taken only to say which command reads it. */
    @Option(names = "--data", paramLabel = "NAME=DIR", hidden = true, description = "Not taken here: see data info.")
    private List<String> data = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        if (!data.isEmpty()) {
            String given = "--data " + data.getFirst();
            throw UserError.usage("data list opens no file and takes no --data; './jmoco data info " + given
                    + "' counts what lies there, './jmoco data show " + given + " --out sheet.png' draws it");
        }
        PrintWriter out = spec.commandLine().getOut();
        DatasetCard.NAMES.forEach(name -> card(DatasetCard.load(name)).print(out));
        new DataText("images: images of your own")
                .line("use", "--data images=DIR")
                .line("files", "a folder or .zip of images; its sub-folders may be splits (train, val, test, unlabelled) or"
                        + " classes")
                .recipe(ViewRecipe.of("images"))
                .normalisation(DatasetCard.load("luna").normalisation())
                .print(out);
    }

    private static DataText card(DatasetCard card) {
        return new DataText(card.name() + ": " + card.title())
                .line("use", use(card.name()))
                .line("images", card.images())
                .line("splits", card.splits().entrySet().stream().map(s -> s.getKey() + " " + s.getValue())
                        .collect(Collectors.joining(", ")))
                .line("classes", classes(card.classes(), card.positive()))
                .recipe(ViewRecipe.of(card.name()))
                .normalisation(card.normalisation())
                .line("source", card.source())
                .line("page", card.page())
                .line("terms", card.terms())
                .line("files", card.files())
                .line("notes", card.notes());
    }

    private static String use(String name) {
        if (name.equals("phantom")) {
            return "--data phantom, the default";
        }
        return DataSets.NAMES.contains(name) ? "--data " + name + "=DIR" : null; // the card's files say how
    }

    private static String classes(List<String> classes, String positive) {
        return String.join(", ", classes) + (positive == null ? "" : " (positive: " + positive + ")");
    }
}
