/**
 * Level 4: losses. Flows in: features and keys, or logits and labels. Flows out: a scalar loss and a count of correct rows in
 * device memory, and the gradient of the loss. Read {@link org.jmoco.loss.InfoNce} first.
 */
package org.jmoco.loss;
