package org.jmoco.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One finished epoch.
 *
 * @param epoch           counted from 1
 * @param epochs          of the whole run
 * @param learningRate    that the epoch ran at
 * @param loss            mean over the epoch's images
 * @param accuracy        part of the training images that were right, 0 .. 1: in pretraining those whose positive beats every
 *                        negative, in transfer those whose class got the largest logit
 * @param imagesPerSecond of the training steps; evaluation and checkpoints not counted. This and the next value differ from run
 *                        to run, no other does
 * @param waited          part of the steps' time, 0 .. 1, spent waiting for views
 * @param evaluation      what was measured after the epoch, by name, as in {@code knn_accuracy}; names differ between epochs if a
 *                        measure is taken every few epochs only
 */
public record EpochRecord(int epoch, int epochs, double learningRate, double loss, double accuracy, double imagesPerSecond,
        double waited, Map<String, Double> evaluation) {
    public EpochRecord {
        evaluation = Collections.unmodifiableMap(new LinkedHashMap<>(evaluation));
    }
}
