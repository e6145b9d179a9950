package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.augment.ViewRecipe.Blur;
import org.jmoco.augment.ViewRecipe.Crop;
import org.jmoco.augment.ViewRecipe.Evaluation;
import org.jmoco.augment.ViewRecipe.Jitter;
import org.jmoco.data.DataSets;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ViewRecipeTest {
    /** The published views of the chains. */
    @Test
    void recipesAreThePublishedOnes() {
        Jitter strong = new Jitter(0.4, 0.4, 0.4, 0.1, 0.8);
        Jitter light = new Jitter(0.2, 0.2, 0, 0, 1);
        assertEquals(new ViewRecipe("cifar10", 0, new Crop(32, 0.08, 1, 0.75, 4.0 / 3), 0.5, strong, 0.2, Blur.NONE,
                Evaluation.EXACT), ViewRecipe.of("cifar10"));
        assertEquals(new ViewRecipe("luna", 128, new Crop(64, 0.2, 1, 0.75, 4.0 / 3), 0.5, strong, 0.2, Blur.NONE,
                Evaluation.EXACT), ViewRecipe.of("luna"));
        assertEquals(new ViewRecipe("covid-ct", 128, new Crop(64, 0.5, 1, 0.75, 4.0 / 3), 0.5, light, 0, Blur.NONE,
                Evaluation.EXACT), ViewRecipe.of("covid-ct"));
        assertEquals(new ViewRecipe("idc", 0, new Crop(36, 0.08, 1, 0.75, 4.0 / 3), 0.5, light, 0, Blur.NONE,
                Evaluation.SHORTER_SIDE), ViewRecipe.of("idc"));
    }

    @Test
    void everyDataSetHasOne() {
        DataSets.NAMES.forEach(name -> assertEquals(name, ViewRecipe.of(name).name()));
        ViewRecipe.NAMES.forEach(name -> assertEquals(name, ViewRecipe.of(name).name()));
        UserError e = assertThrows(UserError.class, () -> ViewRecipe.of("mnist"));
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().contains("mnist") && e.getMessage().contains("covid-ct"), e.getMessage());
    }

    @Test
    void preResizeFollowsTheSize() {
        ViewRecipe covid = ViewRecipe.of("covid-ct");
        assertEquals(covid, covid.withSize(64));
        assertEquals(64, covid.withSize(32).preResize());
        assertEquals(128, covid.withSize(112).preResize());
        assertEquals(256, covid.withSize(224).preResize());
        assertEquals(0, ViewRecipe.of("cifar10").withSize(64).preResize());
        assertEquals(0.5, covid.withSize(32).crop().minScale());
    }

    @Test
    void v2AddsBlur() {
        assertEquals(new Blur(0.5, 0.1, 2), ViewRecipe.of("cifar10").v2().blur());
        assertEquals(ViewRecipe.of("cifar10").jitter(), ViewRecipe.of("cifar10").v2().jitter());
    }

    @Test
    void nonsenseIsRefused() {
        ViewRecipe good = ViewRecipe.of("cifar10");
        assertThrows(UserError.class, () -> good.withSize(0));
        assertThrows(UserError.class, () -> with(good, new Crop(32, 0, 1), 0.5, good.jitter()));
        assertThrows(UserError.class, () -> with(good, new Crop(32, 0.5, 0.4), 0.5, good.jitter()));
        assertThrows(UserError.class, () -> with(good, good.crop(), 1.5, good.jitter()));
        assertThrows(UserError.class, () -> with(good, good.crop(), Double.NaN, good.jitter()));
        assertThrows(UserError.class, () -> with(good, good.crop(), 0.5, new Jitter(0.4, 0.4, 0.4, 0.6, 0.8)));
    }

    private static ViewRecipe with(ViewRecipe r, Crop crop, double flip, Jitter jitter) {
        return new ViewRecipe("x", r.preResize(), crop, flip, jitter, r.grey(), r.blur(), r.evaluation());
    }
}
