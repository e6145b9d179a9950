package org.jmoco.backend.cuda;

/**
 * An entry of a loaded module.
 *
 * @param function the device's handle
 * @param signature what the PTX text says of its parameters and limits
 */
public record Kernel(long function, PtxSignature signature) {
}
