package org.jmoco.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.Normalisation;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;

/** What the data commands print in common: a title with named lines below it, and recipes in words. */
final class DataText {
    private static final int NAME_WIDTH = 17;
    private static final int TEXT_WIDTH = 100;

    private final TextTable lines = TextTable.forColumns(Help.defaultColorScheme(Ansi.OFF),
            new Column(NAME_WIDTH, 2, Column.Overflow.SPAN), new Column(TEXT_WIDTH, 0, Column.Overflow.WRAP));
    private final String title;

    DataText(String title) {
        this.title = title;
    }

    /** A line, or several if the text is long; none if it is null or empty. */
    DataText line(String name, String text) {
        if (text != null && !text.isEmpty()) {
            lines.addRowValues(name, text);
        }
        return this;
    }

    DataText recipe(ViewRecipe recipe) {
        return line("views", views(recipe)).line("evaluation", evaluation(recipe));
    }

    DataText normalisation(Normalisation n) {
        return line("normalisation", "(pixel / 255 - mean) / std, " + n);
    }

    void print(PrintWriter out) {
        out.println(title);
        out.print(lines);
        out.println();
        out.flush();
    }

    /** {@code 32x32: crop of 8 to 100 % of the area, flip 0.5, ...}. Numbers behind names of operations are probabilities. */
    static String views(ViewRecipe recipe) {
        List<String> parts = new ArrayList<>();
        if (recipe.preResize() > 0) {
            parts.add("shorter side first to " + recipe.preResize());
        }
        parts.add(String.format(Locale.ROOT, "crop of %.0f to %.0f %% of the area", 100 * recipe.crop().minScale(),
                100 * recipe.crop().maxScale()));
        parts.add("flip p " + recipe.flip());
        ViewRecipe.Jitter jitter = recipe.jitter();
        if (jitter.p() > 0) {
            String saturation = jitter.saturation() > 0 ? ", saturation " + jitter.saturation() : "";
            String hue = jitter.hue() > 0 ? ", hue " + jitter.hue() : "";
            parts.add("jitter p " + jitter.p() + " (brightness " + jitter.brightness() + ", contrast " + jitter.contrast()
                    + saturation + hue + ")");
        }
        if (recipe.grey() > 0) {
            parts.add("grey p " + recipe.grey());
        }
        if (recipe.blur().p() > 0) {
            parts.add("blur p " + recipe.blur().p() + " (sigma " + recipe.blur().minSigma() + " to " + recipe.blur().maxSigma()
                    + " pixels)");
        }
        return recipe.size() + "x" + recipe.size() + ": " + String.join(", ", parts);
    }

    private static String evaluation(ViewRecipe recipe) {
        String size = recipe.size() + "x" + recipe.size();
        return switch (recipe.evaluation()) {
            case EXACT -> "resized to " + size;
            case SHORTER_SIDE -> "shorter side to " + recipe.size() + ", then the central " + size;
        };
    }
}
