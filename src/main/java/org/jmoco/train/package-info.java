/**
 * Level 6: training. Flows in: data sets, views, a backend. Flows out: checkpoints, features, metrics. Read
 * {@link org.jmoco.train.SupervisedStep} and {@link org.jmoco.moco.MocoStep} first: each is one training step; the trainers
 * repeat them.
 */
package org.jmoco.train;
