/**
 * Level 4: optimisers and learning-rate schedules. Flows in: gradients and a learning rate in device memory. Flows out: new
 * weights. Read {@link org.jmoco.optim.Sgd} first.
 */
package org.jmoco.optim;
