package org.jmoco.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** A program as people see it, and the order in which a backend is used. */
class ProgramTest {
    private final Backend backend = ReferenceBackend.open(DType.F32, 1);
    private final ConvGeometry g = new ConvGeometry(1, 8, 8, 3, 16, 3, 3, 1, 1);
    private final Buffer x = backend.declare(Region.INPUT, "x", g.x());
    private final Buffer w = backend.declare(Region.PARAMETERS, "w", g.filter());

    private Program convolutionAndRelu() {
        Recorder rec = backend.record("example");
        Buffer y = rec.activation("y", g.y());
        rec.conv2dForward("conv1", g, y, x, w);
        rec.reluForward("relu", y, y);
        return rec.finish();
    }

    private static List<String> lines(Consumer<PrintStream> print) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        print.accept(new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void printsOneLinePerStepWithSizesWorkAndBytes() {
        Program p = convolutionAndRelu();
        List<String> lines = lines(p::print);
        assertEquals(5, lines.size(), lines.toString());
        assertEquals("program example: 2 steps", lines.get(0));
        // 2 x 64 pixels x 16 filters x 27 = 55,296 operations; (192 + 432 + 1024) x 4 bytes.
        assertTrue(lines.get(2).matches(" +0 conv1 +conv2d_fwd +n1 h8 w8 c3 k16 r3 s3 st1 pd1 +0\\.1 +0\\.01"), lines.get(2));
        assertTrue(lines.get(3).matches(" +1 relu +relu_fwd +x1x8x8x16 .*"), lines.get(3));
        assertTrue(lines.get(4).trim().startsWith("total"), lines.get(4));
        assertEquals(55_296 + 1024, p.flops());
        assertEquals(4 * (192 + 432 + 1024) + 4 * 2 * 1024, p.bytes());
        assertEquals(1, lines.subList(1, 5).stream().map(String::length).distinct().count(), "columns align: " + lines);
    }

    @Test
    void printsTimes() {
        Program p = convolutionAndRelu();
        backend.allocate();
        long[] nanos = p.time(backend, 3);
        assertEquals(2, nanos.length);
        assertTrue(nanos[0] > 0 && nanos[1] > 0);
        List<String> lines = lines(out -> p.printTimes(out, new long[] {1_000_000, 3_000_000}, true));
        assertEquals("program example: 2 steps", lines.get(0), "it has no branches");
        assertTrue(lines.get(2).matches(" +0 conv1 .* 1\\.000 +0\\.0 +0\\.1"), lines.get(2));
        assertTrue(lines.get(4).contains(" 4.000 "), lines.get(4));
        assertAligned(lines);
    }

    private static void assertAligned(List<String> lines) {
        assertEquals(1, lines.subList(1, lines.size()).stream().map(String::length).distinct().count(),
                "columns align: " + lines);
    }

    @Test
    void timesOfBranchesAreToldToBeWithoutOverlap() {
        Recorder rec = backend.record("beside");
        for (String key : new String[] {"k1", "k2"}) {
            Buffer one = rec.activation(key, g.y());
            Buffer other = rec.activation("q of " + key, g.y());
            rec.branch(() -> {
                rec.conv2dForward(key, g, one, x, w);
                return null;
            });
            rec.conv2dForward("q of " + key, g, other, x, w);
            rec.join();
        }
        Program p = rec.finish();
        backend.allocate();
        long[] nanos = {1_000_000, 2_000_000, 3_000_000, 4_000_000};
        List<String> beside = lines(out -> p.printTimes(out, nanos, true));
        assertEquals("program beside: 4 steps, each step timed by itself, one after the other: branches overlap nothing here",
                beside.get(0));
        assertTrue(beside.get(1).matches(" +# branch name .*"), beside.get(1));
        for (int i = 0; i < 4; i++) {
            String row = " +" + i + " +" + List.of("1", "-", "2", "-").get(i) + " (q of )?k[12] +conv2d_fwd .* " + (i + 1)
                    + "\\.000 .*";
            assertTrue(beside.get(2 + i).matches(row), beside.get(2 + i));
        }
        assertTrue(beside.get(6).matches(" +total +10\\.000 .*"), beside.get(6));
        assertAligned(beside);
        List<String> inOrder = lines(out -> p.printTimes(out, nanos, false));
        assertEquals("program beside: 4 steps", inOrder.get(0));
        assertTrue(inOrder.get(2).startsWith("   0 k1 "), inOrder.get(2));
        assertAligned(inOrder);
    }

    @Test
    void theOrderOfUseIsFixed() {
        Program p = convolutionAndRelu();
        assertMessage("program example: call Backend.allocate() before run()", p::run);
        assertMessage("buffer x f32 1x8x8x3 has no memory yet: call Backend.allocate() first and, for an activation, use it in"
                + " a recorded program", () -> backend.upload(x, HostTensor.zeros(DType.F32, g.x())));
        backend.allocate();
        assertMessage("backend reference: allocate() was called already", backend::allocate);
        assertMessage("program late: record all programs before Backend.allocate()", () -> backend.record("late"));
        assertMessage("late: memory is allocated already; declare buffers before Backend.allocate()",
                () -> backend.declare(Region.INPUT, "late", Shape.of(1)));
        p.run();
    }

    private static void assertMessage(String message, Runnable r) {
        assertEquals(message, assertThrows(IllegalStateException.class, r::run).getMessage());
    }

    @Test
    void contentsAreZeroAfterAllocation() {
        Program p = convolutionAndRelu();
        backend.allocate();
        p.run();
        assertEquals(0, backend.download(p.steps().get(1).writes().get(0)).get(1023));
        assertEquals(0, backend.download(x).get(0));
    }

    @Test
    void viewsLieInTheirRoot() {
        Buffer flat = backend.declare(Region.PARAMETERS, "flat", Shape.of(30));
        Buffer inner = flat.view("inner", 10, Shape.of(4, 5)).view("row", 5, Shape.of(5));
        assertEquals(15, inner.offset());
        assertEquals(flat, inner.root());
        assertThrows(IllegalArgumentException.class, () -> flat.view("beyond", 11, Shape.of(20)));
        assertThrows(IllegalArgumentException.class, () -> flat.view("before", -1, Shape.of(2)));
        assertThrows(IllegalArgumentException.class, () -> flat.reshape(Shape.of(31)));
        backend.allocate();
        double[] counting = new double[30];
        for (int i = 0; i < 30; i++) {
            counting[i] = i;
        }
        backend.upload(flat, HostTensor.of(flat.shape(), counting));
        assertEquals(17, backend.download(inner).get(2));
        backend.upload(inner, HostTensor.of(inner.shape(), new float[] {-1, -2, -3, -4, -5}));
        assertEquals(-5, backend.download(flat).get(19));
        assertEquals(20, backend.download(flat).get(20));
    }
}
