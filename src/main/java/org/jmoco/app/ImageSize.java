package org.jmoco.app;

import java.util.function.Consumer;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** {@code --image} of commands that look at images with a trained network: unless typed, the size that it was trained at. */
final class ImageSize {
    @Option(names = "--image", paramLabel = "N",
            description = "Height and width of the images (default: as the run was trained, or else the data set's own).")
    private Integer image;

    /**
     * The views of the images in the size to use, and as the run prepared its own where these are of their kind.
     *
     * @param trained null for random weights
     * @param say takes a line where the size is not the one of training
     */
    ViewRecipe of(DataSource source, TrainedRun trained, Consumer<String> say) {
        if (image != null && image < 1) {
            throw UserError.usage("--image " + image + " must be at least 1");
        }
        ViewRecipe recipe = source.recipe();
        if (trained != null && trained.kind().equals(source.set().name())) {
            recipe = trained.evaluation().map(recipe::withEvaluation).orElse(recipe);
        }
        int own = trained == null ? recipe.size() : trained.image().orElse(recipe.size());
        if (image == null) {
            return recipe.withSize(own);
        }
        if (trained != null && trained.image().isPresent() && image != own) {
            say.accept("note: trained on images of " + own + "x" + own + ", looks at them here in " + image + "x" + image);
        }
        return recipe.withSize(image);
    }
}
