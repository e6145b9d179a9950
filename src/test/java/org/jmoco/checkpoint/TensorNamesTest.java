package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class TensorNamesTest {
    @Test
    void acceptsTheSameTensorsInAnyOrder() {
        Map<String, Shape> a = new LinkedHashMap<>();
        a.put("w", Shape.of(2, 3));
        a.put("b", Shape.of(2));
        Map<String, Shape> b = new LinkedHashMap<>();
        b.put("b", Shape.of(2));
        b.put("w", Shape.of(2, 3));
        assertDoesNotThrow(() -> TensorNames.requireSame("f", a, b, "hint"));
    }

    @Test
    void listsTheFirstDifferencesOfEachKindAndTheHint() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        Map<String, Shape> found = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            expected.put("conv" + i, Shape.of(16, 3));
            found.put("conv" + i, Shape.of(64, 3));
        }
        expected.put("fc.weight", Shape.of(2, 128));
        found.put("head", Shape.SCALAR);
        UserError e = assertThrows(
                UserError.class,
                () -> TensorNames.requireSame("run/c.safetensors", expected, found, "It has width 64: pass --width 64."));
        assertEquals(
                "run/c.safetensors: its tensors do not fit this model: 5 of another shape (conv0 is 64x3, expected 16x3; "
                        + "conv1 is 64x3, expected 16x3; conv2 is 64x3, expected 16x3; ...); 1 missing (fc.weight 2x128); "
                        + "1 unexpected (head scalar).\nIt has width 64: pass --width 64.",
                e.getMessage());
    }
}
