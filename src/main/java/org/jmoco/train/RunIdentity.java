package org.jmoco.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jmoco.data.ImageSet;
import org.jmoco.tensor.UserError;

/**
 * Everything that decides a run's result: options by name, and hashes of the data. Two runs of one identity end with the same
 * bytes; a run is resumed only under the identity that it was started with. What does not change the result (threads, output
 * folder, how often a checkpoint is saved) is not part of it.
 *
 * <p>One exception: the backend. A run may go on where there is another device, or in another precision; it then rounds
 * otherwise, and does not end with the bytes that it would have ended with.
 */
public final class RunIdentity {
    private static final String PREFIX = "run.";

    /** The name of the value that may change: {@link org.jmoco.backend.Backend#arithmetic()}. */
    static final String BACKEND = "--backend";

    /** The name of the hash of the images that a pretraining reads. */
    static final String DATA = "the data's hash";

    /** Of those that a training with labels learns from, held-out ones left out. */
    static final String TRAINING_DATA = "the training data's hash";

    private final Map<String, String> values;

    /** @param values in the order in which differences are reported; a key that is an option is written as one: {@code --lr} */
    public RunIdentity(Map<String, String> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    public Map<String, String> values() {
        return values;
    }

    /** As it stands in an identity. */
    static String hash(ImageSet images) {
        return Long.toHexString(images.contentHash());
    }

    /** Whether the run whose checkpoint has this metadata was trained on exactly these images, in this order. */
    public static boolean trainedOn(ImageSet images, Map<String, String> metadata) {
        String own = metadata.getOrDefault(PREFIX + TRAINING_DATA, metadata.get(PREFIX + DATA));
        return hash(images).equals(own);
    }

    void store(Map<String, String> metadata) {
        values.forEach((k, v) -> metadata.put(PREFIX + k, v));
    }

    /**
     * @param source for the message: the checkpoint
     * @return what people should know: that the backend is another one; else empty
     * @throws UserError if the checkpoint's run had another identity, naming what differs
     */
    List<String> requireSame(Map<String, String> metadata, String source) {
        List<String> differences = new ArrayList<>();
        values.forEach((k, v) -> {
            String stored = metadata.get(PREFIX + k);
            if (!v.equals(stored) && !(k.equals(BACKEND) && stored != null)) {
                differences.add(k + " was " + (stored == null ? "not set" : stored) + ", now " + v);
            }
        });
        metadata.forEach((k, v) -> {
            if (k.startsWith(PREFIX) && !values.containsKey(k.substring(PREFIX.length()))) {
                differences.add(k.substring(PREFIX.length()) + " was " + v + ", now not set");
            }
        });
        if (!differences.isEmpty()) {
            throw UserError.failed(source + ": the run would not go on as it began: " + String.join("; ", differences)
                    + ".\nResume with the options and data it was started with, or start a new run in another --out folder.");
        }
        String before = metadata.get(PREFIX + BACKEND);
        String now = values.get(BACKEND);
        return Objects.equals(before, now) ? List.of() : List.of("the run began on " + before + " and goes on on " + now
                + ": it will not end with the bytes that it would have had there");
    }
}
