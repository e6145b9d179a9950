package org.jmoco.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far a run is: a bar on a terminal, plain lines now and then elsewhere, never both. Lines for the user go through
 * {@link #say}, which keeps them apart from a bar.
 *
 * <p>One thread reports; a bar repaints itself from a thread of its own.
 */
public abstract class Progress implements AutoCloseable {
    /** What {@code --progress} takes. */
    public enum Mode {
        /** A bar if stderr is a terminal, plain lines otherwise. */
        AUTO,
        BAR,
        PLAIN,
        NONE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final PrintStream out;
    private final String task;
    private final String unit;
    private final long total;
    private final long doneBefore;
    private long done;
    private String phase = "";
    private double loss = Double.NaN;

    Progress(PrintStream out, String task, String unit, long total, long doneBefore) {
        this.out = out;
        this.task = task;
        this.unit = unit;
        this.total = total;
        this.done = doneBefore;
        this.doneBefore = doneBefore;
    }

    /**
     * @param task       the command's name
     * @param total      images of the whole run: epochs times images per epoch
     * @param doneBefore of these, done before this start (a resumed run); they do not count for images/s
     * @param out        where bar and lines go: stderr, so that stdout holds results only
     */
    public static Progress start(Mode mode, String task, long total, long doneBefore, PrintStream out) {
        return start(mode, task, "images", total, doneBefore, out);
    }

    /** Of something else than images. @param unit what is counted, in the plural: {@code MB} */
    public static Progress start(Mode mode, String task, String unit, long total, long doneBefore, PrintStream out) {
        return start(mode, onTerminal(), task, unit, total, doneBefore, out, System::nanoTime);
    }

    static Progress start(
            Mode mode, boolean onTerminal, String task, long total, long doneBefore, PrintStream out, LongSupplier nanos) {
        return start(mode, onTerminal, task, "images", total, doneBefore, out, nanos);
    }

    private static Progress start(Mode mode, boolean onTerminal, String task, String unit, long total, long doneBefore,
            PrintStream out, LongSupplier nanos) {
        return switch (mode) {
            case NONE -> new Silent(out, task, unit, total, doneBefore);
            case PLAIN -> new PlainProgress(out, task, unit, total, doneBefore, nanos);
            case BAR -> new BarProgress(out, task, unit, total, doneBefore, nanos);
            case AUTO -> start(onTerminal ? Mode.BAR : Mode.PLAIN, onTerminal, task, unit, total, doneBefore, out, nanos);
        };
    }

    /**
     * Whether stderr can repaint a line. The launcher says what it saw; started by other means, the console of this
     * process decides.
     */
    public static boolean onTerminal() {
        if ("dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        String launcher = System.getProperty("jmoco.stderr.tty");
        return launcher != null
                ? Boolean.parseBoolean(launcher)
                : System.console() != null && System.console().isTerminal();
    }

    /** Where the run is, shown behind the figures: {@code epoch 3/200}. */
    public final synchronized void phase(String phase) {
        this.phase = phase;
    }

    /**
     * @param images (or other units) done since the last call
     * @param loss   of the step, or NaN if it is not known at this step (the last one stays)
     */
    public final void step(long images, double loss) {
        synchronized (this) {
            done += images;
            if (!Double.isNaN(loss)) {
                this.loss = loss;
            }
        }
        show();
    }

    /** Called after each step. */
    abstract void show();

    /** A line that stays, as at the end of an epoch. Shown in every mode. */
    public void say(String line) {
        out.println(line);
    }

    /** Takes the bar away or prints the last line. */
    @Override
    public abstract void close();

    final synchronized long done() {
        return done;
    }

    final String task() {
        return task;
    }

    final synchronized double share() {
        return total <= 0 ? 1 : Math.min(1, (double) done / total);
    }

    /**
     * {@code 36.4 %, 40000/110000 images, 1017 images/s, 1 min 09 s left, epoch 1/3, loss 4.2500}; what is not known is
     * left out. The share is rounded, but 100 % means done.
     *
     * @param seconds since the start
     * @param counts  whether to give the images done and their total
     */
    final synchronized String status(double seconds, boolean counts) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%.1f %%",
                share() < 1 ? Math.min(99.9, 100 * share()) : 100));
        if (counts) {
            text.append(", ").append(done).append('/').append(total).append(' ').append(unit);
        }
        if (seconds > 0 && done > doneBefore) {
            double rate = (done - doneBefore) / seconds;
            text.append(String.format(Locale.ROOT, rate < 10 ? ", %.1f %s/s" : ", %.0f %s/s", rate, unit));
            if (done < total) {
                text.append(", ").append(duration(Duration.ofMillis((long) (1000 * (total - done) / rate)))).append(" left");
            }
        }
        if (!phase.isEmpty()) {
            text.append(", ").append(phase);
        }
        if (!Double.isNaN(loss)) {
            text.append(String.format(Locale.ROOT, ", loss %.4f", loss));
        }
        return text.toString();
    }

    /** {@code 45 s}, {@code 2 min 05 s}, {@code 3 h 07 min}, {@code 2 d 04 h}. */
    public static String duration(Duration d) {
        long s = Math.max(0, Math.round(d.toMillis() / 1000.0));
        if (s < 60) {
            return s + " s";
        }
        if (s < 3600) {
            return String.format(Locale.ROOT, "%d min %02d s", s / 60, s % 60);
        }
        if (s < 86_400) {
            return String.format(Locale.ROOT, "%d h %02d min", s / 3600, s / 60 % 60);
        }
        return String.format(Locale.ROOT, "%d d %02d h", s / 86_400, s / 3600 % 24);
    }

    /** Lines that were asked for, and nothing of its own. */
    private static final class Silent extends Progress {
        Silent(PrintStream out, String task, String unit, long total, long doneBefore) {
            super(out, task, unit, total, doneBefore);
        }

        @Override
        void show() {}

        @Override
        public void close() {}
    }
}
