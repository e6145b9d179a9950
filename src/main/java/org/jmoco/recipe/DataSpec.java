package org.jmoco.recipe;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jmoco.data.DataSets;

/**
 * A data set as a recipe names it.
 *
 * @param kind decides on reader, views and normalisation: one of {@link DataSets#NAMES}
 * @param path where it lies; null where the command line must say so, or for phantom
 */
record DataSpec(String kind, Path path) {
    static final String PHANTOM = "phantom";

    /** {@code cifar10}, or {@code images=DIR} with the folder relative to the recipe. */
    static DataSpec parse(String name, Where where, String text) {
        int equals = text.indexOf('=');
        String kind = equals < 0 ? text : text.substring(0, equals);
        if (!DataSets.NAMES.contains(kind)) {
            throw where.error(name + ": unknown data set \"" + kind + "\"; there are " + String.join(", ", DataSets.NAMES)
                    + " (for images of your own: images=DIR)");
        }
        if (equals < 0) {
            return new DataSpec(kind, null);
        }
        String path = text.substring(equals + 1);
        if (path.isBlank() || kind.equals(PHANTOM)) {
            throw where.error(name + ": \"" + text + "\": "
                    + (path.isBlank() ? "a folder must follow the =" : "phantom takes no folder"));
        }
        try {
            return new DataSpec(kind, where.folder().resolve(path).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            throw where.error(name + ": \"" + path + "\" is no path: " + e.getReason());
        }
    }

    /** The {@code data} of a stage: one, or several of which the first that is at hand is taken. */
    static List<DataSpec> list(Fields f, String example) {
        Where where = f.required("data", example).where();
        List<DataSpec> specs = f.texts("data", List.of()).stream().map(t -> parse(f.name("data"), where, t)).toList();
        if (specs.isEmpty()) {
            throw where.error(f.name("data") + ": the list is empty; write for example data: " + example);
        }
        return specs;
    }

    /** As people call it. */
    String title() {
        return switch (kind) {
            case "cifar10" -> "CIFAR-10";
            case "luna" -> "LUNA";
            case "covid-ct" -> "COVID-CT";
            case "idc" -> "IDC";
            case PHANTOM -> "phantoms";
            default -> kind;
        };
    }

    /** As it stands in a recipe. */
    @Override
    public String toString() {
        return path == null ? kind : kind + "=" + path;
    }
}
