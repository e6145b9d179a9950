package org.jmoco.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * {@code slice.txt}: a data set's folder that has it holds a part of the set, and these numbers of images instead of the
 * published ones. Readers are as strict with them.
 *
 * <pre>
 *   jmoco slice 1 cifar10
 *   train 5000
 *   test 1000
 * </pre>
 */
public final class SliceFile {
    private static final String NAME = "slice.txt";
    private static final String HEAD = "jmoco slice 1 "; // 1: version

    private SliceFile() {
    }

    /** @param sizes images by split */
    public static void write(Path folder, String set, Map<String, Integer> sizes) throws IOException {
        StringBuilder text = new StringBuilder(HEAD).append(set).append('\n');
        sizes.forEach((split, n) -> text.append(split).append(' ').append(n).append('\n'));
        Files.writeString(folder.resolve(NAME), text);
    }

    /** Images by split, in a slice of the set those of its file. @param published those of the whole set */
    static Map<String, Integer> sizes(Path folder, String set, Map<String, Integer> published) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return published;
        }
        List<String> lines = new String(Inputs.readAll(set, file), StandardCharsets.UTF_8).lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(HEAD + set)) {
            throw bad(set, file, "its first line is not \"" + HEAD + set + "\"");
        }
        Map<String, Integer> sizes = new LinkedHashMap<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ");
            if (words.length != 2 || !published.containsKey(words[0]) || !words[1].matches("[1-9]\\d{0,8}")) {
                throw bad(set, file, "a line is \"" + line + "\", not a split of " + published.keySet() + " and a number");
            }
            sizes.put(words[0], Integer.valueOf(words[1]));
        }
        if (!sizes.keySet().equals(published.keySet())) {
            throw bad(set, file, "it names the splits " + sizes.keySet() + ", the set has " + published.keySet());
        }
        return sizes;
    }

    private static UserError bad(String set, Path file, String why) {
        return UserError.failed(set + ": " + file + " is damaged: " + why + "; make the slice again by jmoco bundle --data");
    }
}
