package org.jmoco.app;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;

/**
 * The program's stdout. Java's print streams swallow errors, so figures that were sent to a file on a full disk would be lost
 * under exit code 0; this stream remembers the first error, and the program ends with it.
 */
final class StandardOutput extends FilterOutputStream {
    private IOException failure;

    StandardOutput(OutputStream to) {
        super(to);
    }

    /** Takes the place of {@code System.out}. Call it before anything is printed. */
    static StandardOutput install() {
        StandardOutput stdout = new StandardOutput(new FileOutputStream(FileDescriptor.out));
        System.setOut(new PrintStream(stdout, true, System.out.charset()));
        return stdout;
    }

    @Override
    public synchronized void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] b, int off, int len) throws IOException {
        try {
            out.write(b, off, len);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }

    /**
     * At the program's end. A reader that has seen enough and closed the pipe, as {@code head} does, is no error.
     *
     * @return the exit code, at least 1 if what was printed did not arrive
     */
    synchronized int judge(int code, PrintWriter err) {
        String why = failure == null ? null : String.valueOf(failure.getMessage());
        if (why == null || why.contains("Broken pipe")) {
            return code;
        }
        err.println("jmoco: what was printed could not be written: " + why + ". Make room on the disk, or send the output"
                + " elsewhere; files that the command wrote are not concerned.");
        return Math.max(code, Failure.FAILED);
    }
}
