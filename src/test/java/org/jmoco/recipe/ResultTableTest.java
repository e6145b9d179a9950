package org.jmoco.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.jmoco.train.Comparison;
import org.junit.jupiter.api.Test;

class ResultTableTest {
    /** Intervals of AUC, accuracy and F1; the others contain 0. */
    private static Comparison intervals(double[] auc, double[] accuracy, double[] f1) {
        List<Comparison.Difference> all = List.of("accuracy", "precision", "recall", "F1", "AUC").stream().map(name -> {
            double[] i = switch (name) {
                case "AUC" -> auc;
                case "accuracy" -> accuracy;
                case "F1" -> f1;
                default -> new double[] {-1, 1};
            };
            return new Comparison.Difference(name, (i[0] + i[1]) / 2, i[0], i[1], 0.5);
        }).toList();
        return new Comparison(all, null, null);
    }

    @Test
    void theVerdictNamesItsMetricAndThoseThatSayOtherwise() {
        double[] none = {-0.1, 0.1};
        double[] above = {0.1, 0.2};
        double[] below = {-0.2, -0.1};
        assertEquals("AUC: no difference shown, the interval of its difference contains 0",
                intervals(none, none, none).verdict());
        assertEquals("AUC: no difference shown, the interval of its difference contains 0; accuracy: better (above 0);"
                + " F1: worse (below 0)", intervals(none, above, below).verdict());
        assertEquals("AUC: better, the interval of its difference lies above 0",
                intervals(above, none, none).verdict());
        assertEquals("AUC: worse, the interval of its difference lies below 0; F1: better (above 0)",
                intervals(below, none, above).verdict());
    }

    @Test
    void imagesOfMcNemarsTestAreCountedByTheRowsNames() {
        assertEquals("majority of seeds: 5 images right by pretrained (slices) alone, 0 by random start alone",
                ResultTable.majority("pretrained (slices)", 5, "random start", 0));
        assertEquals("majority of seeds: 1 image right by b alone, 2 by a alone", ResultTable.majority("b", 1, "a", 2));
    }
}
