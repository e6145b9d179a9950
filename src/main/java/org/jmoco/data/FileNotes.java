package org.jmoco.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What the user is told of the files of a set, each time that it is opened: one line of a kind, however many there are. */
final class FileNotes {
    /** What is to be done about {@link ImageSet#faint()}. */
    private static final String FAINT = " 16 bits a channel but values below 4096 only (12 bits). The high byte is read, which"
            + " leaves them nearly black, with 16 levels of 256; rescale them to 8 bits first, all by the same rule";

    private static final int SKIPPED_SHOWN = 3;
    /** A view of an image with a side below this many pixels is a few of them, enlarged. */
    private static final int SMALL = 8;

    private FileNotes() {
    }

    static void tell(DataSet set, Path path, Consumer<String> log) {
        String where = set.name() + " in " + path;
        List<Skipped> skipped = set.splits().values().stream().flatMap(s -> s.skipped().stream()).toList();
        int n = set.splits().values().stream().mapToInt(ImageSet::size).sum();
        if (!skipped.isEmpty()) {
            log.accept(where + ": " + skipped.size() + " of " + (skipped.size() + n)
                    + " files could not be decoded and are left out: "
                    + skipped.stream().limit(SKIPPED_SHOWN).map(Skipped::toString).collect(Collectors.joining("; "))
                    + (skipped.size() > SKIPPED_SHOWN ? "; and " + (skipped.size() - SKIPPED_SHOWN)
                            + " more, which './jmoco data info' names" : ""));
        }
        List<Image> small = set.splits().values().stream().flatMap(FileNotes::small).toList();
        if (!small.isEmpty()) {
            Image first = small.getFirst();
            log.accept("note: " + where + ": " + small.size() + " of " + n + (n == 1 ? " image" : " images")
                    + (small.size() == 1 ? " has" : " have") + " a side below " + SMALL + " pixels and hardly anything to see,"
                    + " the first: " + first.name() + ", " + first.height() + "x" + first.width());
        }
        List<String> faint = set.splits().values().stream().flatMap(s -> s.faint().stream()).toList();
        faint(faint, n).ifPresent(f -> log.accept("warning: " + where + ": " + f));
    }

    private static Stream<Image> small(ImageSet set) {
        return IntStream.range(0, set.size()).mapToObj(set::image).filter(i -> Math.min(i.height(), i.width()) < SMALL);
    }

    /** @param of so many images, these are faint */
    static Optional<String> faint(List<String> names, int of) {
        return names.isEmpty() ? Optional.empty() : Optional.of(names.size() + " of " + of + (of == 1 ? " image" : " images")
                + (names.size() == 1 ? " has" : " have") + FAINT + ". The first: " + names.getFirst());
    }
}
