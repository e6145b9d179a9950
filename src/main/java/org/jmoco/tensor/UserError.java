package org.jmoco.tensor;

/**
 * Something that the user can put right: a missing file, a wrong option, a damaged checkpoint. The command line prints
 * the message alone, without a stack trace, and ends with {@link #exitCode()}. The message names what was found, what
 * was expected and what to do, in one or two lines.
 */
public final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int exitCode;

    private UserError(String message, int exitCode, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** The work could not be done (file, disk, data, memory): exit code 1. */
    public static UserError failed(String message) {
        return new UserError(message, 1, null);
    }

    /** As {@link #failed(String)}, keeping the cause for {@code --stacktrace}. */
    public static UserError failed(String message, Throwable cause) {
        return new UserError(message, 1, cause);
    }

    /** The request itself makes no sense (options that contradict each other, impossible sizes): exit code 2. */
    public static UserError usage(String message) {
        return new UserError(message, 2, null);
    }

    public int exitCode() {
        return exitCode;
    }
}
