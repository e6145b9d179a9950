package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ProblemTest {
    @Test
    void textAndProblemAreTheSame() {
        String text = "conv2d_bwd_data n128 h32 w32 c64 k64 r3 s3 st1 pd1 acc x2 q.layer1.0.conv1";
        Problem p = Problem.parse(text);
        assertEquals("conv2d_bwd_data", p.op());
        assertEquals(Map.of("n", 128, "h", 32, "w", 32, "c", 64, "k", 64, "r", 3, "s", 3, "st", 1, "pd", 1), p.sizes());
        assertEquals(Set.of("acc"), p.flags());
        assertEquals(2, p.times());
        assertEquals("q.layer1.0.conv1", p.label());
        assertEquals(text, p.toString());
        assertEquals(p, Problem.parse(p.toString()));
        assertEquals("conv2d_bwd_data n128 h32 w32 c64 k64 r3 s3 st1 pd1 acc", p.shape());
    }

    @Test
    void commentsAndEmptyLinesAreSkipped() {
        assertEquals(List.of(Problem.parse("sgd l7"), Problem.parse("copy l9")),
                Problem.parseAll("# flat\n\nsgd l7 # seven\n  copy l9\n"));
    }

    @Test
    void wrongTextIsAnErrorThatSaysWhy() {
        assertMessage("n is given twice", "info_nce n1 n2");
        assertMessage("'again' is neither a size", "info_nce n1 somewhere again");
        assertMessage("must begin with an operation", "n128 m4096");
        assertMessage("99999999999 is too large", "sgd l99999999999");
        assertMessage("l must be at least 1", "sgd l0");
        UserError missing = assertThrows(UserError.class, () -> OpSetups.of(Problem.parse("info_nce n128 m64")));
        assertTrue(missing.getMessage().contains("needs the size d"), missing.getMessage());
        UserError unknown = assertThrows(UserError.class, () -> OpSetups.of(Problem.parse("fft l8")));
        assertTrue(unknown.getMessage().contains("no benchmark exists for operation fft"), unknown.getMessage());
    }

    private static void assertMessage(String part, String text) {
        UserError e = assertThrows(UserError.class, () -> Problem.parse(text));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
