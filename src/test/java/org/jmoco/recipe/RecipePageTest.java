package org.jmoco.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

/** docs/recipes.md lists exactly the keys that the program knows. */
class RecipePageTest {
    private static final String RECIPE = """
            name: a
            encoder: {}
            pretrain: {p: {data: phantom, views: {}}}
            transfer: {data: phantom}
            rows: {r: {}}
            """;
    private static final Pattern KEY = Pattern.compile("^\\| `([a-z-]+)` \\|", Pattern.MULTILINE);

    /** What a group knows: it says so when it meets a key that it does not. */
    private static Set<String> known(String path) {
        UserError e = assertThrows(UserError.class, () -> Recipe.read(RECIPE, "x", Path.of(""),
                new Recipe.Wishes(null, List.of((path.isEmpty() ? "" : path + ".") + "zzzzzz=1"), 0, List.of(), List.of())));
        assertTrue(e.getMessage().contains("Known here: "), e.getMessage());
        return new TreeSet<>(List.of(e.getMessage().replaceAll("(?s).*Known here: ", "").split(", ")));
    }

    @Test
    void everyKeyIsOnThePageAndNoOther() throws IOException {
        String page = Files.readString(Path.of("docs/recipes.md"));
        Map<String, String> groups = new LinkedHashMap<>();
        groups.put("### The recipe\n", "");
        groups.put("### encoder\n", "encoder");
        groups.put("### pretrain.NAME\n", "pretrain.p");
        groups.put("### views\n", "pretrain.p.views");
        groups.put("### transfer\n", "transfer");
        groups.put("### rows.NAME\n", "rows.r");
        groups.forEach((heading, path) -> {
            int start = page.indexOf(heading);
            assertTrue(start > 0, heading);
            int end = page.indexOf("\n#", start + heading.length());
            Set<String> written = new TreeSet<>();
            for (Matcher m = KEY.matcher(page.substring(start, end)); m.find(); ) {
                written.add(m.group(1));
            }
            Set<String> known = known(path);
            if (path.isEmpty()) {
                known.add("scales"); // taken out of the tree before it is read
            }
            assertEquals(known, written, heading.strip());
        });
    }
}
