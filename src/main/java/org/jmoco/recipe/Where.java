package org.jmoco.recipe;

import java.nio.file.Path;
import org.jmoco.tensor.UserError;

/**
 * Where a value was written: a place in a file, or an option of the command line.
 *
 * @param source file name, or the option as it was typed
 * @param line   counted from 1; 0 for an option
 * @param column counted from 1; 0 for an option
 * @param folder that relative paths are relative to
 */
record Where(String source, int line, int column, Path folder) {
    /** @param option as typed: {@code --set transfer.epochs=10} */
    static Where option(String option) {
        return new Where(option, 0, 0, Path.of(""));
    }

    /** {@code mine.yaml:7:13: epochs: expected a whole number}. */
    UserError error(String message) {
        return UserError.usage(this + ": " + message);
    }

    /** {@code mine.yaml:7:13}. */
    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
