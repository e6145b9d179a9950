package org.jmoco.app;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** What no command can mean by any of its options, asked in one place before it does anything. */
final class TypedValues {
    private TypedValues() {}

    /**
     * A pipe or a device in place of a file would be waited for, or replaced.
     *
     * @throws UserError if the path of an option is no file and no folder
     */
    static void check(ParseResult command) {
        command.matchedOptions().forEach(TypedValues::requireNoPipe);
    }

    private static void requireNoPipe(OptionSpec option) {
        Object value = option.getValue();
        for (Object v : value instanceof Collection<?> all ? all : value == null ? List.of() : List.of(value)) {
            if (v instanceof Path path && RegularFile.isOther(path)) {
                throw UserError.usage(option.longestName() + " " + path + ": " + RegularFile.NOT + "; name a file or a folder");
            }
        }
    }
}
