package org.jmoco.report;

import java.io.PrintStream;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * A bar that repaints one line of a terminal. Repainting and the width of the terminal are the library's; the text is
 * ours, because the library's own cuts the loss off at 80 columns.
 */
final class BarProgress extends Progress {
    private static final int REPAINT_MILLIS = 500;

    /** A shorter bar shows nothing that the percentage does not. */
    private static final int LEAST_BAR = 6;

    private static final int MOST_BAR = 40;

    private final LongSupplier nanos;
    private final long startNanos;
    private final Line line;
    private final ProgressBar bar;

    BarProgress(PrintStream out, String task, String unit, long total, long doneBefore, LongSupplier nanos) {
        super(out, task, unit, total, doneBefore);
        this.nanos = nanos;
        this.startNanos = nanos.getAsLong();
        line = new Line(out);
        bar = new ProgressBarBuilder()
                .setUpdateIntervalMillis(REPAINT_MILLIS)
                .continuousUpdate()
                .setRenderer((state, width) -> render(width))
                .setConsumer(line)
                .build();
    }

    /** {@code pretrain [=====     ] 52.1 %, 1017 images/s, ...}, at most {@code width} wide. */
    private String render(int width) {
        String status = status((nanos.getAsLong() - startNanos) * 1e-9, false);
        int length = Math.min(MOST_BAR, width - task().length() - status.length() - 4);
        String text = task() + " " + status;
        if (length >= LEAST_BAR) {
            int filled = (int) (share() * length);
            text = task() + " [" + "=".repeat(filled) + " ".repeat(length - filled) + "] " + status;
        }
        return text.length() <= width ? text : text.substring(0, Math.max(0, width));
    }

    @Override
    void show() {
        // The bar repaints itself from its own thread.
    }

    @Override
    public void say(String text) {
        line.say(text);
    }

    /** Paints the last state itself: the library (0.10.1) does not when it is closed before its first repaint. */
    @Override
    public void close() {
        bar.close();
        line.accept(render(line.width()));
        line.end();
    }

    /** The line of the bar; what is said goes above it. Both threads write here, one at a time. */
    private static final class Line implements ProgressBarConsumer {
        private static final String CLEAR = "\r\033[K";

        private final PrintStream out;
        private final ConsoleProgressBarConsumer terminal;
        private String shown = "";
        private volatile int width;

        Line(PrintStream out) {
            this.out = out;
            this.terminal = new ConsoleProgressBarConsumer(out);
        }

        @Override
        public int getMaxRenderedLength() {
            width = terminal.getMaxRenderedLength();
            return width;
        }

        /** That of the last repaint, because the library has let go of the terminal when the bar is closed. */
        int width() {
            return width > 0 ? width : getMaxRenderedLength();
        }

        @Override
        public synchronized void accept(String rendered) {
            shown = rendered.stripTrailing();
            out.print(CLEAR + shown);
            out.flush();
        }

        synchronized void say(String text) {
            out.print(CLEAR);
            out.println(text);
            out.print(shown);
            out.flush();
        }

        synchronized void end() {
            out.println();
            out.flush();
        }

        @Override
        public void close() {
            // The line ends when the whole bar does.
        }
    }
}
