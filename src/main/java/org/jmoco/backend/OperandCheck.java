package org.jmoco.backend;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** Checks the operands of one step; errors name layer, operation and operand, what was found and expected. */
final class OperandCheck {
    private final Backend backend;
    private final String name;
    private final String op;
    private final Map<String, Buffer> seen = new LinkedHashMap<>(); // by operand

    OperandCheck(Backend backend, String name, String op) {
        this.backend = backend;
        this.name = name;
        this.op = op;
    }

    String name() {
        return name;
    }

    String op() {
        return op;
    }

    OperandCheck present(String operand, Buffer b) {
        return require(b != null, operand + " is missing");
    }

    /** A real operand of any shape. */
    OperandCheck any(String operand, Buffer b) {
        return present(operand, b).real(operand, b, b.shape());
    }

    /** An operand of any shape, real or of the feature maps' type: for steps that treat each element or row alike. */
    OperandCheck values(String operand, Buffer b) {
        return present(operand, b).operand(operand, b, b.dtype() == backend.featureMaps() ? b.dtype() : backend.real(),
                b.shape());
    }

    /** A feature map or a batch of images. */
    OperandCheck map(String operand, Buffer b, Shape expected) {
        return operand(operand, b, backend.featureMaps(), expected);
    }

    OperandCheck real(String operand, Buffer b, Shape expected) {
        return operand(operand, b, backend.real(), expected);
    }

    OperandCheck ints(String operand, Buffer b, Shape expected) {
        return operand(operand, b, DType.I32, expected);
    }

    /** A real or I32 operand of any shape. */
    OperandCheck realOrInts(String operand, Buffer b) {
        present(operand, b);
        return operand(operand, b, b.dtype() == DType.I32 ? DType.I32 : backend.real(), b.shape());
    }

    OperandCheck optionalMap(String operand, Buffer b, Shape expected) {
        return b == null ? this : map(operand, b, expected);
    }

    OperandCheck operand(String operand, Buffer b, DType dtype, Shape expected) {
        present(operand, b);
        require(b.dtype() == dtype, operand + " is " + b + " but must be " + dtype);
        require(b.shape().equals(expected), operand + " is " + b + " but the shape must be " + expected);
        seen.forEach((earlier, other) -> {
            if (!earlier.equals(operand)) {
                require(b == other || !b.overlaps(other), operand + " (" + b + ") overlaps " + other);
                require(b != other, operand + " (" + b + ") is given twice");
            }
        });
        seen.put(operand, b);
        return this;
    }

    /** For element-wise steps that may work in place. */
    void sameOrApart(String operand, Buffer b, Buffer source) {
        if (b != source) {
            operand(operand, b, source.dtype(), source.shape());
        }
    }

    /** An operand with so many axes, of the type that such a shape has: the one that others are measured by. */
    OperandCheck rank(String operand, Buffer b, int rank) {
        present(operand, b);
        require(b.shape().rank() == rank, operand + " is " + b + " but must have " + rank + " axes");
        return operand(operand, b, backend.typeOf(b.shape()), b.shape());
    }

    OperandCheck require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(op + " " + name + ": " + message);
        }
        return this;
    }
}
