package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import org.jmoco.augment.ViewDraw;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.ViewRenderer;
import org.jmoco.augment.Views;
import org.jmoco.data.Image;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.UserError;

/**
 * Pixels of image operations against torchvision's. Each case is put as a view, and made by the code that makes views in
 * training; a single operation is a view of the whole image that does nothing else. Errors are in grey levels and the bound
 * is 0 on any backend: views are made on the host and equal torchvision's in every bit.
 */
final class ViewsGolden {
    private static final float NONE = Float.NaN; // leaves an operation out of a draw
    private static final Normalisation UNUSED = new Normalisation(new float[3], new float[] {1, 1, 1}); // of f32 output alone

    private ViewsGolden() {}

    static void run(JsonNode root, GoldenReport report) {
        List<Image> sources = new ArrayList<>();
        root.path("sources").forEach(s -> sources.add(source(s)));
        int number = 0;
        for (JsonNode c : root.path("cases")) {
            int src = c.path("src").asInt(-1);
            String op = c.path("op").asText();
            if (src < 0 || src >= sources.size()) {
                throw UserError.failed("golden: case " + number + " (" + op + ") takes source " + c.path("src") + " of "
                        + sources.size() + "; the file is damaged");
            }
            Image made = apply(op, c, sources.get(src));
            JsonNode pixels = c.path("pixels");
            String where = "case " + number + " value";
            report.equal(op, where, levels(made.rgb()), pixels);
            report.equal("heights and widths", "case " + number + " axis", new int[] {made.height(), made.width()}, size(c));
            number++;
        }
    }

    /**
     * Pixel (y, x, c) is (7 x + 5 y + 31 c' + top 6 bits of the stream) mod 256, with c' = 0 in all channels of a grey source.
     */
    private static Image source(JsonNode s) {
        int height = s.path("height").asInt();
        int width = s.path("width").asInt();
        long seed = s.path("seed").asLong();
        byte[] rgb = new byte[3 * height * width];
        for (int p = 0; p < height * width; p++) {
            for (int c = 0; c < 3; c++) {
                int channel = s.path("grey").asBoolean() ? 0 : c;
                int noise = (int) (GoldenStream.bits(seed, 3L * p + channel) >>> 58);
                rgb[3 * p + c] = (byte) (7 * (p % width) + 5 * (p / width) + 31 * channel + noise);
            }
        }
        return new Image("source " + seed, height, width, rgb);
    }

    private static Image apply(String op, JsonNode c, Image source) {
        JsonNode p = c.path("params");
        if (op.equals("resize_shorter_side")) {
            ViewRecipe.Crop crop = new ViewRecipe.Crop(1, 1, 1); // not used: only the resize of loading is
            ViewRecipe resize = new ViewRecipe(op, p.path("size").asInt(), crop, 0, ViewRecipe.Jitter.NONE, 0,
                    ViewRecipe.Blur.NONE, ViewRecipe.Evaluation.EXACT);
            return Views.prepare(ImageSet.of(op, List.of(source)), resize).image(0);
        }
        int height = source.height();
        int width = source.width();
        if (p.has("size")) {
            height = p.path("size").asInt();
            width = height;
        } else if (op.equals("resize_exact")) {
            height = p.path("height").asInt();
            width = p.path("width").asInt();
        }
        if (height < 1 || width < 1) {
            throw UserError.failed("golden: " + op + " to " + height + " x " + width + " is impossible; the file is damaged");
        }
        byte[] rgb = new byte[3 * height * width];
        ViewRenderer renderer = new ViewRenderer(height, width, UNUSED);
        renderer.renderRgb(draw(op, p, source), source.rgb(), source.height(), source.width(), rgb, 0);
        return new Image(op, height, width, rgb);
    }

    private static ViewDraw draw(String op, JsonNode p, Image source) {
        ViewDraw whole = ViewDraw.whole(source.height(), source.width());
        float factor = (float) p.path("factor").asDouble();
        return switch (op) {
            case "resize_exact" -> whole;
            case "resized_crop" -> box(p, false, 0, NONE, NONE, NONE, NONE);
            case "hflip" -> change(whole, true, NONE, NONE, NONE, NONE, false, NONE);
            case "brightness" -> change(whole, false, factor, NONE, NONE, NONE, false, NONE);
            case "contrast" -> change(whole, false, NONE, factor, NONE, NONE, false, NONE);
            case "saturation" -> change(whole, false, NONE, NONE, factor, NONE, false, NONE);
            case "hue" -> change(whole, false, NONE, NONE, NONE, factor, false, NONE);
            case "grayscale" -> change(whole, false, NONE, NONE, NONE, NONE, true, NONE);
            case "gaussian_blur_pil" ->
                change(whole, false, NONE, NONE, NONE, NONE, false, (float) p.path("sigma").asDouble());
            case "chain" -> box(p, p.path("flip").asBoolean(), order(p.path("order")), (float) p.path("brightness").asDouble(),
                    (float) p.path("contrast").asDouble(), (float) p.path("saturation").asDouble(),
                    (float) p.path("hue").asDouble());
            default -> throw UserError.failed("golden: the views file has an operation \"" + op + "\" that is not known here");
        };
    }

    private static ViewDraw box(JsonNode p, boolean flip, int order, float brightness, float contrast, float saturation,
            float hue) {
        return new ViewDraw(p.path("top").asInt(), p.path("left").asInt(), p.path("height").asInt(), p.path("width").asInt(),
                flip, order, brightness, contrast, saturation, hue, false, NONE);
    }

    private static ViewDraw change(ViewDraw d, boolean flip, float brightness, float contrast, float saturation, float hue,
            boolean grey, float sigma) {
        return new ViewDraw(d.top(), d.left(), d.height(), d.width(), flip, 0, brightness, contrast, saturation, hue, grey,
                sigma);
    }

    /** The number of an order that is given by names. */
    private static int order(JsonNode names) {
        for (int order = 0; order < 24; order++) {
            ViewDraw d = new ViewDraw(0, 0, 1, 1, false, order, 1, 1, 1, 0, false, NONE);
            boolean same = true;
            for (int i = 0; i < 4; i++) {
                same &= d.adjustment(i).name().equalsIgnoreCase(names.path(i).asText());
            }
            if (same) {
                return order;
            }
        }
        throw UserError.failed("golden: the order " + names + " is none of the 24 of brightness, contrast, saturation, hue");
    }

    private static int[] levels(byte[] rgb) {
        int[] levels = new int[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            levels[i] = rgb[i] & 0xff;
        }
        return levels;
    }

    private static JsonNode size(JsonNode c) {
        return JsonNodeFactory.instance.arrayNode()
                .add(c.path("height").asInt()).add(c.path("width").asInt());
    }
}
