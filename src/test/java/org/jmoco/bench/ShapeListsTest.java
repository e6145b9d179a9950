package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import org.jmoco.encoder.ResNet18.Stem;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

/** The shipped lists of the network's shapes are what a training step really consists of. */
class ShapeListsTest {
    @Test
    void listsOfTheNetworkAreThoseOfAStep() {
        assertEquals(text(ShapeLists.ofStep(Stem.CIFAR, 128, 32, 64, 8, 4096)), text(ShapeLists.load("resnet18-32")));
        assertEquals(text(ShapeLists.ofStep(Stem.CIFAR, 128, 64, 64, 8, 4096)), text(ShapeLists.load("resnet18-64")));
        assertEquals(text(ShapeLists.ofStep(Stem.IMAGENET, 32, 224, 64, 8, 4096)), text(ShapeLists.load("resnet18-224")));
    }

    @Test
    void multiplicitiesCountEveryStep() {
        // Key and query encoder run each of ResNet-18's 20 convolutions forward; the first one has no gradient of its input.
        List<Problem> step = ShapeLists.ofStep(Stem.CIFAR, 16, 32, 8, 4, 64);
        assertEquals(40, times(step, "conv2d_fwd"));
        assertEquals(19, times(step, "conv2d_bwd_data"));
        assertEquals(20, times(step, "conv2d_bwd_w"));
        assertEquals(40, times(step, "batch_norm_fwd"));
        assertEquals(20, times(step, "batch_norm_bwd"));
    }

    @Test
    void everyShippedProblemCanBeSetUp() {
        for (String list : ShapeLists.SHIPPED) {
            List<Problem> problems = ShapeLists.load(list);
            assertFalse(problems.isEmpty(), list);
            problems.forEach(p -> assertTrue(OpSetups.of(p).operands().size() >= 2, p.toString()));
        }
    }

    /** The recipes of all data sets, and the larger views of MoCo v2. */
    @Test
    void viewsAreReadFromTheirList() {
        assertEquals(List.of("cifar10", "cifar10", "idc", "covid-ct", "luna", "images"),
                ViewBench.CASES.stream().map(ViewBench.Case::recipe).toList());
        ViewBench.Case v2 = ViewBench.Case.parse("views images v2 h256 w340 to 224");
        assertEquals(new ViewBench.Case("images", 256, 340, 224, true), v2);
        assertEquals("views images v2 h256 w340 to 224", v2.toString());
        ViewBench.CASES.forEach(c -> assertEquals(c, ViewBench.Case.parse(c.toString())));
        assertThrows(UserError.class, () -> ViewBench.Case.parse("views images 256 to 224"));
    }

    private static int times(List<Problem> problems, String op) {
        return problems.stream().filter(p -> p.op().equals(op)).mapToInt(Problem::times).sum();
    }

    private static String text(List<Problem> problems) {
        return problems.stream().map(Problem::toString).collect(Collectors.joining("\n"));
    }
}
