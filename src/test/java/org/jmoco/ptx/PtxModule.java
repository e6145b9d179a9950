package org.jmoco.ptx;

import java.util.List;
import java.util.Map;

/**
 * A parsed PTX text.
 *
 * @param file stands in errors
 * @param version PTX ISA times 10: 80
 * @param target compute capability times 10: 80 for sm_80
 * @param variables .global, .const and .shared variables of the module
 */
record PtxModule(String file, int version, int target, List<Variable> variables, Map<String, Entry> entries) {
    enum Space {
        GLOBAL, CONST, SHARED, LOCAL, PARAM
    }

    /**
     * A variable (PTX ISA 5.4).
     *
     * @param bytes size; 0 for an extern array without size, which is the launch's dynamic shared memory
     * @param initial contents, or null
     */
    record Variable(Space space, String name, PtxType type, int alignment, int bytes, boolean extern, byte[] initial, int line) {
    }

    /**
     * A kernel.
     *
     * @param parameters with their offsets as initial order; {@code bytes} is the parameter's size
     * @param maxThreads {@code .maxntid} as x, y, z, or null; {@code requiredThreads} likewise for {@code .reqntid}
     * @param variables .shared and .local variables declared inside
     * @param registers all declared registers
     * @param labels index of the instruction behind each label
     */
    record Entry(String name, int line, List<Variable> parameters, int[] maxThreads, int[] requiredThreads,
            List<Variable> variables,
            List<Operand.Register> registers, List<PtxInstruction> instructions, Map<String, Integer> labels,
            Map<String, List<String>> branchTargets) {
    }
}
