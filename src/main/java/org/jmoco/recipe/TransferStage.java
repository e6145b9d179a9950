package org.jmoco.recipe;

import java.util.List;
import org.jmoco.data.DataSet;
import org.jmoco.data.HoldOut;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.FinetuneConfig.Head;
import org.jmoco.train.FinetuneConfig.OptimizerKind;
import org.jmoco.train.LearningRate;

/**
 * The transfer that ends every row. Its keys are the long options of {@code jmoco finetune} without dashes, its defaults too;
 * with {@code freeze: true} those of {@code jmoco probe}.
 *
 * @param holdOut           shares of each class that become val and test where the data set has no splits of its own
 * @param positive          name of the class that figures speak of; null for the data set's own
 * @param publishedPositive name of the class that the published F1 and AUC speak of; null for the same
 */
record TransferStage(Where where, List<DataSpec> data, ResNet18.Config encoder, Head head, boolean freeze,
        OptimizerKind optimizer, int epochs, int batch, LearningRate learningRate, double weightDecay, int vote,
        ViewChange views, HoldOut holdOut, String positive, String publishedPositive) {
    static final String NAME = "transfer";

    static TransferStage read(Fields f, ResNet18.Config encoder) {
        List<DataSpec> data = DataSpec.list(f, "images=FOLDER");
        boolean freeze = f.flag("freeze", false);
        int epochs = f.integer("epochs", FinetuneConfig.DEFAULT_EPOCHS, 1);
        LearningRate rate = PretrainStage.rate(f, freeze ? LearningRate.Shape.STEP : LearningRate.Shape.CONSTANT,
                freeze ? FinetuneConfig.PROBE_LR : FinetuneConfig.DEFAULT_LR, epochs);
        int splits = f.integer("splits", encoder.splits(), 1);
        TransferStage t = new TransferStage(f.where(), data, encoder.withSplits(splits),
                f.choice("head", Head.FRESH, Head.class), freeze, f.choice("optimizer", OptimizerKind.ADAM, OptimizerKind.class),
                epochs, f.integer("batch", FinetuneConfig.DEFAULT_BATCH, 1), rate, f.number("weight-decay", 0),
                f.integer("vote", freeze ? 1 : FinetuneConfig.DEFAULT_VOTE_EPOCHS, 1), ViewChange.read(f, false),
                holdOut(f), f.text("positive", null), f.text("published-positive", null));
        f.finish();
        for (DataSpec d : data) {
            f.checked(() -> t.config(d, new Normalisation(new float[3], new float[] {1, 1, 1}), 2, 1));
        }
        return t;
    }

    private static HoldOut holdOut(Fields f) {
        HoldOut usual = HoldOut.DEFAULT;
        double[] shares = f.numbers("hold-out", new double[] {usual.val(), usual.test()});
        try {
            return new HoldOut(shares[0], shares[1]);
        } catch (UserError e) {
            throw f.where("hold-out").error(f.name("hold-out") + ": " + e.getMessage() + ", as in [" + usual.val() + ", "
                    + usual.test() + "]");
        }
    }

    FinetuneConfig config(DataSpec used, Normalisation normalisation, int classes, long seed) {
        ResNet18.Config network = head == Head.FRESH ? encoder.withDim(classes).withMlp(false) : encoder;
        return new FinetuneConfig(network, head, freeze, optimizer, batch, epochs, learningRate, weightDecay, seed,
                views.of(used.kind()), normalisation, vote);
    }

    /** The set with the positive class that the recipe names. @throws org.jmoco.tensor.UserError if it has no such class */
    DataSet withPositive(DataSet set) {
        return positive == null ? set : new DataSet(set.name(), set.title(), set.splits(), set.normalisation(), set.classNames(),
                label(set, positive, "positive"));
    }

    /** Label of the class that published figures speak of. */
    int publishedLabel(DataSet set) {
        return publishedPositive == null ? set.positive() : label(set, publishedPositive, "published-positive");
    }

    private int label(DataSet set, String name, String key) {
        int label = set.classNames().indexOf(name);
        if (label < 0) {
            throw where.error(NAME + "." + key + ": " + set.name() + " has no class \"" + name + "\"; it has "
                    + String.join(", ", set.classNames()));
        }
        return label;
    }
}
