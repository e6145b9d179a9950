package org.jmoco.recipe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jmoco.tensor.UserError;

/**
 * Changes single values of a recipe's tree by their path: {@code transfer.epochs}, {@code cifar10.lr} (short for
 * {@code pretrain.cifar10.lr}), {@code all.chain} (short for {@code rows.all.chain}). A scale of a recipe and {@code --set} are
 * both lists of such changes. Whether a key exists is checked afterwards, with the rest of the recipe.
 */
final class Overrides {
    private static final String ROWS = "rows";
    private static final List<String> GROUPS = List.of("pretrain", ROWS); // whose members may be named without them
    private static final List<String> ROW_KEYS = List.of("chain", "published");

    private Overrides() {}

    /** Carries out {@code scales.NAME} and takes the scales out of the tree. @throws UserError if there is no such scale */
    static void scale(Node.Mapping root, String name) {
        Node scales = root.get("scales");
        root.entries().remove("scales");
        if (name == null) {
            return;
        }
        Node scale = scales instanceof Node.Mapping m ? m.get(name) : null;
        if (scale == null) {
            throw UserError.usage("--scale " + name + ": this recipe has no such scale; it has published"
                    + (scales instanceof Node.Mapping m ? ", " + String.join(", ", m.entries().keySet()) : ""));
        }
        if (!(scale instanceof Node.Mapping changes)) {
            throw scale.where().error("scales." + name + ": expected a group of keys like transfer.epochs: 10, found "
                    + scale.described());
        }
        changes.entries().forEach((path, e) -> set(root, path, e.key(), e.value()));
    }

    /** @param assignment {@code path=value}, the value as it would stand in the file */
    static void set(Node.Mapping root, String assignment) {
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            throw UserError.usage("--set " + assignment + ": expected KEY=VALUE, as in --set transfer.epochs=10");
        }
        Where where = Where.option("--set " + assignment);
        set(root, assignment.substring(0, equals).strip(), where, YamlTree.value(assignment.substring(equals + 1), where));
    }

    static void set(Node.Mapping root, String path, Where where, Node value) {
        String[] keys = path.split("\\.", -1);
        List<Node.Mapping> named = new ArrayList<>();
        for (String group : GROUPS) {
            // A stage and a row may share a name; their keys tell which is meant.
            boolean fits = keys.length < 2 || (group.equals(ROWS) ? ROW_KEYS.contains(keys[1]) : !keys[1].equals("chain"));
            if (fits && root.get(group) instanceof Node.Mapping m && m.entries().containsKey(keys[0])) {
                named.add(m);
            }
        }
        if (named.size() > 1) {
            throw where.error("\"" + keys[0] + "\" is a stage and a row; write "
                    + String.join(" or ", GROUPS.stream().map(g -> g + "." + path).toList()));
        }
        Node.Mapping at = named.isEmpty() ? root : named.getFirst();
        for (int i = 0; i < keys.length - 1; i++) {
            Node next = at.get(keys[i]);
            if (next == null) {
                next = new Node.Mapping(where, new LinkedHashMap<>());
                at.entries().put(keys[i], new Node.Entry(where, next));
            }
            if (!(next instanceof Node.Mapping m)) {
                throw where.error(String.join(".", List.of(keys).subList(0, i + 1)) + " is " + next.described()
                        + ", not a group with the key " + keys[i + 1]);
            }
            at = m;
        }
        at.entries().put(keys[keys.length - 1], new Node.Entry(where, value));
    }
}
