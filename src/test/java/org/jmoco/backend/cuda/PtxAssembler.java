package org.jmoco.backend.cuda;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Assumptions;

/** NVIDIA's PTX compiler, as JCuda ships it: PTX text to machine code, without a GPU. */
final class PtxAssembler {
    /**
     * What an entry costs on one target.
     *
     * @param registers of each thread
     * @param sharedBytes static shared memory of a block; dynamic comes on top
     * @param spillBytes stored and loaded because registers did not suffice
     * @param stackBytes local memory of each thread
     */
    record Resources(String entry, String target, int registers, int sharedBytes, int spillBytes, int stackBytes) {}

    private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(\\w+)' for '(\\w+)'");
    private static final Pattern STACK = Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes"
            + " spill loads");
    private static final Pattern USED = Pattern.compile("Used (\\d+) registers(?:.*?(\\d+) bytes smem)?");

    private static final Map<String, List<Resources>> DONE = new ConcurrentHashMap<>(); // by text and target

    private PtxAssembler() {}

    /** Skips the test, visibly, where JCuda has no natives. */
    static void assumePresent() {
        try {
            JNvPTXCompiler.setExceptionsEnabled(false);
            JNvPTXCompiler.nvPTXCompilerGetVersion(new int[1], new int[1]);
        } catch (UnsatisfiedLinkError e) {
            Assumptions.abort("JCuda's PTX compiler does not load on this platform: " + e.getMessage());
        }
    }

    /** All files for all their targets, on all processors; what fails now fails again where it is asked for. */
    static void assembleAll() {
        record Job(PtxFile file, String target) {}
        PtxFile.all().stream().flatMap(f -> f.targets().stream().map(t -> new Job(f, t))).toList().parallelStream().forEach(j -> {
            try {
                assemble(j.file, j.target);
            } catch (AssertionError e) {
                // Not kept, so that the test of this file and target meets it too.
            }
        });
    }

    /** As below; each file once for each target, however many tests ask. */
    static List<Resources> assemble(PtxFile file, String target) {
        return DONE.computeIfAbsent(target + " " + file.text(), k -> assemble(file.path().toString(), file.text(), target));
    }

    /**
     * @param target {@code sm_90}
     * @throws AssertionError with the compiler's own text if it refuses the PTX
     */
    static List<Resources> assemble(String file, String ptx, String target) {
        JNvPTXCompiler.setExceptionsEnabled(false);
        byte[] text = (ptx + '\0').getBytes(StandardCharsets.UTF_8);
        nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
        check(file, target, "nvPTXCompilerCreate", JNvPTXCompiler.nvPTXCompilerCreate(handle, text.length, text));
        try {
            String[] options = {"--gpu-name=" + target, "--verbose"};
            int result = JNvPTXCompiler.nvPTXCompilerCompile(handle, options.length, options);
            if (result != 0) {
                throw new AssertionError(file + " for " + target + ": nvPTXCompilerCompile " + result + "\n" + errors(handle));
            }
            return parse(info(handle));
        } finally {
            JNvPTXCompiler.nvPTXCompilerDestroy(handle);
        }
    }

    private static void check(String file, String target, String call, int result) {
        if (result != 0) {
            throw new AssertionError(file + " for " + target + ": " + call + " " + result);
        }
    }

    private static String errors(nvPTXCompilerHandle handle) {
        long[] size = new long[1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, size);
        byte[] log = new byte[(int) size[0] + 1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, log);
        return text(log);
    }

    private static String info(nvPTXCompilerHandle handle) {
        long[] size = new long[1];
        JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(handle, size);
        byte[] log = new byte[(int) size[0] + 1];
        JNvPTXCompiler.nvPTXCompilerGetInfoLog(handle, log);
        return text(log);
    }

    private static String text(byte[] log) {
        return new String(log, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    /** The compiler's report: for each entry a line with its name, one with stack and spills, one with registers. */
    static List<Resources> parse(String log) {
        List<Resources> all = new ArrayList<>();
        String entry = null;
        String target = null;
        int stack = 0;
        int spills = 0;
        for (String line : log.lines().toList()) {
            Matcher m = ENTRY.matcher(line);
            if (m.find()) {
                entry = m.group(1);
                target = m.group(2);
            }
            m = STACK.matcher(line);
            if (m.find()) {
                stack = Integer.parseInt(m.group(1));
                spills = Integer.parseInt(m.group(2)) + Integer.parseInt(m.group(3));
            }
            m = USED.matcher(line);
            if (m.find() && entry != null) {
                int shared = m.group(2) == null ? 0 : Integer.parseInt(m.group(2));
                all.add(new Resources(entry, target, Integer.parseInt(m.group(1)), shared, spills, stack));
                entry = null;
            }
        }
        return List.copyOf(all);
    }
}
