package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.data.Image;
import org.jmoco.data.Normalisation;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Pixels against torchvision's, as recorded in golden/views.json: equal in every value. */
class GoldenViewsTest {
    private static final Path FILE = Path.of(System.getProperty("jmoco.shared", "../shared"), "golden", "views.json");

    @TestFactory
    Stream<DynamicTest> everyRecordedOperation() throws Exception {
        assumeTrue(Files.exists(FILE), "skipped: " + FILE + " is not here (set -Djmoco.shared=DIR)");
        JsonNode file = new ObjectMapper().readTree(FILE.toFile());
        List<Image> sources = new ArrayList<>();
        file.get("sources").forEach(s -> sources.add(source(s)));
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : file.get("cases")) {
            String name = tests.size() + " " + c.get("op").asText() + " " + c.get("params") + " of source " + c.get("src");
            tests.add(DynamicTest.dynamicTest(name, () -> check(c, sources.get(c.get("src").asInt()))));
        }
        return tests.stream();
    }

    private static Image source(JsonNode s) {
        int height = s.get("height").asInt();
        int width = s.get("width").asInt();
        byte[] rgb = new byte[3 * height * width];
        for (int p = 0; p < height * width; p++) {
            for (int c = 0; c < 3; c++) {
                int channel = s.get("grey").asBoolean() ? 0 : c;
                long z = s.get("seed").asLong() + 3L * p + channel + 0x9E3779B97F4A7C15L;
                z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
                z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
                int noise = (int) ((z ^ z >>> 31) >>> 58);
                rgb[3 * p + c] = (byte) (7 * (p % width) + 5 * (p / width) + 31 * channel + noise);
            }
        }
        return new Image("source", height, width, rgb);
    }

    private static void check(JsonNode c, Image source) {
        int height = c.get("height").asInt();
        int width = c.get("width").asInt();
        byte[] got = apply(c.get("op").asText(), c.get("params"), source, height, width);
        JsonNode expected = c.get("pixels");
        assertEquals(expected.size(), got.length, "number of values");
        int worst = 0;
        int off = 0;
        int different = 0;
        for (int i = 0; i < got.length; i++) {
            int o = Math.abs((got[i] & 0xff) - expected.get(i).asInt());
            different += o > 0 ? 1 : 0;
            if (o > off) {
                off = o;
                worst = i;
            }
        }
        assertEquals(0, different, "values of " + got.length + " that differ; worst at row " + worst / 3 / width + ", column "
                + worst / 3 % width + ", channel " + worst % 3 + ": " + (got[worst] & 0xff) + ", expected "
                + expected.get(worst));
    }

    private static byte[] apply(String op, JsonNode p, Image source, int height, int width) {
        Planes x = new Planes(source.height(), source.width());
        x.read(source.rgb(), 0);
        float factor = (float) p.path("factor").asDouble();
        switch (op) {
            case "resize_shorter_side" -> {
                return Views.shorterSide(source, p.get("size").asInt(), new Resampler()).rgb();
            }
            case "resize_exact" -> {
                return Views.resize(source, height, width, new Resampler()).rgb();
            }
            case "resized_crop", "chain", "hflip" -> {
                return view(op, p, source, height);
            }
            case "brightness" -> Colour.brightness(x, factor);
            case "contrast" -> Colour.contrast(x, factor);
            case "saturation" -> Colour.saturation(x, factor);
            case "hue" -> Colour.hue(x, p.get("factor").asDouble());
            case "grayscale" -> Colour.grey(x);
            case "gaussian_blur_pil" -> new BoxBlur(height, width).blur(x, (float) p.get("sigma").asDouble());
            default -> throw new IllegalArgumentException("operation " + op);
        }
        byte[] rgb = new byte[3 * x.size()];
        x.write(rgb, 0);
        return rgb;
    }

    /** Through a draw and the renderer, as in training. */
    private static byte[] view(String op, JsonNode p, Image source, int size) {
        ViewDraw d = ViewDraw.whole(source.height(), source.width());
        if (!op.equals("hflip")) {
            d = new ViewDraw(p.get("top").asInt(), p.get("left").asInt(), p.get("height").asInt(), p.get("width").asInt(),
                    false, 0, Float.NaN, Float.NaN, Float.NaN, Float.NaN, false, Float.NaN);
        }
        boolean chain = op.equals("chain");
        d = new ViewDraw(d.top(), d.left(), d.height(), d.width(), op.equals("hflip") || p.path("flip").asBoolean(),
                chain ? order(p.get("order")) : 0, factor(p, "brightness"), factor(p, "contrast"), factor(p, "saturation"),
                factor(p, "hue"), false, Float.NaN);
        byte[] rgb = new byte[3 * size * size];
        new ViewRenderer(size, new Normalisation(new float[3], new float[] {1, 1, 1}))
                .renderRgb(d, source.rgb(), source.height(), source.width(), rgb, 0);
        return rgb;
    }

    private static float factor(JsonNode p, String name) {
        return p.has(name) ? (float) p.get(name).asDouble() : Float.NaN;
    }

    /** The number of an order given by names. */
    private static int order(JsonNode names) {
        for (int order = 0; order < 24; order++) {
            ViewDraw d = new ViewDraw(0, 0, 1, 1, false, order, 1, 1, 1, 0, false, Float.NaN);
            boolean same = true;
            for (int i = 0; i < 4; i++) {
                same &= d.adjustment(i).name().equalsIgnoreCase(names.get(i).asText());
            }
            if (same) {
                return order;
            }
        }
        throw new IllegalArgumentException("order " + names);
    }
}
