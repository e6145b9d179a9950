package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * What a PTX text says of one entry: the types of its parameters and the block sizes that it was compiled for. A launch that
 * disagrees would read garbage on the device; here it is an error before anything runs.
 *
 * @param entry the kernel's name
 * @param parameters PTX types in order: {@code u64}, {@code f32}, ...
 * @param maxThreads {@code .maxntid} or {@code .reqntid} as a product, 1024 if the text has neither
 * @param requiredThreads {@code .reqntid} as x, y, z, or null
 */
record PtxSignature(String entry, List<String> parameters, int maxThreads, Dim requiredThreads) {
    private static final Pattern PARAMETER = Pattern.compile(
            "\\.param\\s+(?:\\.align\\s+\\d+\\s+)?\\.(\\w+)\\s+"
            + "(?:\\.ptr\\S*\\s+(?:\\.\\w+\\s+)*(?:\\d+\\s+)?)?[\\w$]+(\\[\\d+])?");
    private static final Pattern THREADS = Pattern.compile("\\.(max|req)ntid\\s+(\\d+)(?:\\s*,\\s*(\\d+))?(?:\\s*,\\s*(\\d+))?");
    /** Largest grid in y and z (CUDA C++ Programming Guide, technical specifications per compute capability). */
    private static final int MAX_GRID_YZ = 65535;

    /** @throws GpuException if the text has no such entry */
    static PtxSignature parse(String file, String ptx, String entry) {
        Matcher head = Pattern.compile("\\.entry\\s+" + Pattern.quote(entry) + "\\s*(?:\\(([^)]*)\\))?([^{]*)\\{").matcher(ptx);
        if (!head.find()) {
            throw new GpuException("kernel " + entry + ": " + file + " has no such entry");
        }
        List<String> parameters = new ArrayList<>();
        Matcher p = PARAMETER.matcher(head.group(1) == null ? "" : head.group(1));
        while (p.find()) {
            parameters.add(p.group(1) + (p.group(2) == null ? "" : p.group(2)));
        }
        int max = 1024;
        Dim required = null;
        Matcher t = THREADS.matcher(head.group(2));
        while (t.find()) {
            Dim d = new Dim(Integer.parseInt(t.group(2)), number(t.group(3)), number(t.group(4)));
            max = Math.toIntExact(d.count());
            required = t.group(1).equals("req") ? d : null;
        }
        return new PtxSignature(entry, List.copyOf(parameters), max, required);
    }

    private static int number(String digits) {
        return digits == null ? 1 : Integer.parseInt(digits);
    }

    /** @throws IllegalArgumentException if a launch does not fit */
    void check(Dim grid, Dim block, int sharedBytes, Object[] arguments) {
        if (arguments.length != parameters.size()) {
            throw new IllegalArgumentException("kernel " + entry + ": has " + parameters.size() + " parameters " + parameters
                    + ", got " + arguments.length + " arguments");
        }
        for (int i = 0; i < arguments.length; i++) {
            if (!fits(parameters.get(i), arguments[i])) {
                throw new IllegalArgumentException("kernel " + entry + ": parameter " + i + " is ." + parameters.get(i)
                        + ", the argument is " + arguments[i].getClass().getSimpleName() + " " + arguments[i]);
            }
        }
        if (block.count() > maxThreads) {
            throw new IllegalArgumentException("kernel " + entry + ": runs at most " + maxThreads
                    + " threads in a block, launched with " + block.count());
        }
        if (requiredThreads != null && !requiredThreads.equals(block)) {
            throw new IllegalArgumentException("kernel " + entry + ": needs blocks of " + requiredThreads + ", launched with "
                    + block);
        }
        if (grid.y() > MAX_GRID_YZ || grid.z() > MAX_GRID_YZ) {
            throw new IllegalArgumentException("kernel " + entry + ": a grid has at most " + MAX_GRID_YZ
                    + " blocks in y and z, is " + grid);
        }
        if (sharedBytes < 0) {
            throw new IllegalArgumentException("kernel " + entry + ": shared memory of " + sharedBytes + " bytes");
        }
    }

    private static boolean fits(String type, Object argument) {
        return switch (type) {
            case "u64", "s64", "b64" -> argument instanceof Long;
            case "u32", "s32", "b32" -> argument instanceof Integer;
            case "f32" -> argument instanceof Float;
            case "f64" -> argument instanceof Double;
            default -> false;
        };
    }
}
