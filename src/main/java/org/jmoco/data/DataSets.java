package org.jmoco.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jmoco.tensor.UserError;

/** Opens the data sets that {@code --data NAME=DIR} names. */
public final class DataSets {
    /** What can be opened. */
    public static final List<String> NAMES = List.of("phantom", "cifar10", "covid-ct", "idc", "images", "luna", "ct-unlabeled");

    /** Names of folders that would read badly in "122 images of ...". */
    private static final Set<String> PLAIN = Set.of("images", "data", "train", "val", "test", "labelled", "unlabelled");
    private static final int CIFAR_TRAIN_FILES = 5;

    private DataSets() {
    }

    /**
     * @param cacheFolder where decoded images are kept for the next start; null: nowhere
     * @param phantom     what {@code phantom} makes
     * @param log         takes lines that the user should see (skipped files, an unusable cache)
     */
    public record Options(Path cacheFolder, Phantom.Spec phantom, Consumer<String> log) {
        /** The usual cache unless {@link CachedImages#SWITCH} is off, the default phantoms, log lines to standard error. */
        public static Options defaults() {
            return new Options(CachedImages.wanted(System::getenv) ? defaultCacheFolder() : null,
                    Phantom.Spec.DEFAULT, System.err::println);
        }

        public Options withCacheFolder(Path folder) {
            return new Options(folder, phantom, log);
        }

        public Options withPhantom(Phantom.Spec spec) {
            return new Options(cacheFolder, spec, log);
        }

        public Options withLog(Consumer<String> to) {
            return new Options(cacheFolder, phantom, to);
        }
    }

    /** $JMOCO_CACHE, else ~/.cache/jmoco. */
    public static Path defaultCacheFolder() {
        String set = System.getenv("JMOCO_CACHE");
        return set != null && !set.isBlank() ? Path.of(set) : Path.of(System.getProperty("user.home"), ".cache", "jmoco");
    }

    /** @throws UserError if {@code name} is none of {@link #NAMES}; the message lists them */
    public static void requireKnown(String name) {
        if (!NAMES.contains(name)) {
            throw UserError.usage("unknown data set \"" + name + "\"; there are " + String.join(", ", NAMES)
                    + " (for images of your own: images=DIR)");
        }
    }

    /** That of the set's card; pictures of any kind take LUNA's, which is ImageNet's, the usual one where nothing is known. */
    public static Normalisation normalisation(String name) {
        requireKnown(name);
        return DatasetCard.load(List.of("images", "ct-unlabeled").contains(name) ? "luna" : name).normalisation();
    }

    /**
     * Reads a data set into memory.
     *
     * @param name one of {@link #NAMES}: cifar10 (binary version, or packed), covid-ct (official split), idc (.npy files),
     *             images (any folder or zip of images; sub-folders may be splits or classes), luna and ct-unlabeled (the same,
     *             unlabelled, with LUNA's normalisation), phantom (made by the program)
     * @param path the folder (for images, luna and ct-unlabeled also a .zip); null for phantom
     * @throws UserError if the name is unknown, or files are missing, damaged or not what the set needs
     */
    public static DataSet open(String name, Path path, Options options) {
        requireKnown(name);
        if (name.equals("phantom")) {
            if (path != null) {
                throw UserError.usage("phantom takes no folder (" + path + "): its images are made by the program");
            }
            return Phantom.dataSet(options.phantom());
        }
        if (path == null) {
            throw UserError.usage(name + " needs the folder with its files: " + name + "=DIR");
        }
        DataSet set = switch (name) {
            case "cifar10" -> cifar10(path, options);
            case "covid-ct" -> covidCt(path, options);
            case "idc" -> fromCard(DatasetCard.load("idc"), new IdcReader(path, DatasetCard.load("idc").classes()).read());
            default -> images(name, path, options);
        };
        FileNotes.tell(set, path, options.log());
        return set;
    }

    private static DataSet cifar10(Path path, Options options) {
        DatasetCard card = DatasetCard.load("cifar10");
        Map<String, Integer> sizes = sizes(card, path, options);
        int records = sizes.get(DataSet.TEST); // in each of six files
        if (sizes.get(DataSet.TRAIN) != CIFAR_TRAIN_FILES * records) {
            throw UserError.failed("cifar10: slice.txt in " + path + " tells " + sizes
                    + ", but train must have five times as many images as test");
        }
        CifarReader reader = new CifarReader(path, card.classes(), records);
        return fromCard(card, reader.packed() ? cached("cifar10", path, options, reader::read) : reader.read());
    }

    private static DataSet covidCt(Path path, Options options) {
        DatasetCard card = DatasetCard.load("covid-ct");
        CovidCtReader reader = new CovidCtReader(path, card, sizes(card, path, options));
        return fromCard(card, cached("covid-ct", path, options, reader::read));
    }

    private static Map<String, Integer> sizes(DatasetCard card, Path path, Options options) {
        Map<String, Integer> sizes = SliceFile.sizes(path, card.name(), card.splits());
        if (!sizes.equals(card.splits())) {
            options.log().accept(card.name() + ": a slice, " + sizes + " of " + card.splits()
                    + " images: its figures are not those of the set");
        }
        return sizes;
    }

    private static DataSet images(String name, Path path, Options options) {
        FolderReader reader = new FolderReader(name, path);
        Map<String, ImageSet> splits = Files.exists(path) ? cached(name, reader.path(), options, reader::read) : reader.read();
        Normalisation normalisation = normalisation(name);
        if (!name.equals("images")) {
            ImageSet all = ImageSet.concat(name + " " + DataSet.UNLABELLED, List.copyOf(splits.values())).withoutLabels();
            return new DataSet(name, Map.of(DataSet.UNLABELLED, all), normalisation, List.of(), -1);
        }
        String title = title(reader.path());
        splits.replaceAll((split, s) -> s.named(title + s.name().substring(name.length())));
        if (splits.containsKey(DataSet.TRAIN) && splits.size() == 1) {
            options.log().accept(title + ": sorted by class but not into splits; all images are in the split train");
        }
        List<String> classes = splits.values().stream().filter(ImageSet::labelled).map(ImageSet::classNames).findFirst()
                .orElse(List.of());
        return new DataSet(name, title, splits, normalisation, classes, classes.size() == 2 ? 1 : -1);
    }

    /** The name of a folder or file, with that of the folder around it where it says nothing or sounds like a split. */
    static String title(Path path) {
        Path full = path.toAbsolutePath().normalize();
        if (full.getFileName() == null) {
            return full.toString();
        }
        String own = full.getFileName().toString();
        boolean plain = PLAIN.contains(own.toLowerCase(Locale.ROOT)) && full.getNameCount() > 1;
        return plain ? full.getName(full.getNameCount() - 2) + "/" + own : own;
    }

    private static DataSet fromCard(DatasetCard card, Map<String, ImageSet> splits) {
        return new DataSet(card.name(), splits, card.normalisation(), card.classes(), card.positiveLabel());
    }

    private static Map<String, ImageSet> cached(String name, Path path, Options options, Supplier<Map<String, ImageSet>> read) {
        if (options.cacheFolder() == null) {
            return read.get();
        }
        DecodedCache cache;
        try {
            cache = new DecodedCache(options.cacheFolder(), name, path, options.log());
        } catch (IOException e) {
            return read.get(); // the sources cannot be listed: the reader says so better
        }
        Optional<Map<String, ImageSet>> stored = cache.read();
        if (stored.isPresent()) {
            return stored.get();
        }
        Map<String, ImageSet> splits = read.get();
        cache.write(splits);
        return splits;
    }
}
