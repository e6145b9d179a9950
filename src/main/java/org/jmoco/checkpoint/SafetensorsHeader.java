package org.jmoco.checkpoint;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * The JSON header of a safetensors file: which tensor lies where, and a map of strings under {@code __metadata__}.
 * Both directions stand here side by side.
 *
 * @param tensors   by name, in the order of the header
 * @param metadata  the strings under {@code __metadata__}
 * @param dataBytes bytes behind the header that the tensors take up together
 */
record SafetensorsHeader(Map<String, StoredTensor> tensors, Map<String, String> metadata, long dataBytes) {
    static final String METADATA = "__metadata__";

    /** What the reference implementation accepts at most (MAX_HEADER_SIZE in safetensors/src/tensor.rs). */
    static final long MAX_BYTES = 100_000_000;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** What is wrong with a header, in words that continue "FILE: ". */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    /**
     * Lays tensors out without gaps, those with wide elements first and else in the order of the map, so that each one
     * starts at a multiple of its element size.
     */
    static SafetensorsHeader layOut(Map<String, HostTensor> tensors, Map<String, String> metadata) {
        List<Map.Entry<String, HostTensor>> order = new ArrayList<>(tensors.entrySet());
        order.sort(Comparator.comparingInt(e -> -e.getValue().dtype().bytes));
        Map<String, StoredTensor> stored = new LinkedHashMap<>();
        long position = 0;
        for (Map.Entry<String, HostTensor> e : order) {
            if (e.getKey().equals(METADATA)) {
                throw new IllegalArgumentException("safetensors: a tensor cannot be named " + METADATA);
            }
            HostTensor tensor = e.getValue();
            long end = position + tensor.shape().size() * tensor.dtype().bytes;
            stored.put(
                    e.getKey(),
                    new StoredTensor(
                            e.getKey(), StoredTensor.Type.of(tensor.dtype()), tensor.shape(), position, end));
            position = end;
        }
        return new SafetensorsHeader(stored, new TreeMap<>(metadata), position);
    }

    /** The header as it stands behind the eight length bytes, filled up with spaces to a multiple of 8 bytes. */
    byte[] encode() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> e : metadata.entrySet()) {
                    json.writeStringField(e.getKey(), e.getValue());
                }
                json.writeEndObject();
            }
            for (StoredTensor t : tensors.values()) {
                json.writeObjectFieldStart(t.name());
                json.writeStringField("dtype", t.type().name());
                json.writeFieldName("shape");
                int[] extents = t.shape().toArray();
                json.writeArray(extents, 0, extents.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {t.begin(), t.end()}, 0, 2);
                json.writeEndObject();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        if (out.size() > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "safetensors: header of " + out.size() + " bytes, readers accept " + MAX_BYTES);
        }
        return out.toByteArray();
    }

    /**
     * @param bytes      the header without the eight length bytes
     * @param dataBytes  bytes that follow it in the file
     */
    static SafetensorsHeader parse(byte[] bytes, long dataBytes) throws Malformed {
        JsonNode root = parseJson(bytes);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new TreeMap<>();
        for (Map.Entry<String, JsonNode> e : root.properties()) {
            if (e.getKey().equals(METADATA)) {
                parseMetadata(e.getValue(), metadata);
            } else {
                tensors.put(e.getKey(), parseTensor(e.getKey(), e.getValue()));
            }
        }
        requireSeamless(tensors.values(), dataBytes);
        return new SafetensorsHeader(
                Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata), dataBytes);
    }

    private static JsonNode parseJson(byte[] bytes) throws Malformed {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new Malformed("its header is not UTF-8");
        }
        if (!text.startsWith("{")) {
            throw new Malformed("its header does not begin with {");
        }
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null ? "" : " at byte " + (8 + e.getLocation().getCharOffset());
            String reason = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new Malformed("its header is not valid JSON" + where + ": " + reason);
        }
    }

    private static void parseMetadata(JsonNode node, Map<String, String> into) throws Malformed {
        if (!node.isObject()) {
            throw new Malformed(METADATA + " is not an object of strings");
        }
        for (Map.Entry<String, JsonNode> e : node.properties()) {
            if (!e.getValue().isTextual()) {
                throw new Malformed(METADATA + ": the value of " + quote(e.getKey()) + " is not a string");
            }
            into.put(e.getKey(), e.getValue().textValue());
        }
    }

    private static StoredTensor parseTensor(String name, JsonNode node) throws Malformed {
        String who = "tensor " + quote(name) + ": ";
        if (!node.isObject()) {
            throw new Malformed(who + "its entry is not an object with dtype, shape and data_offsets");
        }
        for (Map.Entry<String, JsonNode> e : node.properties()) {
            if (!List.of("dtype", "shape", "data_offsets").contains(e.getKey())) {
                throw new Malformed(who + "unknown field " + quote(e.getKey()));
            }
        }
        StoredTensor.Type type = parseType(who, node.path("dtype"));
        long[] extents = parseLongs(who, node, "shape");
        long[] offsets = parseLongs(who, node, "data_offsets");
        if (offsets.length != 2) {
            throw new Malformed(who + "data_offsets has " + offsets.length + " numbers, expected 2");
        }
        long elements = 1;
        int[] dims = new int[extents.length];
        try {
            for (int i = 0; i < dims.length; i++) {
                dims[i] = Math.toIntExact(extents[i]);
                elements = Math.multiplyExact(elements, extents[i]);
            }
            Math.toIntExact(elements);
        } catch (ArithmeticException e) {
            throw new Malformed(who + "shape " + shorten(node.get("shape").toString())
                    + " is absurd: a tensor has at most 2^31-1 elements");
        }
        long bytes = elements * type.bytes;
        if (offsets[1] - offsets[0] != bytes) {
            throw new Malformed(who + "shape " + shorten(node.get("shape").toString()) + " of " + type + " takes " + bytes
                    + " bytes but data_offsets " + node.get("data_offsets") + " span " + (offsets[1] - offsets[0]));
        }
        return new StoredTensor(name, type, Shape.of(dims), offsets[0], offsets[1]);
    }

    private static StoredTensor.Type parseType(String who, JsonNode node) throws Malformed {
        for (StoredTensor.Type type : StoredTensor.Type.values()) {
            if (type.name().equals(node.textValue())) {
                return type;
            }
        }
        throw new Malformed(who + "dtype is " + (node.isMissingNode() ? "missing" : shorten(node.toString()))
                + ", jmoco reads " + List.of(StoredTensor.Type.values()));
    }

    /** Non-negative integers below 2^63; 3.0 and "3" are none. */
    private static long[] parseLongs(String who, JsonNode tensor, String field) throws Malformed {
        JsonNode node = tensor.path(field);
        if (!node.isArray()) {
            throw new Malformed(who + field + (node.isMissingNode() ? " is missing" : " is not an array"));
        }
        long[] out = new long[node.size()];
        for (int i = 0; i < out.length; i++) {
            JsonNode n = node.get(i);
            if (!n.isIntegralNumber() || !n.canConvertToLong() || n.longValue() < 0) {
                throw new Malformed(who + field + " has " + shorten(n.toString()) + ", which is no size in bytes or elements");
            }
            out[i] = n.longValue();
        }
        return out;
    }

    /** The tensors must cover the data from the first to the last byte, each byte once. */
    private static void requireSeamless(Iterable<StoredTensor> tensors, long dataBytes) throws Malformed {
        List<StoredTensor> order = new ArrayList<>();
        tensors.forEach(order::add);
        order.sort(Comparator.comparingLong(StoredTensor::begin).thenComparingLong(StoredTensor::end));
        long position = 0;
        for (StoredTensor t : order) {
            if (t.begin() != position) {
                throw new Malformed("tensor " + quote(t.name()) + " begins at byte " + t.begin() + " of the data, "
                        + (t.begin() < position ? "inside the tensor before it, which ends at " : "leaving a hole after ")
                        + position);
            }
            position = t.end();
        }
        if (position > dataBytes) {
            throw new Malformed("it is truncated: its tensors take " + position + " bytes but only " + dataBytes
                    + " follow the header");
        }
        if (position < dataBytes) {
            throw new Malformed((dataBytes - position) + " bytes follow its last tensor that belong to none");
        }
    }

    private static String quote(String s) {
        return "'" + shorten(s) + "'";
    }

    private static String shorten(String s) {
        return s.length() <= 80 ? s : s.substring(0, 77) + "...";
    }
}
