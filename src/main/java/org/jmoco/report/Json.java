package org.jmoco.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/** JSON files for people: indented, one line end on every system, keys in the order in which they were put. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final DefaultPrettyPrinter LAYOUT =
            new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

    private Json() {}

    public static void write(Path file, Object value) {
        AtomicFile.replace(file, (text(value) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** @throws UserError if the file is missing or damaged */
    public static JsonNode read(Path file) {
        try {
            JsonNode tree = MAPPER.readTree(Files.readString(RegularFile.require(file)));
            if (tree.isMissingNode()) {
                throw UserError.failed(file + ": is empty. Restore the file or start a new run.");
            }
            return tree;
        } catch (JsonProcessingException e) {
            throw UserError.failed(file + ": is not valid JSON: " + reason(e) + ". Restore the file or start a new run.", e);
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read: " + AtomicFile.reason(e)
                    + ". Restore the file or start a new run.", e);
        }
    }

    /** What is wrong with a text, and in which line, without the words that are meant for programmers. */
    public static String reason(JsonProcessingException e) {
        String first = e.getOriginalMessage().lines().findFirst().orElse("");
        String bare = first.replaceAll(" *\\(start marker at \\[.*?\\]\\)", "");
        return e.getLocation() == null ? bare : bare + " (line " + e.getLocation().getLineNr() + ")";
    }

    /** The tree that reading {@code value}'s file gives, so that both compare equal when they say the same. */
    static JsonNode asRead(Object value) {
        try {
            return MAPPER.readTree(text(value));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("json: " + e.getOriginalMessage(), e);
        }
    }

    static <T> T convert(JsonNode node, Class<T> type) {
        return MAPPER.convertValue(node, type);
    }

    private static String text(Object value) {
        try {
            return MAPPER.writer(LAYOUT).writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("json: " + e.getOriginalMessage(), e);
        }
    }
}
