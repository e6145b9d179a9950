/**
 * Level 6: training. Flows in: data sets, views, a backend. Flows out: checkpoints, features, metrics. Read
 * {@link org.jmoco.train.SupervisedStep} and {@link org.jmoco.moco.MocoStep} first: each is one training step; the trainers
 * repeat them. {@link org.jmoco.train.Metrics} and {@link org.jmoco.train.WeightedKnn} judge the outcome and need no backend.
 */
package org.jmoco.train;
