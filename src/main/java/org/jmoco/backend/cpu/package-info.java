/**
 * Level 2: the CPU backend. f32, NHWC, both directions of every operation on the machine's own cores.
 *
 * <p>{@link org.jmoco.backend.cpu.CpuBackend} opens it; {@code CpuOps} says which class carries out which operation. In:
 * raw addresses of tensors in {@link org.jmoco.backend.cpu.NativeMemory}. Out: the results at other addresses, bit for bit
 * the same for any number of threads: {@link org.jmoco.backend.cpu.Workers} says how.
 *
 * <p>Everything but convolution is written with the Vector API over such addresses ({@code Simd}): batch norm
 * ({@code NormWork}, which says how sums are taken, and {@code RowLoop}, which says what the loops must look like),
 * {@code InfoNce} and {@code LinearWork} on {@code TileProduct}, pooling, optimisers. Convolutions are prepared plans
 * ({@link org.jmoco.backend.cpu.ConvForward}, {@link org.jmoco.backend.cpu.ConvBackwardData},
 * {@link org.jmoco.backend.cpu.ConvBackwardWeights}) that the workers run. Read
 * {@code ConvForward} first, then docs/maths/convolution.md; after that {@code BatchNormForward}.
 */
package org.jmoco.backend.cpu;
