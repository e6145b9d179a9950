package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** Operands by name with the values they start from, and the call that records the operation on them. */
final class OpSetup {
    /** Operands by name; null where the problem has no such operand. */
    @FunctionalInterface
    interface Operands {
        Buffer get(String name);
    }

    @FunctionalInterface
    interface Call {
        void record(Recorder rec, Operands b);
    }

    /**
     * @param dtype null for the type that the backend gives to the shape
     * @param region weights lie where a backend keeps their copies in another type
     * @param values null for what is only written: it starts as poison
     */
    record Operand(DType dtype, Region region, Shape shape, Values values) {
        boolean isReal() {
            return dtype == null;
        }
    }

    private final Map<String, Operand> operands = new LinkedHashMap<>();
    private Call call;

    Map<String, Operand> operands() {
        return operands;
    }

    Call call() {
        return call;
    }

    /** An operand that is read, or read and changed. */
    OpSetup in(String name, Shape shape, Values values) {
        return add(name, new Operand(null, Region.INPUT, shape, values));
    }

    OpSetup weights(String name, Shape shape, Values values) {
        return add(name, new Operand(null, Region.PARAMETERS, shape, values));
    }

    /** An operand that is overwritten. */
    OpSetup out(String name, Shape shape) {
        return in(name, shape, null);
    }

    /** Gradients of weights: overwritten, or added to if there are values to start from. */
    OpSetup gradients(String name, Shape shape, Values values) {
        return add(name, new Operand(null, Region.GRADIENTS, shape, values));
    }

    OpSetup ints(String name, Shape shape, Values values) {
        return add(name, new Operand(DType.I32, Region.INPUT, shape, values));
    }

    OpSetup intsOut(String name, Shape shape) {
        return ints(name, shape, null);
    }

    OpSetup calls(Call c) {
        call = c;
        return this;
    }

    private OpSetup add(String name, Operand o) {
        operands.put(name, o);
        return this;
    }
}
