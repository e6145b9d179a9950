package org.jmoco.backend;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jmoco.backend.conformance.OpCase;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What the Recorder refuses, and what it says. */
class RecorderTest {
    private final Backend backend = ReferenceBackend.open(DType.F64, 1);
    private final Recorder rec = backend.record("test");
    private final ConvGeometry g = new ConvGeometry(2, 5, 5, 3, 7, 3, 3, 1, 1);
    private final Buffer x = declare("x", g.x());
    private final Buffer w = declare("w", g.filter());
    private final Buffer y = declare("y", g.y());

    private Buffer declare(String name, Shape shape) {
        return backend.declare(Region.INPUT, name, shape);
    }

    private static void assertRefused(String message, Executable recording) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, recording).getMessage());
    }

    @Test
    void wrongShape() {
        Buffer narrow = declare("images", Shape.of(2, 5, 5, 1));
        assertRefused("conv2d_fwd layer1.conv1: x is images f64 2x5x5x1 but the shape must be 2x5x5x3",
                () -> rec.conv2dForward("layer1.conv1", g, y, narrow, w));
    }

    // ---- branches ----------------------------------------------------------------------------------------------

    private static void assertIllegal(String message, Executable recording) {
        assertEquals(message, assertThrows(IllegalStateException.class, recording).getMessage());
    }

    private void fill(String name, Buffer dst) {
        rec.fill(name, dst, 1);
    }

    @Test
    void branchesFollowEachOther() {
        fill("before", x);
        assertEquals("k", rec.branch(() -> {
            fill("k1", w);
            fill("k2", w);
            return "k";
        }));
        fill("q", y);
        rec.join();
        rec.branch(() -> {
            rec.copy("k3", y.view("part", 0, Shape.of(9)), x.view("part", 0, Shape.of(9)));
            return null;
        });
        rec.copy("q2", w.view("part", 0, Shape.of(9)), x.view("other", 0, Shape.of(9))); // both read x
        rec.copy("q3", y.view("rest", 9, Shape.of(9)), x.view("more", 0, Shape.of(9))); // another part of y
        rec.join();
        Program p = rec.finish();
        assertEquals(List.of(new Branch(1, 3, 4), new Branch(4, 5, 7)), p.branches());
        assertEquals(List.of(1, 2, 4), IntStream.range(0, 7).filter(p::inBranch).boxed().toList());
        backend.allocate();
        p.run(); // in order
        assertEquals(1, backend.download(y).get(17));
    }

    @Test
    void whatABranchWritesIsNotTouchedBesideIt() {
        String prefix = "program test: step ";
        String suffix = "; one is in a branch and the other beside it: call join() between the two";
        Buffer z = declare("z", g.x());
        rec.branch(() -> {
            rec.copy("k", z, x);
            return null;
        });
        rec.reluForward("q", x, x);
        assertIllegal(prefix + "q relu_fwd writes x f64 2x5x5x3, which step k copy touches" + suffix, rec::join);
        Recorder reads = backend.record("test");
        reads.branch(() -> {
            reads.copy("k", z, x);
            return null;
        });
        reads.copy("q", declare("u", Shape.of(3)), z.view("end", 147, Shape.of(3)));
        assertIllegal(prefix + "k copy writes z f64 2x5x5x3, which step q copy touches" + suffix, reads::join);
        Recorder writes = backend.record("test");
        writes.branch(() -> {
            writes.copy("k", z, x);
            return null;
        });
        writes.fill("q", z, 0);
        assertIllegal(prefix + "k copy writes z f64 2x5x5x3, which step q fill touches" + suffix, writes::join);
    }

    @Test
    void aBranchIsJoinedOnceBeforeTheNext() {
        assertIllegal("program test: there is no branch to join", rec::join);
        rec.branch(() -> {
            assertIllegal("program test: there is no branch to join", rec::join);
            fill("k", x);
            return null;
        });
        assertIllegal("program test: a branch is open; call join() before the next one", () -> rec.branch(() -> null));
        assertIllegal("program test: a branch is open; call join() before finish()", rec::finish);
        rec.join();
        assertIllegal("program test: there is no branch to join", rec::join);
        rec.finish();
        assertIllegal("program test: recording has ended", rec::join);
        assertIllegal("program test: recording has ended", () -> rec.branch(() -> null));
    }

    // ---- operands ----------------------------------------------------------------------------------------------

    @Test
    void wrongNumberOfAxes() {
        assertRefused("softmax p: logits is x f64 2x5x5x3 but must have 2 axes", () -> rec.softmax("p", y, x));
    }

    @Test
    void wrongType() {
        Buffer labels = declare("labels", Shape.of(4));
        assertRefused("gather_rows shuffle: index is labels f64 4 but must be i32",
                () -> rec.gatherRows("shuffle", declare("dst", Shape.of(4, 3)), declare("src", Shape.of(9, 3)), labels));
        Buffer ints = backend.memory().declare(Region.INPUT, "ints", DType.I32, g.x());
        assertRefused("conv2d_fwd conv: x is ints i32 2x5x5x3 but must be f64", () -> rec.conv2dForward("conv", g, y, ints, w));
    }

    @Test
    void viewsAreOneOrTwoFromImagesOfBytes() {
        ViewGeometry.Range one = new ViewGeometry.Range(1, 1);
        ViewGeometry views = new ViewGeometry(4, 9, 9, one, one, 0, 0, null, null, null, null, 0, 0, one, List.of(0f, 0f, 0f),
                List.of(1f, 1f, 1f));
        Buffer view = declare("view", views.views(2));
        Buffer pixels = backend.memory().declare(Region.DATA, "pixels", DType.U8, Shape.of(300));
        Buffer images = backend.memory().declare(Region.DATA, "images", DType.I32, Shape.of(1, 4));
        Buffer chosen = backend.memory().declare(Region.INPUT, "chosen", DType.I32, Shape.of(2));
        Buffer epoch = backend.memory().declare(Region.INPUT, "epoch", DType.I32, Shape.SCALAR);
        List<Philox.Purpose> query = List.of(Philox.Purpose.VIEW_QUERY);
        assertRefused("random_views v: 0 views and 1 purposes; there must be one or two, and as many of both",
                () -> rec.randomViews("v", views, 1, query, List.of(), pixels, images, chosen, epoch));
        assertRefused("random_views v: pixels is chosen i32 2 but must be u8",
                () -> rec.randomViews("v", views, 1, query, List.of(view), chosen, images, chosen, epoch));
        assertRefused("random_views v: images is chosen i32 2 but the shape must be 2x4",
                () -> rec.randomViews("v", views, 1, query, List.of(view), pixels, chosen, chosen, epoch));
        assertRefused("random_views v: view1 is x f64 2x5x5x3 but the shape must be 2x4x4x3",
                () -> rec.randomViews("v", views, 1, query, List.of(x), pixels, images, chosen, epoch));
        assertFalse(backend.rendersViews());
        assertThrows(UnsupportedOperationException.class,
                () -> rec.randomViews("v", views, 1, query, List.of(view), pixels, images, chosen, epoch));
    }

    @Test
    void missing() {
        assertRefused("conv2d_fwd conv: w is missing", () -> rec.conv2dForward("conv", g, y, x, null));
    }

    @Test
    void overlap() {
        Buffer all = declare("all", Shape.of(20));
        Buffer left = all.view("left", 0, Shape.of(12));
        Buffer right = all.view("right", 8, Shape.of(12));
        assertRefused("momentum pair: query (right f64 12) overlaps left f64 12",
                () -> rec.momentumUpdate("pair", left, right, 0.5));
        assertRefused("copy c: dst (left f64 12) is given twice", () -> rec.copy("c", left, left));
        assertDoesNotThrow(() -> rec.copy("c", all.view("head", 0, Shape.of(10)), all.view("tail", 10, Shape.of(10))));
    }

    @Test
    void valuesThatMakeNoSense() {
        Buffer keys = declare("keys", Shape.of(8, 3));
        Buffer queue = declare("queue", Shape.of(7, 3));
        Buffer head = backend.memory().declare(Region.STATE, "head", DType.I32, Shape.SCALAR);
        assertRefused("enqueue queue: the queue holds 7 keys but one step brings 8; raise --queue to at least that",
                () -> rec.enqueue("queue", queue, head, keys));
        assertRefused("momentum pair: m must lie in 0 .. 1, is 1.5", () -> rec.momentumUpdate("pair", x, y, 1.5));
        assertRefused("max_pool_fwd pool: pooling needs K = C, is n2 h5 w5 c3 k7 r3 s3 st1 pd1",
                () -> rec.maxPoolForward("pool", g, y, head, x));
        assertThrows(IllegalArgumentException.class, () -> new ConvGeometry(1, 5, 5, 1, 1, 3, 3, 1, 3),
                "padding as wide as the filter");
        assertThrows(IllegalArgumentException.class, () -> new ConvGeometry(1, 4, 9, 1, 1, 7, 7, 1, 1),
                "filter larger than the image");
        assertThrows(IllegalArgumentException.class, () -> new BatchNormGeometry(6, 1, 1, 1, 4, 1e-5, 0.1),
                "6 samples in 4 groups");
    }

    /** Each operand of each operation in turn: left out, of the other type, under another shape. */
    @Test
    void everyOperandOfEveryOperationIsChecked() {
        Map<String, OpCase> oneOfEach = new LinkedHashMap<>();
        OpCases.all().forEach(c -> oneOfEach.putIfAbsent(c.problem().split(" ")[0], c));
        assertTrue(oneOfEach.size() >= 30, "operations with cases: " + oneOfEach.keySet());
        for (OpCase c : oneOfEach.values()) {
            Map<String, Buffer> operands = c.declare(backend);
            for (Map.Entry<String, Buffer> operand : operands.entrySet()) {
                String name = operand.getKey();
                Buffer b = operand.getValue();
                String about = c.problem() + " " + name;
                IllegalArgumentException missing = assertThrows(IllegalArgumentException.class,
                        () -> record(c, operands, name, null), about);
                assertTrue(missing.getMessage().startsWith(c.problem().split(" ")[0] + " case: " + name + " is missing"),
                        about + ": " + missing.getMessage());
                boolean anyType = c.problem().startsWith("fill");
                Buffer otherType = backend.memory().declare(Region.INPUT, "other", b.dtype() == DType.I32 ? DType.F64 : DType.I32,
                        b.shape());
                if (!anyType) {
                    assertThrows(IllegalArgumentException.class, () -> record(c, operands, name, otherType),
                            about + " of another type");
                    Buffer otherShape = declare("other", longer(b.shape()));
                    boolean anyShape = name.equals("log") || (c.problem().startsWith("flag_non_finite")
                            || c.problem().startsWith("scale_loss"))
                            && name.equals("x");
                    if (!anyShape) {
                        assertThrows(IllegalArgumentException.class, () -> record(c, operands, name, otherShape),
                                about + " of another shape");
                    }
                }
            }
            assertDoesNotThrow(() -> c.record(backend.record("whole"), operands::get), c.problem());
        }
    }

    private void record(OpCase c, Map<String, Buffer> operands, String name, Buffer replacement) {
        Map<String, Buffer> changed = new HashMap<>(operands);
        changed.put(name, replacement);
        c.record(backend.record("changed"), changed::get);
    }

    /** One element more along the last axis; a vector instead of a scalar. */
    private static Shape longer(Shape s) {
        int[] extents = s.rank() == 0 ? new int[] {1} : s.toArray();
        if (s.rank() > 0) {
            extents[extents.length - 1]++;
        }
        return Shape.of(extents);
    }

    // ---- transients --------------------------------------------------------------------------------------------

    @Test
    void aTransientMustBeWrittenBeforeItIsRead() {
        Buffer a = rec.activation("a", Shape.of(7));
        Buffer b = rec.activation("b", Shape.of(7));
        rec.fill("another", b, 1);
        rec.reluForward("first", b, a);
        rec.fill("late", a, 1);
        assertEquals("program test: step first relu_fwd reads a f64 7, which no earlier step writes",
                assertThrows(IllegalStateException.class, rec::finish).getMessage());
    }

    @Test
    void anAccumulatedTransientMustBeWrittenFirst() {
        Buffer dw = rec.activation("dw", g.filter());
        rec.conv2dBackwardWeights("conv", g, dw, x, y, true);
        assertThrows(IllegalStateException.class, rec::finish);
    }

    @Test
    void anInPlaceStepReadsBeforeItWrites() {
        Buffer a = rec.activation("a", Shape.of(7));
        rec.reluForward("relu", a, a);
        assertThrows(IllegalStateException.class, rec::finish);
    }

    @Test
    void aTransientBelongsToOneProgram() {
        Buffer a = rec.activation("a", Shape.of(7));
        Recorder other = backend.record("other");
        other.fill("fill", a, 1);
        assertEquals("program other: step fill fill writes a f64 7, a transient of another program;"
                + " declare it with this program's recorder",
                assertThrows(IllegalStateException.class, other::finish).getMessage());
    }

    @Test
    void nothingIsRecordedAfterTheEnd() {
        rec.fill("x", x, 0);
        rec.finish();
        assertEquals("program test: recording has ended", assertThrows(IllegalStateException.class, () -> rec.fill("x", x, 1))
                .getMessage());
        assertThrows(IllegalStateException.class, rec::finish);
    }
}
