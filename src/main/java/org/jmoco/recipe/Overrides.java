package org.jmoco.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import org.jmoco.tensor.UserError;

/**
 * Changes single values of a recipe's tree by their path: {@code transfer.epochs}, {@code cifar10.lr} (short for
 * {@code pretrain.cifar10.lr}), {@code all.chain} (short for {@code rows.all.chain}). A scale of a recipe and {@code --set} are both
 * lists of such changes. Whether a key exists is checked afterwards, with the rest of the recipe.
 */
final class Overrides {
    private static final List<String> GROUPS = List.of("pretrain", "rows"); // whose members may be named without them

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
            throw scale.where().error("scales." + name + ": expected a group of keys like transfer.epochs: 10, found " + scale.described());
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
        Node.Mapping at = root;
        for (String group : GROUPS) {
            if (root.get(group) instanceof Node.Mapping m && m.entries().containsKey(keys[0])) {
                at = m;
            }
        }
        for (int i = 0; i < keys.length - 1; i++) {
            Node next = at.get(keys[i]);
            if (next == null) {
                next = new Node.Mapping(where, new LinkedHashMap<>());
                at.entries().put(keys[i], new Node.Entry(where, next));
            }
            if (!(next instanceof Node.Mapping m)) {
                throw where.error(String.join(".", List.of(keys).subList(0, i + 1)) + " is " + next.described() + ", not a group with the key "
                        + keys[i + 1]);
            }
            at = m;
        }
        at.entries().put(keys[keys.length - 1], new Node.Entry(where, value));
    }
}
