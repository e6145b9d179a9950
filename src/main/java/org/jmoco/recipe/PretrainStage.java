package org.jmoco.recipe;

import java.util.List;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.train.LearningRate;
import org.jmoco.train.PretrainConfig;

/**
 * One pretraining of a recipe. Its keys are the long options of {@code jmoco pretrain} without dashes, its defaults too.
 *
 * @param data         the first of these that is at hand is read
 * @param publishedKnn kNN accuracy that was published for this, NaN if none was
 */
record PretrainStage(String name, Where where, List<DataSpec> data, ResNet18.Config encoder, int epochs, int batch,
        LearningRate learningRate, double weightDecay, double sgdMomentum, int queue, double momentum, double temperature,
        boolean symmetric, ViewChange views, int knnEvery, double publishedKnn, String publishedOf) {
    /** @param v2 whether the recipe is of MoCo v2, which changes defaults */
    static PretrainStage read(String name, Fields f, ResNet18.Config encoder, boolean v2) {
        List<DataSpec> data = DataSpec.list(f, "images=FOLDER");
        int epochs = f.integer("epochs", 200, 1);
        int batch = f.integer("batch", 128, 1);
        LearningRate rate = rate(f, LearningRate.Shape.COSINE, 0.03, epochs);
        int splits = f.integer("splits", encoder.splits(), 1);
        Node published = f.node("published");
        Fields p = published == null ? null : new Fields(f.name("published"), published);
        PretrainStage stage = new PretrainStage(name, f.where(), data, encoder.withSplits(splits), epochs, batch, rate,
                f.number("weight-decay", 5e-4), f.number("sgd-momentum", 0.9), f.integer("queue", 4096, 1),
                f.number("momentum", 0.99),
                f.number("temperature", v2 ? MocoConfig.V2_TEMPERATURE : MocoConfig.DEFAULT_TEMPERATURE),
                f.flag("symmetric", false), ViewChange.read(f, f.flag("blur", v2)), f.integer("knn-every", 5, 1),
                p == null ? Double.NaN : p.number("knn", Double.NaN), p == null ? "" : p.text("of", ""));
        f.finish();
        if (p != null) {
            p.finish();
        }
        for (DataSpec d : data) { // impossible values are found before anything runs
            f.checked(() -> stage.config(d, new Normalisation(new float[3], new float[] {1, 1, 1}), 1));
        }
        return stage;
    }

    static LearningRate rate(Fields f, LearningRate.Shape shape, double base, int epochs) {
        LearningRate.Shape s = f.choice("schedule", shape, LearningRate.Shape.class);
        double lr = f.number("lr", base);
        int warmup = f.integer("warmup", 0, 0);
        List<Integer> milestones = f.integers("milestones", List.of());
        return f.checked(() -> LearningRate.of(s, lr, warmup, milestones, epochs));
    }

    /** @param used which of {@link #data} is read */
    PretrainConfig config(DataSpec used, Normalisation normalisation, long seed) {
        MocoConfig moco = new MocoConfig(encoder, batch, views.of(used.kind()).size(), queue, momentum, temperature, symmetric,
                sgdMomentum, weightDecay);
        return new PretrainConfig(moco, epochs, learningRate, seed, views.of(used.kind()), normalisation, knnEvery);
    }

    /** As people call it; a stand-in is named with what it stands in for. */
    String title(DataSpec used) {
        String own = data.getFirst().kind().equals("images") ? name : data.getFirst().title();
        return used.kind().equals(data.getFirst().kind()) ? own : used.title() + " (in place of " + own + ")";
    }
}
