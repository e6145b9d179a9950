package org.jmoco.backend;

import java.util.List;

/**
 * One named launch of a {@link Program}.
 *
 * @param name the layer and direction, as in {@code q.layer1.0.conv1}
 * @param op the operation, as in {@code conv2d_fwd}
 * @param problem its sizes as a problem string (docs/notation.md)
 * @param reads operands whose values it needs
 * @param writes operands it overwrites or accumulates into
 * @param flops floating-point operations that the definition of the operation needs, multiply and add counted apart
 * @param bytes the fewest bytes it must move: every operand once
 */
public record Step(
        String name,
        String op,
        String problem,
        List<Buffer> reads,
        List<Buffer> writes,
        long flops,
        long bytes,
        Work work) {}
