package org.jmoco.report;

import java.util.List;
import java.util.Optional;

/** Pictures of a report that need more than the run's folder: a data set, or a network. */
public interface Pictures {
    /** A picture with what stands below it. */
    record Shown(String caption, byte[] png) {}

    /** A section of pictures. @param text below the heading, empty for none */
    record Exhibit(String heading, String text, List<Shown> pictures) {}

    /** A held-out image by its name. */
    Optional<byte[]> image(String name);

    /** Further sections: examples of views, maps of features. */
    List<Exhibit> exhibits();

    /** For a report from folders alone. */
    Pictures NONE = new Pictures() {
        @Override
        public Optional<byte[]> image(String name) {
            return Optional.empty();
        }

        @Override
        public List<Exhibit> exhibits() {
            return List.of();
        }
    };
}
