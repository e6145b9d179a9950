package org.jmoco.app;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jmoco.data.DataSets;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** Which images a command reads. */
final class DataOptions {
    /**
     * One {@code --data NAME=DIR}.
     *
     * @param name kind of data set, which decides on the reader
     * @param path folder or file that exists; null for sets without files (phantom)
     */
    record Source(String name, Path path) {
    }

    @Option(names = "--data", paramLabel = "NAME=DIR",
            description = {
                "Images to use; repeat it for several sets. NAME is cifar10, covid-ct, idc, luna, ct-unlabeled or images (any"
                    + " folder or zip); DIR is where they lie. phantom, without DIR, is made by the program itself.",
                "Default: phantom; evaluate and knn take the images that the run of --from was trained with."})
    private List<String> data = List.of();

    /**
     * The sources in the order given, empty if none was.
     *
     * @throws UserError for an argument that is not NAME=DIR (exit code 2) or a path that does not exist (1)
     */
    List<Source> sources() {
        List<Source> sources = new ArrayList<>();
        for (String argument : data) {
            sources.add(parse(argument));
        }
        return List.copyOf(sources);
    }

    /** Whether the user named any images. */
    boolean isGiven() {
        return !data.isEmpty();
    }

    /** As {@link #sources()} for commands that read one set: null if none was given. */
    Source single() {
        List<Source> sources = sources();
        if (sources.size() > 1) {
            throw UserError.usage("this command reads one data set, but --data was given " + sources.size() + " times");
        }
        return sources.isEmpty() ? null : sources.get(0);
    }

    /** Kind of the one set that {@link #single()} names, {@code phantom} if none was given. */
    String kind() {
        Source source = single();
        return source == null ? "phantom" : source.name();
    }

    /** One argument of {@code --data}. @throws UserError as {@link #sources()} */
    static Source parse(String argument) {
        int equals = argument.indexOf('=');
        String name = equals < 0 ? argument : argument.substring(0, equals);
        if (argument.equals("phantom")) {
            return new Source(name, null);
        }
        if (equals < 0 || name.isEmpty() || equals == argument.length() - 1) {
            throw UserError.usage("--data " + argument + ": expected NAME=DIR, as in --data covid-ct=/data/covid-ct");
        }
        DataSets.requireKnown(name);
        try {
            Path path = Path.of(argument.substring(equals + 1));
            if (!Files.exists(path)) {
                throw UserError.failed("--data " + argument + ": no such file or folder"
                        + (path.isAbsolute() ? "" : ": " + path.toAbsolutePath()));
            }
            return new Source(name, path);
        } catch (InvalidPathException e) {
            throw UserError.usage("--data " + argument + ": not a path: " + e.getMessage());
        }
    }
}
