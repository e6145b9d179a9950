/**
 * Level 3: layers with explicit forward and backward, and the flat arrays that hold their weights.
 *
 * <p>Flows in: activations and gradients (buffers of a recorder). Flows out: the same. A layer records steps; it computes
 * nothing itself and remembers nothing: what backward needs is in the {@code Saved} record that forward returns.
 *
 * <p>The gradient contract. Backward overwrites the gradient of its input. It overwrites the gradients of its weights too,
 * unless {@code accumulate} is set, as in the second half of a symmetric loss. There is no zeroing step.
 *
 * <p>Read {@link org.jmoco.layer.Parameters} first, then {@link org.jmoco.layer.Conv2d}.
 */
package org.jmoco.layer;
