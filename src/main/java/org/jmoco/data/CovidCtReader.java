package org.jmoco.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * COVID-CT: images in CT_COVID/ and CT_NonCOVID/ (or in Images-processed/), the official split as lists of file names in
 * split/ (or Data-split/) {COVID,NonCOVID}/{train,val,test}CT_*.txt. Lists may have CRLF line ends and no final one.
 *
 * <p>The split is exact or not at all: a missing, doubled or unreadable image is an error.
 */
final class CovidCtReader {
    private final Path images;
    private final Path lists;
    private final DatasetCard card;
    private final Map<String, Integer> expected;

    /** @param expected images per split, as the card has them (other numbers in tests) */
    CovidCtReader(Path dir, DatasetCard card, Map<String, Integer> expected) {
        Inputs.checkFolder("covid-ct", dir);
        this.images = either(dir, "Images-processed", "");
        this.lists = either(dir, "Data-split", "split");
        this.card = card;
        this.expected = expected;
    }

    private static Path either(Path dir, String published, String ours) {
        Path p = dir.resolve(published);
        return Files.isDirectory(p) ? p : dir.resolve(ours);
    }

    Map<String, ImageSet> read() {
        Map<String, List<String>> names = new LinkedHashMap<>();
        Map<String, List<Integer>> labels = new LinkedHashMap<>();
        Map<String, String> seen = new HashMap<>();
        for (String split : List.of(DataSet.TRAIN, DataSet.VAL, DataSet.TEST)) {
            List<String> n = new ArrayList<>();
            List<Integer> l = new ArrayList<>();
            for (int c = 0; c < card.classes().size(); c++) {
                String className = card.classes().get(c);
                Path list = lists.resolve(className).resolve(split + "CT_" + className + ".txt");
                for (String line : lines(list)) {
                    String name = "CT_" + className + "/" + line;
                    String before = seen.put(name, list.getFileName().toString());
                    if (before != null) {
                        throw UserError.failed("covid-ct: " + name + " is listed twice, in " + before + " and in "
                                + list.getFileName() + "; put the official lists back");
                    }
                    n.add(name);
                    l.add(c);
                }
            }
            if (n.size() != expected.get(split)) {
                throw UserError.failed("covid-ct: the " + split + " lists in " + lists + " name " + n.size()
                        + " images, the official split has " + expected.get(split)
                        + "; put the official lists back, or sort the images into folders and use images=DIR");
            }
            names.put(split, n);
            labels.put(split, l);
        }
        ImageDecoder.Decoded all;
        try (ImageStore.Folder store = new ImageStore.Folder("covid-ct", images)) {
            all = ImageDecoder.decodeAll("covid-ct", store, names.values().stream().flatMap(List::stream).toList());
        }
        List<Skipped> bad = all.skipped();
        if (!bad.isEmpty()) {
            throw UserError.failed("covid-ct: " + bad.size() + " of " + all.names().size()
                    + " images of the official split cannot be read in " + images + ", first " + bad.getFirst()
                    + "; complete the folder, a split with gaps would not be comparable");
        }
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        int from = 0;
        for (String split : names.keySet()) {
            int n = names.get(split).size();
            ImageSet set = ImageSet.of("covid-ct " + split, Arrays.asList(all.images()).subList(from, from + n))
                    .withFaint(all.faintNames(from, from + n));
            splits.put(split, set.withLabels(labels.get(split).stream().mapToInt(l -> l).toArray(), card.classes()));
            from += n;
        }
        return splits;
    }

    private static List<String> lines(Path list) {
        if (!Files.exists(list)) {
            throw UserError.failed("covid-ct: there is no " + list + "; the folder must hold CT_COVID/, CT_NonCOVID/ and the "
                    + "lists split/{COVID,NonCOVID}/{train,val,test}CT_*.txt");
        }
        byte[] bytes = Inputs.readAll("covid-ct", list);
        List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines()
                .map(s -> s.replace("\ufeff", "").strip()).filter(s -> !s.isEmpty()).toList();
        if (lines.isEmpty()) {
            throw UserError.failed("covid-ct: " + list + " names no image; put the official list back");
        }
        for (String s : lines) {
            if (s.indexOf('\0') >= 0 || s.contains("/") || s.contains("\\") || s.length() > 255) {
                throw UserError.failed("covid-ct: " + list + " has a line that is no file name (\""
                        + s.substring(0, Math.min(40, s.length())).replace('\0', '?') + "\"); put the official list back");
            }
        }
        return lines;
    }
}
