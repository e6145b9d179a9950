package org.jmoco.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;

/**
 * The files of {@link DecodedCache}, which are copies of the user's images: where they lie, whether they are wanted, and how
 * they go away. Nothing but files of this pattern is ever counted or deleted: {@code NAME-16 hexadecimal digits.img} with the
 * name of a data set, and the same under the name that it has while it is written.
 */
public final class CachedImages {
    /** {@code off}: no copies of images are read or written. */
    public static final String SWITCH = "JMOCO_IMAGE_CACHE";

    private static final Pattern OWN = Pattern.compile("(" + String.join("|", DataSets.NAMES)
            + ")-[0-9a-f]{16}\\.img(\\.\\d+\\.tmp)?");

    private CachedImages() {
    }

    /** One file and its size. */
    public record Entry(Path file, long bytes) {
        @Override
        public String toString() {
            return file + " (" + size(bytes) + ")";
        }
    }

    /** @throws UserError (usage) if {@link #SWITCH} is neither on nor off */
    public static boolean wanted(UnaryOperator<String> environment) {
        String set = environment.apply(SWITCH);
        if (set == null || set.isBlank() || set.equalsIgnoreCase("on")) {
            return true;
        }
        if (set.equalsIgnoreCase("off")) {
            return false;
        }
        throw UserError.usage(SWITCH + "=" + set + ": must be on (decoded images are kept for the next start, the default) or"
                + " off");
    }

    static boolean isOwn(Path file) {
        return OWN.matcher(file.getFileName().toString()).matches() && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    /** Those in a folder, in the order of their names; empty if there is no such folder. */
    public static List<Entry> in(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Entry> entries = new ArrayList<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path p : all.filter(CachedImages::isOwn).sorted().toList()) {
                entries.add(new Entry(p, Files.size(p)));
            }
        } catch (IOException | UncheckedIOException e) {
            throw UserError.failed("the decoded images in " + folder + " cannot be listed: " + Inputs.reason(e), e);
        }
        return entries;
    }

    public static long bytes(List<Entry> entries) {
        return entries.stream().mapToLong(Entry::bytes).sum();
    }

    /** {@code 12.3 MB}, {@code 4 kB}. */
    public static String size(long bytes) {
        return bytes < 1_000_000 ? Math.ceilDiv(bytes, 1000) + " kB" : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    /** @throws UserError if it cannot be deleted; one that is gone already is none */
    public static void delete(Entry entry) {
        try {
            if (isOwn(entry.file())) {
                Files.deleteIfExists(entry.file());
            }
        } catch (IOException e) {
            throw UserError.failed(entry.file() + " cannot be deleted: " + Inputs.reason(e) + "; delete it by hand", e);
        }
    }
}
