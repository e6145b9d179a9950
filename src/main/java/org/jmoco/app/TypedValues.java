package org.jmoco.app;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What no command can mean by any of its options, asked in one place before it does anything. */
final class TypedValues {
    private TypedValues() {}

    /**
     * An empty value is that of a shell variable that is not set; taken for a path it would be the working folder. A pipe or a
     * device in place of a file would be waited for, or replaced.
     *
     * @throws ParameterException if a value is empty
     * @throws UserError if the path of an option is no file and no folder
     */
    static void check(ParseResult command) {
        command.matchedOptions().forEach(o -> requireFilled(command, o.longestName(), o));
        command.matchedPositionals().forEach(p -> requireFilled(command, p.paramLabel(), p));
        command.matchedOptions().forEach(TypedValues::requireNoPipe);
    }

    private static void requireFilled(ParseResult command, String name, ArgSpec argument) {
        if (argument.originalStringValues().stream().flatMap(v -> parts(argument, v)).anyMatch(String::isBlank)) {
            throw new ParameterException(command.commandSpec().commandLine(), name + ": the value is empty; give "
                    + (name.startsWith("-") ? argument.paramLabel() : "one")
                    + (argument.required() ? "" : ", or leave the option out"));
        }
    }

    private static Stream<String> parts(ArgSpec argument, String value) {
        return argument.splitRegex().isEmpty() ? Stream.of(value) : Arrays.stream(value.split(argument.splitRegex(), -1));
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
