package org.jmoco.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.DataSet;
import org.jmoco.data.HoldOut;
import org.jmoco.data.ImageSet;
import org.jmoco.report.Json;
import org.jmoco.report.RunFolder;
import org.jmoco.run.FinetuneRun;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.Pretrained;
import org.jmoco.train.RunIdentity;

/**
 * A network that {@code --from} names, with what the run that trained it has written down: what it was trained on, and how large.
 * A weight file of another program has none of it.
 *
 * @param from    as typed
 * @param folder  of the run, null for a file that lies in none
 */
record TrainedRun(Path from, Path folder, Pretrained weights) {
    private static final String IMAGE = "run.--image";

    /** In the text of the views that the run writes down; a recipe may have changed it. */
    private static final Pattern EVALUATION = Pattern.compile("\\bevaluation=(\\w+)");

    static TrainedRun load(Path from) {
        return of(from, Pretrained.load(from));
    }

    static TrainedRun of(Path from, Pretrained weights) {
        Path folder = Files.isDirectory(from) ? from : from.toAbsolutePath().getParent();
        boolean ofRun = weights.metadata().containsKey("format") && Files.exists(folder.resolve("options.json"));
        return new TrainedRun(from, ofRun ? folder : null, weights);
    }

    /**
     * @throws UserError if a pretraining wrote it, here or elsewhere: its outputs are those of a projection; or if it has none
     */
    void requireClassifier(String verb) {
        if (weights.headless()) {
            throw UserError.failed(from + ": holds a backbone without last layer, so there is nothing to " + verb
                    + ".\nTrain a classifier from it on labelled images: ./jmoco finetune --from " + from + " --data NAME=DIR");
        }
        if (weights.metadata().getOrDefault("format", "").startsWith("jmoco pretrain")
                || weights.tensors().containsKey("queue")) {
            throw noClassifier(from, weights.architecture(1).dim() + " outputs", verb);
        }
    }

    /** What a pretraining run is told that is taken for a classifier. */
    static UserError noClassifier(Path from, String outputs, String verb) {
        return UserError.failed(from + ": is a pretraining run; its " + outputs
                + " are a projection and no classes, so there is nothing to " + verb
                + ".\nTrain a classifier from it on labelled images: ./jmoco finetune --from " + from + " --data NAME=DIR");
    }

    /** Height and width of the images that it was trained on, where that is known. */
    Optional<Integer> image() {
        return Optional.ofNullable(weights.metadata().get(IMAGE)).map(Integer::valueOf);
    }

    /** How its held-out images were prepared, where that is known. */
    Optional<ViewRecipe.Evaluation> evaluation() {
        Matcher views = EVALUATION.matcher(weights.metadata().getOrDefault("run.views", ""));
        return views.find() ? Optional.of(ViewRecipe.Evaluation.valueOf(views.group(1))) : Optional.empty();
    }

    /** The option {@code --data} that gives its own images: a kind, or kind and folder; empty where nobody wrote it down. */
    Optional<String> data() {
        if (folder == null) {
            return Optional.empty();
        }
        Map<String, Object> options = RunFolder.storedOptions(folder).orElse(Map.of());
        Object typed = options.getOrDefault("--data", options.get("data")); // the second in the folders of a recipe
        return Optional.of(typed == null ? "phantom" : typed instanceof Collection<?> all ? all.iterator().next().toString()
                : typed.toString());
    }

    /** The kind of images that it was trained on, as {@code --data} names it; empty where nobody wrote it down. */
    String kind() {
        return data().orElse("").replaceFirst("=.*", "");
    }

    /**
     * In the order of its outputs; empty where that is not known, as before the run's end.
     *
     * @throws UserError if the run has written down another number of them than its network has outputs
     */
    List<String> classes() {
        List<String> classes = new ArrayList<>();
        if (folder == null || !Files.exists(folder.resolve(FinetuneRun.PREDICTIONS))) {
            return classes;
        }
        Path file = folder.resolve(FinetuneRun.PREDICTIONS);
        Json.read(file).path("classes").forEach(c -> classes.add(c.asText()));
        int outputs = weights.architecture(1).dim();
        if (classes.isEmpty() || (projection() ? classes.size() > outputs : classes.size() != outputs)) {
            throw UserError.failed(file + ": names " + classes.size() + " classes, but the network has " + outputs
                    + " outputs. Restore the file, or go on with the run (--resume), which writes it anew.");
        }
        return classes;
    }

    /** True of a run that trained the projection itself, which has more outputs than there are classes. */
    private boolean projection() {
        return FinetuneConfig.Head.PROJECTION.toString().equals(weights.metadata().get("run.--head"));
    }

    /** The set with the positive class of the run, where it has written that down. */
    DataSet withOwnPositive(DataSet set) {
        if (classes().isEmpty()) {
            return set;
        }
        int own = Json.read(folder.resolve(FinetuneRun.PREDICTIONS)).path("positive").asInt(-1);
        return own < 0 ? set : set.withPositive(classes().get(own));
    }

    /** False if the run knows a positive class that somebody chose: the option, its recipe, or the card of its data set. */
    boolean positiveByOrder() {
        if (classes().isEmpty()) {
            return true;
        }
        Map<String, Object> options = RunFolder.storedOptions(folder).orElse(Map.of());
        return kind().equals("images") && !options.containsKey("--positive") && !options.containsKey("positive");
    }

    /**
     * The images that the run itself held out of a set without such a split, by the names in its predictions.
     *
     * @return empty if the set has the split, or the run held none out, or none of them is here
     * @throws UserError if only some of them are here
     */
    Optional<ImageSet> heldOut(DataSet set, String split) {
        if (set.has(split) || !set.has(DataSet.TRAIN) || folder == null
                || !Files.exists(folder.resolve(FinetuneRun.PREDICTIONS))) {
            return Optional.empty();
        }
        ImageSet all = set.split(DataSet.TRAIN);
        Map<String, Integer> byName = new HashMap<>();
        IntStream.range(0, all.size()).forEach(i -> byName.put(all.imageName(i), i));
        List<Integer> chosen = new ArrayList<>();
        List<String> gone = new ArrayList<>();
        Json.read(folder.resolve(FinetuneRun.PREDICTIONS)).path(split).path("images").forEach(name -> {
            Integer place = byName.get(name.asText());
            if (place == null) {
                gone.add(name.asText());
            } else {
                chosen.add(place);
            }
        });
        if (!gone.isEmpty() && !chosen.isEmpty()) {
            throw UserError.failed(set.title() + ": " + gone.size() + " of the " + (gone.size() + chosen.size()) + " images that "
                    + from + " held out as " + split + (gone.size() == 1 ? " is" : " are") + " no longer there, "
                    + gone.getFirst() + (gone.size() == 1 ? "" : " among them") + ". Put back what is missing, or judge by images"
                    + " that the run has not seen (--data).");
        }
        return chosen.isEmpty() ? Optional.empty()
                : Optional.of(all.subset(chosen.stream().mapToInt(i -> i).toArray()).named(set.title() + " " + split));
    }

    /** The images that the run was trained with, if they are still there. @param say takes lines for the user */
    DataSource own(Consumer<String> say) {
        String own = data().orElseThrow(() -> UserError.usage("--data is missing: " + from
                + " does not tell what it was trained on. Give --data NAME=DIR, or --data phantom."));
        DataOptions.Source source;
        try {
            source = DataOptions.parse(own);
        } catch (UserError e) {
            throw UserError.usage("--data is missing: " + from + " was trained on " + own
                    + ", which is not to be found from here. Give --data NAME=DIR.");
        }
        say.accept("--data " + own + ", as the run was trained");
        DataSource opened = DataSource.open(source, say);
        return new DataSource(withOwnSplit(opened.set(), say), opened.recipe(), opened.path());
    }

    /**
     * The set with the parts that the run has held out of it by {@code --hold-out}, as far as these are the images that it was
     * trained with: of others nobody can tell which ones it has seen.
     */
    DataSet withOwnSplit(DataSet set, Consumer<String> say) {
        Optional<HoldOut> shares = HoldOut.suits(set) ? holdOut() : Optional.empty();
        if (shares.isEmpty()) {
            return set;
        }
        List<String> lines = new ArrayList<>();
        DataSet split;
        try {
            split = shares.get().of(set, set.title(), lines::add);
        } catch (UserError tooFew) {
            say.accept(notThose(set, shares.get()));
            return set;
        }
        if (!trainedOnThoseLeftBy(split)) {
            say.accept(notThose(set, shares.get()));
            return set;
        }
        lines.forEach(say);
        return split;
    }

    private boolean trainedOnThoseLeftBy(DataSet split) {
        return RunIdentity.trainedOn(split.split(DataSet.TRAIN), weights.metadata())
                || RunIdentity.trainedOn(split.pretraining(), weights.metadata());
    }

    private Optional<HoldOut> holdOut() {
        return folder == null ? Optional.empty()
                : HoldOutOption.recorded(RunFolder.storedOptions(folder).orElse(Map.of()));
    }

    /**
     * A line for whoever trains this run's network further and judges it on parts of the same folder, if the run was not trained
     * on exactly what these parts leave.
     *
     * @param split with parts held out
     * @param images folder that it was read from
     */
    Optional<String> mayHaveSeen(DataSet split, Path images) {
        return !trainedOn(images) || trainedOnThoseLeftBy(split) ? Optional.empty()
                : Optional.of("note: " + from + " was trained on other images of " + split.title() + " than those that are left to"
                        + " train on here (all of them, other shares, or some were added or removed since), so it may have seen"
                        + " some that are held out now, and figures on them may be too good. Train it anew with the same "
                        + HoldOutOption.NAME);
    }

    private boolean trainedOn(Path images) {
        try {
            Path own = data().map(d -> DataOptions.parse(d).path()).orElse(null);
            return own != null && Files.isSameFile(own, images);
        } catch (UserError | IOException e) { // what it was trained on is not to be found from here
            return false;
        }
    }

    /** @throws UserError if the set lacks a split that the run held out of other images, so that nobody knows what it has seen */
    void requireKnown(DataSet set, String option, String split) {
        if (!set.has(split) && holdOut().isPresent()) {
            throw UserError.failed(set.title() + " has no split \"" + split + "\", and which of its images " + from
                    + " has not seen cannot be told, since they are not those that it was trained with. Restore them, or give"
                    + " others by --data; " + option + " " + DataSet.TRAIN + " takes all of them, seen or not.");
        }
    }

    private String notThose(DataSet set, HoldOut shares) {
        return "note: the images of " + set.title() + " are not those that " + from + " was trained with (another set, or some"
                + " were added, removed or changed), so its --hold-out " + shares + " holds nothing out here";
    }

    /**
     * The set with its labels in the order of the network's outputs, and with the network's names of them.
     *
     * @param other   true if the images need not be those that it was trained with
     * @param classes what {@code --classes} says, null for nothing
     * @param say     takes lines for the user
     * @throws UserError if the numbers of classes differ, or names do and {@code classes} does not say which is which
     */
    DataSet judgedOn(DataSet set, boolean other, String classes, Consumer<String> say) {
        List<String> here = set.classNames();
        List<String> own = classes();
        int outputs = own.isEmpty() ? weights.architecture(1).dim() : own.size();
        if (own.isEmpty() && projection() ? outputs < here.size() : outputs != here.size()) {
            throw UserError.failed(from + ": has " + outputs
                    + (own.isEmpty() ? " outputs" : " classes (" + String.join(", ", own) + ")" + trainedOn())
                    + ", but " + set.title() + " has " + here.size() + " (" + String.join(", ", here)
                    + ").\nGive --data with images of its own classes, or the folder of a finetune run on these.");
        }
        if (own.isEmpty()) {
            if (classes != null) {
                throw UserError.usage("--classes: " + from + " does not tell the names of its outputs; only the folder of a"
                        + " finished finetune run does.");
            }
            if (other) {
                say.accept("note: " + from + " does not tell the names of its outputs; they are taken for "
                        + String.join(", ", here) + ", in this order");
            }
            return set;
        }
        ClassNames names = ClassNames.match(from.toString(), own, set, classes);
        if (!kind().equals(set.name())) {
            say.accept("trained on " + data().orElse("?") + ", judged on " + set.title());
        }
        if (!names.differences().isEmpty()) {
            say.accept("classes of the network = of the images: " + names.differences());
        }
        return names.apply(set);
    }

    private String trainedOn() {
        return data().map(d -> ", trained on " + d).orElse("");
    }

    /** Epochs whose vote is the run's result; empty where that is not known. */
    Optional<Integer> vote() {
        return Optional.ofNullable(weights.metadata().get("run.--vote"))
                .map(v -> Math.min(Integer.parseInt(v), Integer.parseInt(weights.metadata().getOrDefault("run.--epochs", v))));
    }
}
