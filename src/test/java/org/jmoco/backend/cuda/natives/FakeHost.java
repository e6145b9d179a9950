package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A machine in a folder: files under a root, environment variables, what commands print. Its libraries have no code. */
final class FakeHost {
    private final Path root;
    private final Map<String, String> variables = new HashMap<>(Map.of("HOME", "/home/ann"));
    private final Map<String, List<String>> commands = new HashMap<>();

    FakeHost(Path root) {
        this.root = root;
    }

    Host host() {
        return new Host(root, variables, command -> commands.getOrDefault(command.getFirst(), List.of()));
    }

    FakeHost set(String variable, String value) {
        variables.put(variable, value);
        return this;
    }

    FakeHost prints(String command, String... lines) {
        commands.put(command, List.of(lines));
        return this;
    }

    Path at(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    FakeHost driver(String folder) {
        ElfBuilder.write(at(folder), "libcuda.so.1");
        return this;
    }

    FakeHost cublas(String folder, int cuda) {
        ElfBuilder.write(at(folder), "libcublasLt.so." + cuda);
        ElfBuilder.write(at(folder), "libcublas.so." + cuda, "libcublasLt.so." + cuda);
        return this;
    }

    FakeHost nvrtc(String folder, int cuda) {
        ElfBuilder.write(at(folder), "libnvrtc.so." + cuda);
        return this;
    }

    FakeHost cudnn(String folder, int cuda) {
        for (String part : LibraryFinder.CUDNN_PARTS) {
            String[] needed = switch (part) {
                case "libcudnn_graph" -> new String[0];
                case "libcudnn_cnn" -> new String[] {"libcudnn_ops.so.9", "libcudnn_graph.so.9"};
                default -> new String[] {"libcudnn_graph.so.9"};
            };
            byte[] bytes = ElfBuilder.library(part + ".so.9", needed);
            if (part.contains("engines")) {
                bytes = concat(bytes, ("\0open libcublasLt.so.9 or libcublasLt.so." + cuda + "\0")
                        .getBytes(StandardCharsets.US_ASCII));
            }
            ElfBuilder.write(at(folder).resolve(part + ".so.9"), bytes);
        }
        ElfBuilder.write(at(folder), "libcudnn.so.9");
        return this;
    }

    FakeHost file(String path, byte[] bytes) {
        ElfBuilder.write(at(path), bytes);
        return this;
    }

    FakeHost link(String path, String target) {
        try {
            Files.createDirectories(at(path).getParent());
            Files.createSymbolicLink(at(path), Path.of(target));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    LibraryFinder search() {
        return search(null);
    }

    LibraryFinder search(String explicit) {
        return LibraryFinder.search(host(), explicit == null ? null : at(explicit), CacheFolder.of(host()));
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] c = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, c, a.length, b.length);
        return c;
    }
}
