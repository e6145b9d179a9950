package org.jmoco.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/** IDC breast histology patches: {train,val,test}_{nonIDC,IDC}.npy or .npy.gz, the class in the name. */
final class IdcReader {
    /** In the published files the last three of val_IDC are also the first three of test_IDC (docs/deviations.md). */
    private static final int SHARED = 3;

    private final Path dir;
    private final List<String> classNames;

    IdcReader(Path dir, List<String> classNames) {
        Inputs.checkFolder("idc", dir);
        this.dir = dir;
        this.classNames = classNames;
    }

    Map<String, ImageSet> read() {
        Map<String, List<List<Image>>> images = new LinkedHashMap<>();
        for (String split : List.of(DataSet.TRAIN, DataSet.VAL, DataSet.TEST)) {
            List<List<Image>> ofClass = new ArrayList<>();
            for (String c : classNames) {
                ofClass.add(NpyReader.read("idc", file(split + "_" + c)));
            }
            images.put(split, ofClass);
        }
        int positive = 1;
        dropShared(images.get(DataSet.VAL).get(positive), images.get(DataSet.TEST).get(positive));
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        images.forEach((split, ofClass) -> {
            List<Image> all = new ArrayList<>();
            List<Integer> labels = new ArrayList<>();
            for (int c = 0; c < ofClass.size(); c++) {
                for (Image i : ofClass.get(c)) {
                    all.add(i);
                    labels.add(c);
                }
            }
            splits.put(split, ImageSet.of("idc " + split, all)
                    .withLabels(labels.stream().mapToInt(l -> l).toArray(), classNames));
        });
        return splits;
    }

    private Path file(String name) {
        for (String ending : List.of(".npy", ".npy.gz")) {
            Path p = dir.resolve(name + ending);
            if (Files.exists(p)) {
                return p;
            }
        }
        throw UserError.failed("idc: " + name + ".npy (or .npy.gz) is missing in " + dir
                + "; needed are {train,val,test}_{nonIDC,IDC}.npy, each u8 of N x H x W x 3");
    }

    private static void dropShared(List<Image> val, List<Image> test) {
        if (val.size() <= SHARED || test.size() < SHARED) {
            return;
        }
        List<Image> last = val.subList(val.size() - SHARED, val.size());
        for (int i = 0; i < SHARED; i++) {
            if (!Arrays.equals(last.get(i).rgb(), test.get(i).rgb())) {
                return;
            }
        }
        last.clear();
    }
}
