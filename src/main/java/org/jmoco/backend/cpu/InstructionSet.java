package org.jmoco.backend.cpu;

/**
 * Vector instructions that {@link VectorAssembler} writes. Which of them runs is oneDNN's view of the processor, so that
 * {@code ONEDNN_MAX_CPU_ISA} limits both. Results don't depend on it.
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
