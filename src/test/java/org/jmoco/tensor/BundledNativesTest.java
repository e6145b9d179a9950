package org.jmoco.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledNativesTest {
    @AfterEach
    void outsideOfABundle() {
        System.clearProperty(BundledNatives.PROPERTY);
    }

    @Test
    void thereAreNoneOutsideOfABundle() {
        assertEquals(Optional.empty(), BundledNatives.file("libdnnl.so.3"));
    }

    @Test
    void aFileOfTheBundleOrAnErrorThatNamesIt(@TempDir Path folder) throws Exception {
        System.setProperty(BundledNatives.PROPERTY, folder.toString());
        Path file = Files.writeString(folder.resolve("a.so"), "");
        assertEquals(Optional.of(file), BundledNatives.file("a.so"));
        UserError e = assertThrows(UserError.class, () -> BundledNatives.file("b.so"));
        assertTrue(e.getMessage().contains(folder.resolve("b.so").toString()), e.getMessage());
    }
}
