package org.jmoco.backend.cpu;

/**
 * Vector instructions that {@link VectorAssembler} writes. oneDNN's view of the processor tells which of them run, so that
 * {@code ONEDNN_MAX_CPU_ISA} limits both. What a convolution by machine code computes does not depend on it, bit for bit.
 */
enum InstructionSet {
    /** AVX2 and FMA: 16 registers of 256 bits. */
    AVX2(32, 16),
    /** AVX-512 F, BW, DQ and VL: 32 registers of 512 bits. */
    AVX512(64, 32);

    /** Bytes of a vector. */
    final int vectorBytes;
    final int registers;

    InstructionSet(int vectorBytes, int registers) {
        this.vectorBytes = vectorBytes;
        this.registers = registers;
    }

    /** The widest set that runs here, on a machine for which {@link MachineCode#supported}. */
    static InstructionSet widest() {
        return Dnnl.hasAvx512() ? AVX512 : AVX2;
    }
}
