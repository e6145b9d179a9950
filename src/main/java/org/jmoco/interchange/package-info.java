/**
 * Files of other programs: PyTorch's .pth is read, without ever running code from it.
 *
 * <p>In: a file written by torch.save. Out: a {@link org.jmoco.checkpoint.Checkpoint} with torchvision's names.
 *
 * <p>Read first: {@link org.jmoco.interchange.TorchFile}.
 */
package org.jmoco.interchange;
