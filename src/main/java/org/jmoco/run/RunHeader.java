package org.jmoco.run;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;

/** What every main prints first: options, device, data, network, memory. */
final class RunHeader {
    private RunHeader() {}

    static void print(PrintWriter out, Map<String, Object> options, Backend backend, DataSet set, ImageSet images,
            ResNet18 network) {
        out.println(backend.headline());
        out.println("options " + options.entrySet().stream().map(e -> typed(e.getKey(), e.getValue()))
                .collect(Collectors.joining(" ")));
        out.println("data " + set.title() + (set.phantom() ? " (phantom: made by the program, not patients)" : "") + ", "
                + images.size() + " images to train on");
        ResNet18.Config c = network.config();
        out.printf(Locale.ROOT, "network ResNet-18, %s stem, width %d, %d outputs, %d batch norm splits: %,d parameters%n",
                c.stem().name().toLowerCase(Locale.ROOT), c.width(), c.dim(), c.splits(), network.weights().count());
        out.println("memory");
        out.print(backend.memory().table());
        out.flush();
    }

    /** As it is typed: an option that was repeated has a list of values. */
    private static String typed(String option, Object value) {
        return (value instanceof Collection<?> all ? all : List.of(value)).stream().map(v -> option + " " + v)
                .collect(Collectors.joining(" "));
    }
}
