package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The {@code config} of a case. What a case cannot do without must be there and of the right type; what nobody has asked for
 * is known in the end, so that nothing is passed over in silence.
 *
 * <p>All methods that read throw {@link IllegalArgumentException}, in words, if the entry is missing or of another type.
 */
final class CaseConfig {
    private final JsonNode config;
    private final JsonNode seeds; // of generator.json beside the file
    private final Set<String> read = new LinkedHashSet<>();

    /** With the usual seeds, or those that the config itself has as {@code seeds}. */
    CaseConfig(JsonNode config) {
        this(config, config.path("none"));
    }

    /** @param seeds by name, for those streams that the config gives no seed; may be missing */
    CaseConfig(JsonNode config, JsonNode seeds) {
        this.config = config;
        this.seeds = seeds;
    }

    int integer(String key) {
        JsonNode value = required(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, value, "an integer");
        }
        return value.intValue();
    }

    int integer(String key, int otherwise) {
        return has(key) ? integer(key) : otherwise;
    }

    /** An integer of at least 1. */
    int count(String key) {
        int value = integer(key);
        if (value < 1) {
            throw wrong(key, config.path(key), "at least 1");
        }
        return value;
    }

    double number(String key) {
        JsonNode value = required(key);
        if (!value.isNumber()) {
            throw wrong(key, value, "a number");
        }
        return value.doubleValue();
    }

    double number(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    boolean flag(String key) {
        JsonNode value = required(key);
        if (!value.isBoolean()) {
            throw wrong(key, value, "true or false");
        }
        return value.booleanValue();
    }

    /** A list of {@code length} integers from 0 to {@code limit} - 1. */
    int[] integers(String key, int length, int limit) {
        JsonNode list = required(key);
        int[] values = new int[length];
        boolean fits = list.isArray() && list.size() == length;
        for (int i = 0; fits && i < length; i++) {
            fits = list.get(i).isIntegralNumber() && list.get(i).asLong() >= 0 && list.get(i).asLong() < limit;
            values[i] = list.get(i).asInt();
        }
        if (!fits) {
            throw wrong(key, list, "a list of " + length + " integers from 0 to " + (limit - 1));
        }
        return values;
    }

    /** A list of {@code length} numbers. */
    double[] numbers(String key, int length) {
        JsonNode list = required(key);
        double[] values = new double[length];
        boolean fits = list.isArray() && list.size() == length;
        for (int i = 0; fits && i < length; i++) {
            fits = list.get(i).isNumber();
            values[i] = list.get(i).asDouble();
        }
        if (!fits) {
            throw wrong(key, list, "a list of " + length + " numbers");
        }
        return values;
    }

    boolean has(String key) {
        read.add(key);
        return config.has(key);
    }

    /** Of a stream: the config's own, else that of generator.json, else the usual one. */
    long seed(GoldenStream stream) {
        read.add("seeds");
        for (JsonNode from : List.of(config.path("seeds"), seeds)) {
            JsonNode seed = from.path(stream.key());
            if (seed.isIntegralNumber()) {
                return seed.longValue(); // modulo 2^64, as the generator takes it
            }
            if (!seed.isMissingNode()) {
                throw wrong("seeds." + stream.key(), seed, "an integer");
            }
        }
        return stream.usualSeed();
    }

    /** Entries that no one has asked for. */
    List<String> unread() {
        List<String> names = new ArrayList<>();
        config.fieldNames().forEachRemaining(names::add);
        names.removeAll(read);
        return names;
    }

    private JsonNode required(String key) {
        if (!has(key)) {
            throw new IllegalArgumentException("config has no \"" + key + "\"");
        }
        return config.path(key);
    }

    private static IllegalArgumentException wrong(String key, JsonNode value, String expected) {
        return new IllegalArgumentException("config has \"" + key + "\": " + value + ", expected " + expected);
    }
}
