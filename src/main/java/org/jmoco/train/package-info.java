/**
 * Level 6: training. Flows in: data sets, views, a backend. Flows out: checkpoints, features, metrics.
 *
 * <p>{@link org.jmoco.moco.MocoStep} and {@link org.jmoco.train.SupervisedStep} are one training step each;
 * {@link org.jmoco.train.MocoTrainer} and {@link org.jmoco.train.SupervisedTrainer} repeat them through one loop
 * ({@code EpochLoop}), which knows of epochs, checkpoints and resuming. {@link org.jmoco.train.Pretrained} brings weights from
 * one run to the next, {@link org.jmoco.train.KnnMonitor} and {@link org.jmoco.train.HeldOut} measure. Read
 * {@code MocoTrainer} first, then {@code EpochLoop}.
 */
package org.jmoco.train;
