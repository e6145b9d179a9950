package org.jmoco.recipe;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * A comparison as a file describes it: stages of pretraining, one transfer, rows that go through chains of stages, seeds.
 *
 * @param title    one line
 * @param encoder  network of all stages
 * @param pretrain by name
 * @param transfer the last stage of every row; null where encoders are trained and nothing is judged
 * @param rows     in the order of the table
 * @param seeds    transfers of each row, with seeds 1 .. n
 * @param encoders pretrainings of each chain, with seeds 1 .. n, at most {@code seeds};
 *     transfer s takes encoder (s - 1) mod n + 1
 * @param scale    that was applied, null for none
 * @param changed  true if the command line changed values, so that published figures are those of other settings
 * @param publishedSettings false if the file itself says that published figures are those of other settings
 * @param tree     everything as maps and texts, for writing down
 */
record Recipe(String name, String title, ResNet18.Config encoder, Map<String, PretrainStage> pretrain, TransferStage transfer,
        List<Row> rows, int seeds, int encoders, String scale, boolean changed, boolean publishedSettings,
        Map<String, Object> tree) {
    /** Shipped ones, by the name that {@code jmoco run} takes. */
    static final List<String> SHIPPED = List.of("covid", "idc");

    /** The scale that changes nothing. */
    static final String PUBLISHED = "published";

    /** More would not be run to their end by anybody, and their list alone would fill the heap. */
    private static final int MOST_SEEDS = 10_000;

    private enum Version {
        V1, V2
    }

    /**
     * What the command line asks for.
     *
     * @param scale  of the recipe; null or {@link #PUBLISHED} for none
     * @param sets   {@code path=value}
     * @param seeds  0 for the recipe's own
     * @param rows   names; empty for all
     * @param stages that take part, {@code transfer} among them; empty for all
     */
    record Wishes(String scale, List<String> sets, int seeds, List<String> rows, List<String> stages) {
        static final Wishes NONE = new Wishes(null, List.of(), 0, List.of(), List.of());
    }

    /**
     * @param nameOrFile {@code covid}, {@code idc}, or a file
     * @throws UserError with file, line and column if the recipe is wrong
     */
    static Recipe load(String nameOrFile, Wishes wishes) {
        if (SHIPPED.contains(nameOrFile)) {
            try (InputStream in = Recipe.class.getResourceAsStream(nameOrFile + ".yaml")) {
                return read(new String(in.readAllBytes(), StandardCharsets.UTF_8), nameOrFile + ".yaml", Path.of(""), wishes);
            } catch (IOException e) {
                throw new IllegalStateException("recipe " + nameOrFile + " cannot be read from the program", e);
            }
        }
        Path file = RegularFile.require(Path.of(nameOrFile));
        if (Files.isDirectory(file)) {
            throw UserError.usage(nameOrFile + ": is a folder; give the recipe's file in it (FILE.yaml), or take "
                    + String.join(" or ", SHIPPED));
        }
        if (!Files.isRegularFile(file)) {
            if (nameOrFile.matches(".*[/\\\\].*|(?i).*\\.ya?ml")) {
                throw UserError.usage(nameOrFile + ": there is no such file"
                        + (file.isAbsolute() ? "" : ": " + file.toAbsolutePath()) + "; give one that is there, or take "
                        + String.join(" or ", SHIPPED));
            }
            throw UserError.usage(nameOrFile + ": there is no such recipe; take " + String.join(" or ", SHIPPED)
                    + ", or give a file (FILE.yaml)");
        }
        try {
            Path folder = file.toAbsolutePath().getParent();
            return read(Files.readString(file), file.toString(), folder, wishes);
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    static Recipe read(String text, String source, Path folder, Wishes wishes) {
        Node node = YamlTree.read(text, source, folder);
        if (!(node instanceof Node.Mapping root)) {
            throw node.where().error("a recipe is a group of keys (name, pretrain, transfer, rows, seeds), found "
                    + node.described());
        }
        String scale = PUBLISHED.equals(wishes.scale) ? null : wishes.scale;
        Overrides.scale(root, scale);
        wishes.sets.forEach(s -> Overrides.set(root, s));
        if (wishes.seeds > 0) {
            Where where = Where.option("--seeds " + wishes.seeds);
            Overrides.set(root, "seeds", where, new Node.Scalar(where, Integer.toString(wishes.seeds)));
        }
        Recipe r = read(new Fields("", root), scale, !wishes.sets.isEmpty());
        return r.withRows(wishes.rows).withStages(wishes.stages).requireWork();
    }

    private static Recipe read(Fields f, String scale, boolean changed) {
        String name = identifier("name", f.required("name", "mine"), Fields.textOf("name", f.required("name", "mine")));
        String title = f.text("title", name);
        boolean v2 = f.choice("moco", Version.V1, Version.class) == Version.V2;
        ResNet18.Config encoder = encoder(f, v2);
        int seeds = f.integer("seeds", 3, 1);
        if (seeds > MOST_SEEDS) {
            throw f.where("seeds").error("seeds: at most " + MOST_SEEDS + ", found " + seeds
                    + "; each is a training of every row");
        }
        int encoders = f.integer("encoders", 1, 1);
        if (encoders > seeds) {
            throw f.where("encoders").error("encoders: " + encoders + " pretrainings for " + seeds
                    + " seeds; at most one for each seed is used");
        }
        Map<String, PretrainStage> pretrain = new LinkedHashMap<>();
        if (f.has("pretrain")) {
            Fields group = new Fields("pretrain", f.node("pretrain"));
            for (String key : group.keys()) {
                if (key.equals(TransferStage.NAME)) {
                    throw group.keyWhere(key).error("pretrain.transfer: transfer is the name of the last stage; choose another"
                            + " one");
                }
                identifier("pretrain." + key, group.node(key), key);
                pretrain.put(key, PretrainStage.read(key, new Fields("pretrain." + key, group.node(key)), encoder, v2));
            }
        }
        Node last = pretrain.isEmpty() ? f.required(TransferStage.NAME, "{data: images=FOLDER}") : f.node(TransferStage.NAME);
        TransferStage transfer = last == null ? null : TransferStage.read(new Fields(TransferStage.NAME, last), encoder);
        List<Row> rows = rows(f, pretrain);
        boolean publishedSettings = f.flag("published-settings", true);
        f.finish();
        return new Recipe(name, title, encoder, pretrain, transfer, rows, seeds, encoders, scale, changed, publishedSettings,
                tree(f));
    }

    private static Map<String, Object> tree(Fields f) {
        Map<String, Object> all = new LinkedHashMap<>();
        f.keys().forEach(k -> all.put(k, f.node(k).plain()));
        return all;
    }

    private static ResNet18.Config encoder(Fields f, boolean v2) {
        Node n = f.node("encoder");
        if (n == null) {
            return new ResNet18.Config(ResNet18.Stem.CIFAR, 64, 128, 8, v2);
        }
        Fields e = new Fields("encoder", n);
        ResNet18.Config c = new ResNet18.Config(e.choice("stem", ResNet18.Stem.CIFAR, ResNet18.Stem.class),
                e.integer("width", 64, 1), e.integer("dim", 128, 1), e.integer("splits", 8, 1), e.flag("mlp", v2));
        e.finish();
        return c;
    }

    /** Without {@code rows}: random weights, and the chain of all stages. */
    private static List<Row> rows(Fields f, Map<String, PretrainStage> pretrain) {
        List<Row> rows = new ArrayList<>();
        if (f.has("rows")) {
            Fields group = new Fields("rows", f.node("rows"));
            for (String key : group.keys()) {
                identifier("rows." + key, group.node(key), key);
                rows.add(Row.read(key, new Fields("rows." + key, group.node(key))));
            }
        } else {
            rows.add(new Row("random", f.where(), List.of(), Map.of()));
            if (!pretrain.isEmpty()) {
                rows.add(new Row("all", f.where(), List.copyOf(pretrain.keySet()), Map.of()));
            }
        }
        if (rows.isEmpty()) {
            throw f.where("rows").error("rows: there is none; write for example rows: {random: {chain: []}}");
        }
        for (Row r : rows) {
            for (String stage : r.chain()) {
                if (!pretrain.containsKey(stage)) {
                    throw r.where().error("rows." + r.name() + ".chain: there is no stage \"" + stage + "\"; there are "
                            + (pretrain.isEmpty() ? "none" : String.join(", ", pretrain.keySet())));
                }
            }
            if (new LinkedHashSet<>(r.chain()).size() < r.chain().size()) {
                throw r.where().error("rows." + r.name() + ".chain: a stage is named twice");
            }
        }
        return rows;
    }

    /** Names become parts of file names and of paths like {@code transfer.epochs}. */
    private static String identifier(String what, Node at, String text) {
        if (!text.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
            throw at.where().error(what + ": \"" + text + "\" is no name; use letters, digits, - and _");
        }
        return text;
    }

    private Recipe withRows(List<String> wanted) {
        if (wanted.isEmpty()) {
            return this;
        }
        List<String> names = rows.stream().map(Row::name).toList();
        for (String w : wanted) {
            if (!names.contains(w)) {
                throw UserError.usage("--rows " + w + ": there is no such row; there are " + String.join(", ", names));
            }
        }
        return with(rows.stream().filter(r -> wanted.contains(r.name())).toList());
    }

    /**
     * Chains without the stages that do not take part; rows that become equal by that are one row. A row that lost a stage lost
     * its published figures too, since they are of another chain. Without {@code transfer} no row is judged.
     */
    private Recipe withStages(List<String> wanted) {
        if (wanted.isEmpty()) {
            return this;
        }
        for (String w : wanted) {
            if (!pretrain.containsKey(w) && !(w.equals(TransferStage.NAME) && transfer != null)) {
                throw UserError.usage("--stages " + w + ": there is no such stage; there "
                        + (pretrain.isEmpty() || transfer == null && pretrain.size() == 1 ? "is " : "are ")
                        + String.join(", ", Stream.concat(pretrain.keySet().stream(),
                                Stream.ofNullable(transfer).map(t -> TransferStage.NAME)).toList())
                        + (transfer == null ? " (the recipe has no transfer)" : ""));
            }
        }
        List<Row> kept = new ArrayList<>();
        Set<List<String>> chains = new LinkedHashSet<>();
        for (Row r : rows) {
            List<String> chain = r.chain().stream().filter(wanted::contains).toList();
            if (chains.add(chain)) {
                kept.add(chain.equals(r.chain()) ? r : new Row(r.name(), r.where(), chain, Map.of()));
            }
        }
        Recipe r = with(kept);
        return wanted.contains(TransferStage.NAME) ? r
                : new Recipe(name, title, encoder, pretrain, null, kept, seeds, encoders, scale, changed, publishedSettings,
                        tree);
    }

    private Recipe requireWork() {
        if (transfer == null && rows.stream().allMatch(r -> r.chain().isEmpty())) {
            throw UserError.usage(name + ": there is nothing to train: there is no transfer, and no row that is left has a"
                    + " stage of pretraining ("
                    + String.join(", ", rows.stream().map(Row::name).toList())
                    + "). Leave --rows out, or add the stage transfer.");
        }
        return this;
    }

    private Recipe with(List<Row> newRows) {
        return new Recipe(name, title, encoder, pretrain, transfer, newRows, seeds, encoders, scale, changed, publishedSettings,
                tree);
    }

    /** Whether its published figures were reached under these settings (and only the chance of seeds and data differs). */
    boolean asPublished() {
        return scale == null && !changed && publishedSettings;
    }

    /** What was changed, for people: {@code scale small, changed by --set}; {@code as published}. */
    String settings() {
        List<String> parts = new ArrayList<>();
        if (scale != null) {
            parts.add("scale " + scale);
        }
        if (changed) {
            parts.add("changed by --set");
        }
        return parts.isEmpty() ? "settings of the recipe" : String.join(", ", parts);
    }
}
