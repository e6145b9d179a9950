package org.jmoco.train;

import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * Where a run stands. A checkpoint holds it, so that an epoch that was interrupted ends with the same figures.
 *
 * @param epoch   epochs finished
 * @param step    steps done of the epoch after that
 * @param lossSum sum of those steps' losses
 * @param correct sum of those steps' counts of correct rows
 */
record Position(int epoch, int step, double lossSum, long correct) {
    static final Position START = new Position(0, 0, 0, 0);

    private static final String EPOCH = "position.epoch";
    private static final String STEP = "position.step";
    private static final String LOSS_SUM = "position.loss_sum";
    private static final String CORRECT = "position.correct";

    Position after(double loss, long newCorrect) {
        return new Position(epoch, step + 1, lossSum + loss, correct + newCorrect);
    }

    Position nextEpoch() {
        return new Position(epoch + 1, 0, 0, 0);
    }

    void store(Map<String, String> metadata) {
        metadata.put(EPOCH, Integer.toString(epoch));
        metadata.put(STEP, Integer.toString(step));
        metadata.put(LOSS_SUM, Double.toHexString(lossSum)); // exact
        metadata.put(CORRECT, Long.toString(correct));
    }

    /** @param source for the message */
    static Position load(Map<String, String> metadata, String source) {
        try {
            return new Position(Integer.parseInt(metadata.get(EPOCH)), Integer.parseInt(metadata.get(STEP)),
                    Double.parseDouble(metadata.get(LOSS_SUM)), Long.parseLong(metadata.get(CORRECT)));
        } catch (NumberFormatException | NullPointerException e) {
            throw UserError.failed(source + ": does not say where its run stood, so the run cannot be resumed from it."
                    + " It can still serve as --from.");
        }
    }
}
