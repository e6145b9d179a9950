package org.jmoco.app;

import java.util.Map;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Defaults of shared options that differ between commands, as {@code --epochs} does. A command extends this with its own
 * values and names the class in {@code @Command(defaultValueProvider = ...)}; its help then shows them.
 */
abstract class CommandDefaults implements IDefaultValueProvider {
    private final Map<String, String> byLongName;

    /** @param byLongName from option, as in {@code --epochs}, to the text that a user would type */
    CommandDefaults(Map<String, String> byLongName) {
        this.byLongName = byLongName;
    }

    /** Null leaves the option's own default in place. */
    @Override
    public String defaultValue(ArgSpec argument) {
        return argument instanceof OptionSpec option ? byLongName.get(option.longestName()) : null;
    }
}
