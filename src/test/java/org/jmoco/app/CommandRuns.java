package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of small trainings, run in this process. */
final class CommandRuns {
    private CommandRuns() {}

    /** @return all that it printed; the exit code must be {@code code} */
    static String run(int code, List<String> arguments) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text, true);
        assertEquals(code, Main.run(out, out, arguments.toArray(String[]::new)), () -> String.join(" ", arguments) + "\n" + text);
        return text.toString();
    }

    static String run(int code, String... arguments) {
        return run(code, List.of(arguments));
    }

    /** One epoch at 16 x 16, width 2; later options win over these. */
    static String train(int code, String command, Path out, String... more) {
        List<String> line = new ArrayList<>(List.of(command, "--out", out.toString(), "--progress", "none", "--backend", "cpu",
                "--threads", "1"));
        List<String> small = new ArrayList<>(List.of("--image=16", "--batch=8", "--splits=2", "--width=2", "--epochs=1"));
        if (command.equals("pretrain")) {
            small.addAll(List.of("--queue=16", "--dim=8"));
        }
        List<String> given = List.of(more);
        small.removeIf(s -> given.contains(s.substring(0, s.indexOf('=')))
                || given.contains("no" + s.substring(0, s.indexOf('='))));
        line.addAll(small);
        given.stream().filter(s -> !s.startsWith("no--")).forEach(line::add);
        return run(code, line);
    }
}
