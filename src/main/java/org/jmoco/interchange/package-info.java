/**
 * Files of other programs: PyTorch's .pth is read, without ever running code from it; ONNX and the names of facebookresearch/moco
 * are written.
 *
 * <p>In: a file written by torch.save, or a network's tensors. Out: a {@link org.jmoco.checkpoint.Checkpoint} with torchvision's
 * names, or the bytes of a file.
 *
 * <p>Read first: {@link org.jmoco.interchange.TorchFile}, {@link org.jmoco.interchange.OnnxClassifier}.
 */
package org.jmoco.interchange;
