/**
 * Level 3: named tensors and a small record, on disk. This package knows nothing of MoCo, layers or training.
 *
 * <p>In flow {@link org.jmoco.tensor.HostTensor}s under names and a map of strings; out flow the same. The format is
 * safetensors (<a href="https://github.com/huggingface/safetensors">huggingface/safetensors</a>), so that any of its
 * readers opens a checkpoint of jmoco, and jmoco opens theirs. {@link org.jmoco.checkpoint.Safetensors} is the format,
 * {@link org.jmoco.checkpoint.AtomicFile} is how a file comes into being whole or not at all,
 * {@link org.jmoco.checkpoint.CheckpointStore} keeps the last two checkpoints of a run, and
 * {@link org.jmoco.checkpoint.TensorNames} says what differs between the tensors wanted and those found.
 * Read {@code Safetensors} first.
 */
package org.jmoco.checkpoint;
