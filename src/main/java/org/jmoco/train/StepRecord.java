package org.jmoco.train;

/**
 * One finished training step.
 *
 * @param epoch           counted from 1
 * @param epochs          of the whole run
 * @param step            within the epoch, counted from 1
 * @param steps           of one epoch
 * @param loss            mean over the batch
 * @param imagesPerSecond since the epoch began or was taken up again
 */
public record StepRecord(int epoch, int epochs, int step, int steps, double loss, double imagesPerSecond) {}
