package org.jmoco.backend.conformance;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/**
 * One operation on one problem with its data: something that every backend must compute as the reference backend does.
 *
 * <p>Every operand lies between guards of NaN. Operands that are overwritten hold NaN beforehand, so that what is not
 * written, or read before it is written, shows. Data depend on the problem string alone: the string repeats the case.
 */
public final class OpCase {
    /** Elements before and after each operand: a cache line of f32, which is how weights lie in their flat array. */
    private static final int GUARD = 16;

    /** What an I32 operand holds where the case has set nothing; no operation produces it. */
    private static final int INT_POISON = Integer.MIN_VALUE;

    /** Records the operation; operands by name. */
    @FunctionalInterface
    interface Launch {
        void record(Recorder rec, Operands b);
    }

    @FunctionalInterface
    public interface Operands {
        Buffer get(String name);
    }

    /** Draws an operand's values, one after the other. */
    @FunctionalInterface
    interface Fill {
        double next(Philox random);
    }

    /** Uniform on [-1, 1). */
    static final Fill UNIFORM = r -> 2 * r.nextFloat() - 1;

    /** Integers in -bound .. bound times {@code factor}. */
    static Fill integers(int bound, int factor) {
        return r -> factor * (r.nextInt(2 * bound + 1) - bound);
    }

    /** Always {@code value}. */
    static Fill constant(double value) {
        return r -> value;
    }

    /** What an operand is to a backend: its type, and where it lies. */
    private enum Kind {
        /** Feature maps where there are four axes, else real. */
        VALUES(Region.INPUT),
        /** Real, in the region whose buffers may have a copy in the feature maps' type. */
        WEIGHTS(Region.PARAMETERS),
        /** Real; of a filter they may be computed in the feature maps' type. */
        GRADIENTS(Region.GRADIENTS),
        INTS(Region.INPUT);

        private final Region region;

        Kind(Region region) {
            this.region = region;
        }
    }

    /** @param before null if the operand is poisoned; @param tolerance null if it is only read */
    private record Operand(Kind kind, Shape shape, double[] before, Tolerance tolerance) {
        DType type(Backend b) {
            return switch (kind) {
                case INTS -> DType.I32;
                case VALUES -> b.typeOf(shape);
                default -> b.real();
            };
        }

        /** True if convolutions and their neighbours see the values in the feature maps' type. */
        boolean mapped() {
            return kind != Kind.INTS && shape.rank() == 4;
        }
    }

    private final String problem;
    private final Map<String, Operand> operands = new LinkedHashMap<>();
    private Launch launch;
    private Predicate<Backend> has = b -> true;

    /** @param problem operation, sizes and kind of data: {@code conv2d_fwd n1 h7 w7 c3 k7 r3 s3 st1 pd1 integers} */
    OpCase(String problem) {
        this.problem = problem;
    }

    public String problem() {
        return problem;
    }

    // ---- building ----------------------------------------------------------------------------------------------

    /** An operand that is read. */
    OpCase in(String name, Shape shape, Fill fill) {
        return add(name, Kind.VALUES, shape, draw(name, shape, fill), null);
    }

    /** Parameters that are read. */
    OpCase weights(String name, Shape shape, Fill fill) {
        return add(name, Kind.WEIGHTS, shape, draw(name, shape, fill), null);
    }

    OpCase intIn(String name, Shape shape, Fill fill) {
        return add(name, Kind.INTS, shape, draw(name, shape, fill), null);
    }

    /** An operand that is overwritten. */
    OpCase out(String name, Shape shape, Tolerance tolerance) {
        return add(name, Kind.VALUES, shape, null, tolerance);
    }

    OpCase intOut(String name, Shape shape) {
        return intOut(name, shape, Tolerance.EXACT);
    }

    OpCase intOut(String name, Shape shape, Tolerance tolerance) {
        return add(name, Kind.INTS, shape, null, tolerance);
    }

    /** An operand that is read and changed. */
    OpCase inOut(String name, Shape shape, Fill fill, Tolerance tolerance) {
        return add(name, Kind.VALUES, shape, draw(name, shape, fill), tolerance);
    }

    /** Parameters that are read and changed. */
    OpCase weightsInOut(String name, Shape shape, Fill fill, Tolerance tolerance) {
        return add(name, Kind.WEIGHTS, shape, draw(name, shape, fill), tolerance);
    }

    OpCase intInOut(String name, Shape shape, Fill fill) {
        return intInOut(name, shape, fill, Tolerance.EXACT);
    }

    OpCase intInOut(String name, Shape shape, Fill fill, Tolerance tolerance) {
        return add(name, Kind.INTS, shape, draw(name, shape, fill), tolerance);
    }

    /** {@link #inOut} if {@code accumulate}, else {@link #out}. */
    OpCase target(String name, Shape shape, boolean accumulate, Fill fill, Tolerance tolerance) {
        return accumulate ? inOut(name, shape, fill, tolerance) : out(name, shape, tolerance);
    }

    /** As {@link #target}, of parameters' gradients. */
    OpCase gradients(String name, Shape shape, boolean accumulate, Fill fill, Tolerance tolerance) {
        return add(name, Kind.GRADIENTS, shape, accumulate ? draw(name, shape, fill) : null, tolerance);
    }

    /** The operation is one that a backend may do without. */
    OpCase onlyFor(Predicate<Backend> backends) {
        has = backends;
        return this;
    }

    /** Whether the backend has the operation at all. */
    public boolean runsOn(Backend backend) {
        return has.test(backend);
    }

    OpCase records(Launch l) {
        launch = l;
        return this;
    }

    /** The operand's values; a case may change them, where they depend on each other. */
    double[] before(String name) {
        return operands.get(name).before;
    }

    private OpCase add(String name, Kind kind, Shape shape, double[] before, Tolerance tolerance) {
        operands.put(name, new Operand(kind, shape, before, tolerance));
        return this;
    }

    /** Values that f32 can hold, so that every backend starts from the same. */
    private double[] draw(String name, Shape shape, Fill fill) {
        Philox random = new Philox(problem.hashCode(), Philox.Purpose.TEST, 0, name.hashCode());
        double[] v = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) fill.next(random);
        }
        return v;
    }

    // ---- for tests of the Recorder -----------------------------------------------------------------------------

    /** Operands of the case, declared but without contents, by name. */
    public Map<String, Buffer> declare(Backend backend) {
        Map<String, Buffer> declared = new LinkedHashMap<>();
        operands.forEach((name, o) -> declared.put(name, backend.memory()
                .declare(o.kind.region, name, o.type(backend), o.shape)));
        return declared;
    }

    public void record(Recorder rec, Operands b) {
        launch.record(rec, b);
    }

    // ---- running -----------------------------------------------------------------------------------------------

    /**
     * Runs the case twice on a fresh backend, closes it, and returns every written operand.
     *
     * @throws AssertionError if a guard or an operand that is only read has changed, or if the second run differs
     */
    public Map<String, HostTensor> run(Backend backend) {
        try (backend) {
            return run(backend, false);
        }
    }

    private Map<String, HostTensor> run(Backend backend, boolean absolute) {
        Map<String, Buffer> roots = new LinkedHashMap<>();
        Map<String, Buffer> views = new LinkedHashMap<>();
        operands.forEach((name, o) -> {
            int n = Math.toIntExact(o.shape.size());
            Buffer root = backend.memory().declare(o.kind.region, name + ".guarded", o.type(backend),
                    Shape.of(GUARD + n + GUARD));
            roots.put(name, root);
            views.put(name, root.view(name, GUARD, o.shape));
        });
        Recorder rec = backend.record("case");
        launch.record(rec, views::get);
        Program program = rec.finish();
        backend.allocate();
        Map<String, HostTensor> first = runOnce(backend, program, roots, absolute);
        Map<String, HostTensor> second = runOnce(backend, program, roots, absolute);
        first.forEach((name, t) -> {
            if (!t.bitEquals(second.get(name))) {
                throw new AssertionError(problem + " on " + backend.describe() + ": " + name + " differs between two runs");
            }
        });
        return first;
    }

    private Map<String, HostTensor> runOnce(Backend backend, Program program, Map<String, Buffer> roots, boolean absolute) {
        Map<String, HostTensor> before = new LinkedHashMap<>();
        operands.forEach((name, o) -> {
            before.put(name, guarded(o, roots.get(name).dtype(), absolute));
            backend.upload(roots.get(name), before.get(name));
        });
        program.run();
        Map<String, HostTensor> written = new LinkedHashMap<>();
        operands.forEach((name, o) -> {
            HostTensor after = backend.download(roots.get(name));
            int n = Math.toIntExact(o.shape.size());
            for (int i = 0; i < after.size(); i++) {
                boolean guard = i < GUARD || i >= GUARD + n;
                if ((guard || o.tolerance == null) && Double.compare(after.get(i), before.get(name).get(i)) != 0) {
                    throw new AssertionError(problem + " on " + backend.describe() + ": "
                            + (guard ? "wrote outside of " : "changed ") + name + ", at element " + (i - GUARD) + " of " + n
                            + ": " + after.get(i));
                }
            }
            if (o.tolerance != null) {
                written.put(name, inside(after, o.shape));
            }
        });
        return written;
    }

    private static HostTensor guarded(Operand o, DType inMemory, boolean absolute) {
        DType dtype = inMemory.hostForm();
        HostTensor t = HostTensor.zeros(dtype, Shape.of(Math.toIntExact(o.shape.size()) + 2 * GUARD));
        for (int i = 0; i < t.size(); i++) {
            int at = i - GUARD;
            boolean set = o.before != null && at >= 0 && at < o.before.length;
            double value = !set ? Double.NaN : absolute && o.kind != Kind.INTS ? Math.abs(o.before[at]) : o.before[at];
            switch (dtype) {
                case F64 -> t.doubles()[i] = value;
                case F32 -> t.floats()[i] = (float) value;
                default -> t.ints()[i] = set ? (int) value : INT_POISON;
            }
        }
        return t;
    }

    private static HostTensor inside(HostTensor t, Shape shape) {
        int end = t.size() - GUARD;
        return switch (t.dtype()) {
            case F64 -> HostTensor.of(shape, Arrays.copyOfRange(t.doubles(), GUARD, end));
            case F32 -> HostTensor.of(shape, Arrays.copyOfRange(t.floats(), GUARD, end));
            default -> HostTensor.of(shape, Arrays.copyOfRange(t.ints(), GUARD, end));
        };
    }

    // ---- comparing ---------------------------------------------------------------------------------------------

    /**
     * Runs the case on {@code backend} and on the reference backend of the same real type, and compares every written operand.
     *
     * <p>Where the backend's feature maps are bf16 or f16, all maps and filters of the case are rounded to it beforehand, so that
     * both backends start from the same numbers, and results that are stored or computed as such are allowed its roundoff.
     *
     * @return what {@code backend} computed
     * @throws AssertionError naming the worst element, its index, both values and the case
     */
    public Map<String, HostTensor> compareWithReference(Backend backend) {
        String device = backend.describe();
        DType real = backend.real();
        Tolerance.Roundoffs roundoffs = Tolerance.Roundoffs.of(backend);
        if (roundoffs.maps() != null) {
            operands.values().stream().filter(o -> o.mapped() && o.before != null).forEach(o -> Arrays.setAll(o.before,
                    i -> roundoffs.maps().round(o.before[i])));
        }
        Map<String, HostTensor> got = run(backend);
        Map<String, HostTensor> expected = run(ReferenceBackend.open(real, 1));
        Tolerance.Evidence evidence = new Tolerance.Evidence(this, roundoffs, expected);
        operands.forEach((name, o) -> {
            if (o.tolerance != null) {
                compare(device, name, o, expected.get(name), got.get(name), evidence);
            }
        });
        return got;
    }

    /** The results with every real operand replaced by its absolute value: for sums of products, what errors scale with. */
    Map<String, HostTensor> magnitudes() {
        try (Backend reference = ReferenceBackend.open(DType.F64, 1)) {
            return run(reference, true);
        }
    }

    private void compare(String device, String name, Operand o, HostTensor expected, HostTensor got,
            Tolerance.Evidence evidence) {
        double worstRatio = 1;
        int worst = -1;
        for (int i = 0; i < got.size(); i++) {
            double e = expected.get(i);
            double g = got.get(i);
            // Where the reference gives no finite number, any other that is not finite will do.
            double error = Double.isFinite(e) ? Math.abs(g - e) : Double.isFinite(g) ? Double.POSITIVE_INFINITY : 0;
            if (error == 0) {
                continue;
            }
            double ratio = error / allowed(name, o, i, evidence);
            if (!(ratio <= worstRatio)) {
                worst = i;
                worstRatio = Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : ratio;
            }
        }
        if (worst >= 0) {
            throw new AssertionError(problem + " on " + device + ": " + name + index(o.shape, worst) + " (element " + worst
                    + " of " + got.size() + ") is " + got.get(worst) + ", expected " + expected.get(worst) + ", difference "
                    + Math.abs(got.get(worst) - expected.get(worst)) + ", allowed " + allowed(name, o, worst, evidence)
                    + "; alone: jmoco selftest --case '" + problem + "', in the tests -Dcase");
        }
    }

    /** The case's tolerance, and what storing or computing in a narrower type adds to it. */
    private static double allowed(String name, Operand o, int i, Tolerance.Evidence e) {
        double inReal = o.tolerance.allowed(name, i, e);
        Tolerance.Roundoffs r = e.roundoffs();
        if (r.maps() == null || !o.mapped()) {
            return inReal;
        }
        double expected = e.expected(name, i);
        if (o.kind == Kind.GRADIENTS) { // rounded before they are added to what was there
            return inReal + r.ofMap(Math.abs(expected) + (o.before == null ? 0 : Math.abs(o.before[i])) + inReal);
        }
        return inReal == 0 ? Math.abs(r.maps().round(expected) - expected) : inReal + r.ofMap(Math.abs(expected) + inReal);
    }

    private static String index(Shape shape, int element) {
        int[] index = new int[shape.rank()];
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            index[axis] = element % shape.dim(axis);
            element /= shape.dim(axis);
        }
        return Arrays.toString(index).replace(" ", "");
    }
}
