package org.jmoco.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.Charts;
import org.jmoco.report.Pictures;
import org.jmoco.tensor.HostTensor;
import org.jmoco.train.FeatureExtractor;
import org.jmoco.train.Pretrained;
import org.jmoco.train.PrincipalPlane;

/**
 * Features of images before and after a training as two pictures: each in the plane of its own first two principal
 * components, so positions in one say nothing about positions in the other; what counts is whether the classes lie apart.
 */
public final class FeatureMaps {
    /** Images in a picture: more hide each other. */
    private static final int MOST = 400;
    private static final int BATCH = 16;

    /** Behind {@link #about} where there is a picture of {@link #frozen}. */
    public static final String FROZEN = "A linear probe leaves the encoder as it is, so the features before and after it are the"
            + " same and shown once.";

    private final Supplier<Backend> backend;
    private final ImageSet images; // as evaluation sees them
    private final String what;
    private final int size;
    private final Normalisation normalisation;

    /**
     * @param images with labels or without; of many, evenly spaced ones are taken
     * @param words  what these images are, as {@code test images}
     */
    public FeatureMaps(Supplier<Backend> backend, ImageSet images, String words, ViewRecipe views,
            Normalisation normalisation) {
        this.backend = backend;
        int n = Math.min(MOST, images.size());
        int all = images.size();
        this.images = Views.evaluation(images.subset(IntStream.range(0, n).map(i -> (int) ((long) i * all / n)).toArray()),
                views);
        this.what = (n < all ? n + " of " : "") + all + " " + words;
        this.size = views.size();
        this.normalisation = normalisation;
    }

    /** What the pictures show, for a reader. */
    public String about() {
        return "Outputs of the average pool for " + what
                + " in the plane of their two principal components; each picture has its own plane, so only what lies together or"
                + " apart within a picture means anything.";
    }

    /**
     * Two pictures, captioned; fewer where Java cannot draw.
     *
     * @param what   stands in the captions
     * @param before empty: random weights of {@code seed} in the shape of {@code after}
     */
    public List<Pictures.Shown> beforeAndAfter(String what, Optional<Pretrained> before, long seed, Pretrained after) {
        ResNet18.Config network = after.architecture(1);
        List<Pictures.Shown> shown = new ArrayList<>();
        map(before.map(b -> features(b.architecture(1), b.tensors(), seed)).orElseGet(() -> features(network, null, seed)), what
                + ": before",
                shown);
        shown.addAll(after(what, after));
        return shown;
    }

    /** The second picture alone. */
    public List<Pictures.Shown> after(String what, Pretrained after) {
        return one(what + ": after", after);
    }

    /** The one picture of a linear probe, whose encoder is the same before and after. */
    public List<Pictures.Shown> frozen(String what, Pretrained after) {
        return one(what + ": before and after", after);
    }

    private List<Pictures.Shown> one(String caption, Pretrained network) {
        List<Pictures.Shown> shown = new ArrayList<>();
        map(features(network.architecture(1), network.tensors(), 0), caption, shown);
        return shown;
    }

    private HostTensor features(ResNet18.Config network, Map<String, HostTensor> weights, long seed) {
        try (Backend b = backend.get()) {
            ResNet18 encoder = new ResNet18(b, "q", network, false);
            FeatureExtractor pooled = new FeatureExtractor(b, encoder, FeatureExtractor.Output.POOLED, BATCH, size);
            b.allocate();
            encoder.weights().upload(b, weights != null ? weights : Initializer.weights(encoder.weights().specs(), seed));
            encoder.statistics().upload(b, weights != null ? weights : Initializer.weights(encoder.statistics().specs(), seed));
            return pooled.extract(images, normalisation); // N x 8 width
        }
    }

    private void map(HostTensor features, String caption, List<Pictures.Shown> shown) {
        PrincipalPlane plane = PrincipalPlane.of(features);
        Map<String, List<double[]>> byClass = new LinkedHashMap<>();
        if (images.labelled()) {
            images.classNames().forEach(c -> byClass.put(c, new ArrayList<>()));
        }
        for (int i = 0; i < images.size(); i++) {
            byClass.computeIfAbsent(images.labelled() ? images.classNames().get(images.label(i)) : images.name(),
                    c -> new ArrayList<>())
                    .add(plane.points()[i]);
        }
        byClass.values().removeIf(List::isEmpty);
        Charts.map(byClass, plane.shares()).ifPresent(png -> shown.add(new Pictures.Shown(caption, png)));
    }
}
