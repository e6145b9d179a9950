/**
 * Level 2: the CPU backend. f32, NHWC, both directions of every operation on the machine's own cores.
 *
 * <p>In: raw addresses of tensors in {@link org.jmoco.backend.cpu.NativeMemory}. Out: the results at other addresses,
 * bit for bit the same for any number of threads. Convolutions are prepared plans
 * ({@link org.jmoco.backend.cpu.ConvForward}, {@link org.jmoco.backend.cpu.ConvBackwardData},
 * {@link org.jmoco.backend.cpu.ConvBackwardWeights}) that a team of {@link org.jmoco.backend.cpu.Workers} runs. Read
 * {@code ConvForward} first, then docs/maths/convolution.md.
 */
package org.jmoco.backend.cpu;
