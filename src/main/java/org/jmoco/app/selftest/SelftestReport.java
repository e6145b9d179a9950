package org.jmoco.app.selftest;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Prints a line for each part as it ends, and counts. */
public final class SelftestReport {
    /** One thing to try. Whatever it throws is a failure, and the next part follows. */
    @FunctionalInterface
    public interface Part {
        void run() throws Exception;
    }

    private final PrintWriter out;
    private final boolean everyPart;
    private final List<String> failed = new ArrayList<>();
    private int tried;

    /** @param everyPart prints parts that pass as well */
    public SelftestReport(PrintWriter out, boolean everyPart) {
        this.out = out;
        this.everyPart = everyPart;
    }

    public void part(String name, Part p) {
        tried++;
        try {
            p.run();
            if (everyPart) {
                out.println("PASS " + name);
            }
        } catch (Exception | AssertionError | LinkageError | OutOfMemoryError e) {
            failed.add(name);
            out.println("FAIL " + name + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()));
        }
        out.flush();
    }

    /** A line between groups of parts. */
    public void say(String line) {
        out.println(line);
        out.flush();
    }

    public int tried() {
        return tried;
    }

    public List<String> failed() {
        return failed;
    }

    /** The last line. @return true if something was tried and nothing failed */
    public boolean end() {
        boolean passed = failed.isEmpty() && tried > 0;
        out.println((passed ? "PASS " : "FAIL ") + (tried - failed.size()) + " of " + tried + " parts passed"
                + (failed.isEmpty() ? "" : "; the first that failed: " + failed.getFirst()));
        out.flush();
        return passed;
    }
}
