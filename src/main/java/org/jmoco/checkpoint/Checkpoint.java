package org.jmoco.checkpoint;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.HostTensor;

/**
 * A checkpoint in memory.
 *
 * @param file     where it was read from
 * @param tensors  by name, in the order of the file
 * @param metadata the strings it was saved with
 */
public record Checkpoint(Path file, LinkedHashMap<String, HostTensor> tensors, Map<String, String> metadata) {}
