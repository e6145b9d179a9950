package org.jmoco.app;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.tensor.UserError;

/**
 * Which output of a classifier stands for which class of a set of images: the one of the same name (capitals aside), or the one
 * that the user names. Never the one at the same place.
 *
 * @param ofNetwork in the order of the outputs
 * @param ofImages  in the order of the set's labels
 * @param output    for each class of the images
 */
record ClassNames(List<String> ofNetwork, List<String> ofImages, List<Integer> output) {
    /**
     * @param from  where the network lies, for messages
     * @param typed {@code NETWORK=IMAGES,...} for classes of other names; null for none
     * @throws UserError if a class of one side has none on the other
     */
    static ClassNames match(String from, List<String> ofNetwork, DataSet set, String typed) {
        List<String> ofImages = set.classNames();
        Map<Integer, Integer> given = typed == null ? Map.of() : parse(from, ofNetwork, set, typed);
        List<Integer> output = new ArrayList<>();
        for (int c = 0; c < ofImages.size(); c++) {
            output.add(given.containsKey(c) ? given.get(c) : DataSet.labelOf(ofNetwork, ofImages.get(c)));
        }
        Set<Integer> distinct = new HashSet<>(output);
        if (distinct.contains(-1) || distinct.size() < ofImages.size()) {
            throw UserError.usage(from + ": its classes are " + names(ofNetwork) + ", those of " + set.title() + " are "
                    + names(ofImages) + "; say which is which: --classes " + example(ofNetwork, ofImages));
        }
        return new ClassNames(ofNetwork, ofImages, List.copyOf(output));
    }

    private static Map<Integer, Integer> parse(String from, List<String> ofNetwork, DataSet set, String typed) {
        Map<Integer, Integer> given = new LinkedHashMap<>();
        for (String pair : typed.split(",")) {
            int equals = pair.indexOf('=');
            int left = equals < 0 ? -1 : DataSet.labelOf(ofNetwork, pair.substring(0, equals));
            int right = equals < 0 ? -1 : DataSet.labelOf(set.classNames(), pair.substring(equals + 1));
            if (left < 0 || right < 0 || given.put(right, left) != null) {
                throw UserError.usage("--classes " + typed + ": \"" + pair + "\" is no NETWORK=IMAGES with a class of " + from
                        + " (" + String.join(", ", ofNetwork) + ") and one of " + set.title() + " ("
                        + String.join(", ", set.classNames()) + "), each once");
            }
        }
        return given;
    }

    private static String names(List<String> classes) {
        return classes.stream().map(c -> "\"" + c + "\"").collect(Collectors.joining(", "));
    }

    /** As a shell takes it. The pairs are of no meaning: that is for the user to say. */
    private static String example(List<String> ofNetwork, List<String> ofImages) {
        return IntStream.range(0, Math.min(ofNetwork.size(), ofImages.size()))
                .mapToObj(k -> quoted(ofNetwork.get(k)) + "=" + quoted(ofImages.get(k))).collect(Collectors.joining(","))
                + " (or the other way round)";
    }

    private static String quoted(String name) {
        return name.matches("[\\w.-]+") ? name : "\"" + name + "\"";
    }

    /** {@code covid = lesion, normal = no lesion} where a name differs, else empty. */
    String differences() {
        return IntStream.range(0, ofImages.size()).anyMatch(c -> !ofImages.get(c).equals(ofNetwork.get(output.get(c))))
                ? IntStream.range(0, ofImages.size()).mapToObj(c -> ofNetwork.get(output.get(c)) + " = " + ofImages.get(c))
                .collect(Collectors.joining(", "))
                : "";
    }

    /** The set with labels and names as the network has them. */
    DataSet apply(DataSet set) {
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        set.splits().forEach((name, images) -> splits.put(name, images.labelled() ? images.withLabels(
                IntStream.of(images.labels()).map(output::get).toArray(), ofNetwork) : images));
        return new DataSet(set.name(), set.title(), splits, set.normalisation(), ofNetwork,
                set.positive() < 0 ? -1 : output.get(set.positive()));
    }
}
