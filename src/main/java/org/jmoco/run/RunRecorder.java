package org.jmoco.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jmoco.report.CsvLog;
import org.jmoco.report.CurvesPng;
import org.jmoco.report.Progress;
import org.jmoco.report.RunFolder;
import org.jmoco.report.TensorBoardLog;
import org.jmoco.train.EpochRecord;
import org.jmoco.train.LearningRate;
import org.jmoco.train.StepRecord;
import org.jmoco.train.TrainListener;

/** Writes down what a trainer tells: metrics.csv, timings.csv, curves, a progress bar or plain lines. */
final class RunRecorder implements TrainListener, AutoCloseable {
    private final RunFolder folder;
    private final String title;
    private final List<String> measures;
    private final CsvLog metrics;
    private final CsvLog timings;
    private final TensorBoardLog tensorBoard; // null if none is wanted
    private final Progress progress;
    private final Consumer<String> lines;
    private final int batch;
    private Map<String, Double> lastEvaluation = Map.of();

    /**
     * @param title      of the curves; says "phantom" where the images are
     * @param measures   names of what may be measured after an epoch
     * @param epochsDone of a resumed run; later lines of an interrupted epoch are dropped
     * @param steps      of one epoch
     * @param display    where bar and lines go
     */
    RunRecorder(RunFolder folder, String title, List<String> measures, int epochsDone, int epochs, int steps, int batch,
            Display display) {
        this.folder = folder;
        this.title = title;
        this.measures = measures;
        this.batch = batch;
        List<String> columns = new ArrayList<>(List.of("lr", "loss", "accuracy"));
        columns.addAll(measures);
        metrics = CsvLog.open(folder.file("metrics.csv"), columns, epochsDone);
        timings = CsvLog.open(folder.file("timings.csv"), List.of("images_per_s", "waited"), epochsDone);
        tensorBoard = display.tensorBoard() ? new TensorBoardLog(folder.file("tensorboard")) : null;
        progress = Progress.start(display.mode(), title, (long) epochs * steps * batch, (long) epochsDone * steps * batch,
                display.err());
        lines = display.lines() == null ? progress::say : display.lines();
    }

    @Override
    public void step(StepRecord s) {
        progress.phase("epoch " + s.epoch() + "/" + s.epochs());
        progress.step(batch, s.loss());
    }

    @Override
    public void epoch(EpochRecord e) {
        lastEvaluation = e.evaluation();
        List<Number> values = new ArrayList<>(List.of(e.learningRate(), e.loss(), e.accuracy()));
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "epoch %d/%d  loss %.4f  accuracy %.4f", e.epoch(),
                e.epochs(), e.loss(), e.accuracy()));
        for (String m : measures) {
            Double v = e.evaluation().get(m);
            values.add(v);
            if (v != null) {
                line.append(String.format(Locale.ROOT, "  %s %.4f", m, v));
            }
        }
        line.append(String.format(Locale.ROOT, "  lr %s  %.1f images/s", LearningRate.text(e.learningRate()),
                e.imagesPerSecond()));
        metrics.append(e.epoch(), values.toArray(Number[]::new));
        timings.append(e.epoch(), e.imagesPerSecond(), e.waited());
        if (tensorBoard != null) {
            Map<String, Double> scalars =
                    new LinkedHashMap<>(Map.of("lr", e.learningRate(), "loss", e.loss(), "accuracy", e.accuracy(), "images_per_s",
                    e.imagesPerSecond()));
            scalars.putAll(e.evaluation());
            tensorBoard.scalars(e.epoch(), scalars);
        }
        lines.accept(line.toString());
    }

    @Override
    public void say(String line) {
        lines.accept(line);
    }

    /** What was measured after the last epoch; empty if none has ended since this start. */
    Map<String, Double> lastEvaluation() {
        return lastEvaluation;
    }

    /** Draws the curves and marks the run as finished. @return lines to print */
    List<String> finish(Map<String, Object> result) {
        progress.close();
        Path png = folder.file("curves.png");
        List<String> lines = new ArrayList<>();
        double guessing = result.get("guessing") instanceof Number n ? n.doubleValue() : Double.NaN;
        CurvesPng.draw(folder.file("metrics.csv"), png, title, guessing).ifPresent(lines::add);
        folder.finish(result);
        return lines;
    }

    @Override
    public void close() {
        progress.close();
        metrics.close();
        timings.close();
        if (tensorBoard != null) {
            tensorBoard.close();
        }
    }
}
