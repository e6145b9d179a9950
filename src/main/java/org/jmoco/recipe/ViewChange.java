package org.jmoco.recipe;

import org.jmoco.augment.ViewRecipe;

/**
 * The views of a stage: those of its data set, with the values that the recipe's {@code views} group names replaced.
 *
 * @param group null if the recipe leaves the views as they are
 * @param image height and width, 0 for the data set's own
 * @param blur  MoCo v2's blur, unless the group sets it
 */
record ViewChange(Fields group, int image, boolean blur) {
    static ViewChange read(Fields stage, boolean blur) {
        Node n = stage.node("views");
        return new ViewChange(n == null ? null : new Fields(stage.name("views"), n), stage.integer("image", 0, 1), blur);
    }

    /** The views for images of a data set of that kind. */
    ViewRecipe of(String kind) {
        ViewRecipe base = group == null ? ViewRecipe.of(kind) : like(kind);
        base = image == 0 ? base : base.withSize(image);
        base = blur ? base.v2() : base;
        return group == null ? base : changed(base);
    }

    private ViewRecipe like(String kind) {
        String like = group.text("like", kind);
        if (!ViewRecipe.NAMES.contains(like)) {
            throw group.where("like").error(group.name("like") + ": expected one of " + String.join(", ", ViewRecipe.NAMES)
                    + ", found \"" + like + "\"");
        }
        return ViewRecipe.of(like);
    }

    private ViewRecipe changed(ViewRecipe v) {
        double[] scale = group.numbers("scale", new double[] {v.crop().minScale(), v.crop().maxScale()});
        double[] ratio = group.numbers("ratio", new double[] {v.crop().minRatio(), v.crop().maxRatio()});
        double[] sigma = group.numbers("sigma", new double[] {v.blur().minSigma(), v.blur().maxSigma()});
        ViewRecipe.Jitter j = v.jitter();
        ViewRecipe.Jitter jitter = new ViewRecipe.Jitter(group.number("brightness", j.brightness()),
                group.number("contrast", j.contrast()), group.number("saturation", j.saturation()), group.number("hue", j.hue()),
                group.number("jitter", j.p()));
        int preResize = group.integer("pre-resize", v.preResize(), 0);
        double flip = group.number("flip", v.flip());
        double grey = group.number("grey", v.grey());
        double p = group.number("blur", v.blur().p());
        ViewRecipe.Evaluation evaluation = group.choice("evaluation", v.evaluation(), ViewRecipe.Evaluation.class);
        group.finish();
        return group.checked(() -> new ViewRecipe(v.name(), preResize,
                new ViewRecipe.Crop(v.size(), scale[0], scale[1], ratio[0], ratio[1]), flip, jitter, grey,
                new ViewRecipe.Blur(p, sigma[0], sigma[1]), evaluation));
    }
}
