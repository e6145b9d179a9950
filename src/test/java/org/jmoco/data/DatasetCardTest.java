package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DatasetCardTest {
    @Test
    void everyCardLoadsAndSaysWhereItIsFrom() {
        for (String name : DatasetCard.NAMES) {
            DatasetCard c = DatasetCard.load(name);
            assertEquals(name, c.name());
            for (String text : List.of(c.title(), c.source(), c.images(), c.terms(), c.files(), c.notes())) {
                assertFalse(text.isBlank(), name);
            }
        }
    }

    @Test
    void theListIsTheFolder() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("data"))) {
            assertEquals(new TreeSet<>(DatasetCard.NAMES), files.map(p -> p.getFileName().toString())
                    .filter(n -> n.endsWith(".yaml")).map(n -> n.replace(".yaml", ""))
                    .collect(Collectors.toCollection(TreeSet::new)));
        }
    }

    /** The constants of the published chains. */
    @Test
    void normalisationsAreThePublishedOnes() {
        assertEquals(new Normalisation(new float[] {.4914f, .4822f, .4465f}, new float[] {.2023f, .1994f, .2010f}),
                DatasetCard.load("cifar10").normalisation());
        assertEquals(new Normalisation(new float[] {.45271412f, .45271412f, .45271412f},
                new float[] {.33165374f, .33165374f, .33165374f}), DatasetCard.load("covid-ct").normalisation());
        assertEquals(new Normalisation(new float[] {.80728704f, .63577997f, .73572589f},
                new float[] {.14257689f, .21227747f, .15241010f}), DatasetCard.load("idc").normalisation());
        assertEquals(new Normalisation(new float[] {.485f, .456f, .406f}, new float[] {.229f, .224f, .225f}),
                DatasetCard.load("luna").normalisation());
    }

    @Test
    void positiveClassIsOne() {
        assertEquals(1, DatasetCard.load("covid-ct").positiveLabel());
        assertEquals(1, DatasetCard.load("idc").positiveLabel());
        assertEquals(-1, DatasetCard.load("cifar10").positiveLabel());
        ImageSetTest.assertMessage("no data card \"mnist\"", () -> DatasetCard.load("mnist"));
    }
}
