package org.jmoco.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What the user is told of the files of a set, each time that it is opened: one line of a kind, however many there are. */
final class FileNotes {
    /** What is to be done about {@link ImageSet#faint()}. */
    private static final String FAINT = " 16 bits a channel but values below 4096 only (12 bits). The high byte is read, which"
            + " leaves them nearly black, with 16 levels of 256; rescale them to 8 bits first, all by the same rule";

    private FileNotes() {
    }

    static void tell(DataSet set, Path path, Consumer<String> log) {
        String where = set.name() + " in " + path;
        int n = set.splits().values().stream().mapToInt(ImageSet::size).sum();
        List<String> faint = set.splits().values().stream().flatMap(s -> s.faint().stream()).toList();
        faint(faint, n).ifPresent(f -> log.accept("warning: " + where + ": " + f));
    }

    /** @param of so many images, these are faint */
    static Optional<String> faint(List<String> names, int of) {
        return names.isEmpty() ? Optional.empty() : Optional.of(names.size() + " of " + of + (of == 1 ? " image" : " images")
                + (names.size() == 1 ? " has" : " have") + FAINT + ". The first: " + names.getFirst());
    }
}
