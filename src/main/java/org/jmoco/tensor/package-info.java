/**
 * Level 0: what a tensor is, on the host, and where random numbers come from.
 *
 * <p>{@link org.jmoco.tensor.Shape} and {@link org.jmoco.tensor.DType} describe, {@link org.jmoco.tensor.HostTensor}
 * holds values in Java memory (initial weights, checkpoints, batches on their way to a backend), and
 * {@link org.jmoco.tensor.Philox} turns a (seed, purpose, epoch, item) key into random numbers. Nothing here knows of
 * devices, layers or formats of files; {@link org.jmoco.tensor.RegularFile} alone looks at one. Read {@code Shape} first.
 */
package org.jmoco.tensor;
