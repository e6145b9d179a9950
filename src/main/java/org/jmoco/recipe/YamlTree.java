package org.jmoco.recipe;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Reads YAML into {@link Node}s with line and column, and writes them again. */
final class YamlTree {
    private static final YAMLFactory FACTORY = new YAMLFactory();
    private static final YAMLMapper WRITER = new YAMLMapper(YAMLFactory.builder()
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .build());

    private final YAMLParser parser;
    private final String source;
    private final Path folder;
    private final Where fixed; // null: places in the text

    private YamlTree(YAMLParser parser, String source, Path folder, Where fixed) {
        this.parser = parser;
        this.source = source;
        this.folder = folder;
        this.fixed = fixed;
    }

    /**
     * One document.
     *
     * @param source for messages
     * @param folder that paths in it are relative to
     * @throws org.jmoco.tensor.UserError with line and column if it is no YAML, gives a key twice, has an alias or several
     *     documents
     */
    static Node read(String text, String source, Path folder) {
        return read(text, source, folder, null);
    }

    /** A value of the command line. Everything in it is placed at {@code where}. */
    static Node value(String text, Where where) {
        return text.isBlank() ? new Node.Scalar(where, "") : read(text, where.source(), where.folder(), where);
    }

    private static Node read(String text, String source, Path folder, Where fixed) {
        try (YAMLParser parser = FACTORY.createParser(text)) {
            YamlTree tree = new YamlTree(parser, source, folder, fixed);
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw tree.here().error("the file is empty; a recipe has at least name, pretrain or rows, and transfer");
            }
            Node root = tree.node(first);
            if (parser.nextToken() != null) {
                throw tree.here().error("a second document begins here; a recipe is one document");
            }
            return root;
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            Where where = fixed != null ? fixed : at == null ? new Where(source, 1, 1, folder)
                    : new Where(source, at.getLineNr(), at.getColumnNr(), folder);
            // SnakeYAML says what it was at and what it met; between them stand places and excerpts, which are indented.
            throw where.error("this is no YAML: " + String.join(": ",
                    e.getOriginalMessage().lines().filter(l -> !l.isBlank() && !l.startsWith(" ")).toList())
                    + "; look at the indentation, colons and brackets here and just before");
        } catch (IOException e) {
            throw new UncheckedIOException(e); // from a string there is nothing to fail
        }
    }

    private Where here() {
        JsonLocation at = parser.currentTokenLocation();
        return fixed != null ? fixed : new Where(source, Math.max(1, at.getLineNr()), Math.max(1, at.getColumnNr()), folder);
    }

    private Node node(JsonToken token) throws IOException {
        Where where = here();
        if (parser.isCurrentAlias()) {
            throw where.error("aliases (*name) are not understood in recipes; write the value out");
        }
        return switch (token) {
            case START_OBJECT -> mapping(where);
            case START_ARRAY -> {
                List<Node> items = new ArrayList<>();
                for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
                    items.add(node(t));
                }
                yield new Node.Sequence(where, items);
            }
            case VALUE_NULL -> new Node.Scalar(where, "");
            default -> new Node.Scalar(where, parser.getText());
        };
    }

    private Node mapping(Where where) throws IOException {
        LinkedHashMap<String, Node.Entry> entries = new LinkedHashMap<>();
        for (JsonToken t = parser.nextToken(); t != JsonToken.END_OBJECT; t = parser.nextToken()) {
            Where keyAt = here();
            String key = parser.currentName();
            Node.Entry before = entries.get(key);
            if (before != null) {
                throw keyAt.error("\"" + key + "\" is given twice, first at " + before.key() + "; keep one of them");
            }
            entries.put(key, new Node.Entry(keyAt, node(parser.nextToken())));
        }
        return new Node.Mapping(where, entries);
    }

    static String write(Object plain) {
        try {
            return WRITER.writeValueAsString(plain);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
