package org.jmoco.bench;

import org.jmoco.backend.Program;
import org.jmoco.backend.Step;

/**
 * What a program should take on a machine of given ceilings: the sum over its steps of the larger of bytes / copy bandwidth and
 * operations / matrix product (the roofline of Williams et al. 2009, one step after the other). No launch costs, no caches, and
 * the operations of the definition: a method that needs fewer (Winograd) can be faster.
 */
public final class Prediction {
    private Prediction() {
    }

    public static double nanos(Program program, Ceilings ceilings) {
        double nanos = 0;
        for (Step s : program.steps()) {
            nanos += ceilings.floorNanos(s.bytes(), s.flops());
        }
        return nanos;
    }
}
