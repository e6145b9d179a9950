/**
 * Level 4: the network, built of layers. Flows in: a batch of normalised images N x H x W x 3. Flows out: features N x D, and
 * on the way back the gradients of all weights. Read {@link org.jmoco.encoder.ResNet18} first, then
 * {@link org.jmoco.encoder.BasicBlock}.
 */
package org.jmoco.encoder;
