package org.jmoco.report;

import java.io.PrintStream;
import java.util.function.LongSupplier;

/** A line now and then, for logs: the longer a run has been going, the rarer. */
final class PlainProgress extends Progress {
    private static final double FIRST_SECONDS = 10;
    private static final double AT_MOST_SECONDS = 300;

    /** A line each twentieth of the time gone by: about 14 lines per tenfold of it between the two bounds. */
    private static final double SHARE = 0.05;

    private final PrintStream out;
    private final LongSupplier nanos;
    private final long startNanos;
    private double lastSeconds;
    private long lastDone;

    PlainProgress(PrintStream out, String task, String unit, long total, long doneBefore, LongSupplier nanos) {
        super(out, task, unit, total, doneBefore);
        this.out = out;
        this.nanos = nanos;
        this.startNanos = nanos.getAsLong();
        this.lastDone = doneBefore;
    }

    @Override
    void show() {
        double now = seconds();
        if (now - lastSeconds >= Math.clamp(now * SHARE, FIRST_SECONDS, AT_MOST_SECONDS)) {
            print(now);
        }
    }

    private void print(double now) {
        lastSeconds = now;
        lastDone = done();
        out.println(task() + " " + status(now, true));
    }

    /** The last line, unless it has just been printed or nothing was done. */
    @Override
    public void close() {
        if (done() > lastDone) {
            print(seconds());
        }
    }

    private double seconds() {
        return (nanos.getAsLong() - startNanos) * 1e-9;
    }
}
