package org.jmoco.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A YAML document as a tree whose every value knows where it was written. Scalars stay text: whoever reads one knows its type.
 */
sealed interface Node {
    Where where();

    /** For messages: {@code "12"}, {@code a list}. */
    String described();

    record Scalar(Where where, String text) implements Node {
        @Override
        public String described() {
            return text.isEmpty() ? "nothing" : "\"" + text + "\"";
        }
    }

    record Sequence(Where where, List<Node> items) implements Node {
        @Override
        public String described() {
            return "a list";
        }
    }

    /**
     * @param entries in the order of the document; {@link Overrides} changes them
     */
    record Mapping(Where where, LinkedHashMap<String, Entry> entries) implements Node {
        @Override
        public String described() {
            return "a group of keys";
        }

        Node get(String key) {
            Entry e = entries.get(key);
            return e == null ? null : e.value;
        }
    }

    /** @param key where the key stands */
    record Entry(Where key, Node value) {}

    /** Maps, lists, strings and truth values (which a writer would quote as strings), for writing the tree down again. */
    default Object plain() {
        return switch (this) {
            case Scalar s -> s.text.equals("true") || s.text.equals("false") ? (Object) Boolean.valueOf(s.text) : s.text;
            case Sequence s -> s.items.stream().map(Node::plain).toList();
            case Mapping m -> {
                Map<String, Object> out = new LinkedHashMap<>();
                m.entries.forEach((k, e) -> out.put(k, e.value.plain()));
                yield out;
            }
        };
    }
}
