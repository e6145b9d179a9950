package org.jmoco.ptx;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.backend.cuda.GpuModule;

/** A loaded PTX text: every entry decoded, so that whatever the machine does not know is said here and not in a launch. */
final class EmulatedModule implements GpuModule {
    /**
     * Decoded texts of this thread: modules without variables are the same on every device. Decoding costs more than most
     * launches.
     */
    private static final ThreadLocal<Map<Text, Map<String, Code>>> DECODED = ThreadLocal.withInitial(HashMap::new);

    private record Text(String name, String ptx) {
    }

    private final String name;
    private final Map<String, Long> handles = new LinkedHashMap<>();

    EmulatedModule(EmulatedGpu gpu, String name, String ptx) {
        this.name = name;
        Map<String, Code> codes = DECODED.get().get(new Text(name, ptx));
        if (codes == null) {
            PtxModule module = PtxParser.parse(name, ptx);
            Map<String, Long> globals = place(gpu.memory(), module);
            codes = new LinkedHashMap<>();
            for (PtxModule.Entry e : module.entries().values()) {
                codes.put(e.name(), Decoder.decode(module, e, globals));
            }
            if (globals.isEmpty()) {
                DECODED.get().put(new Text(name, ptx), codes);
            }
        }
        for (Code c : codes.values()) {
            if (c.module().target() > gpu.info().capability()) {
                throw new PtxFault("cuModuleLoadData: " + name + " is for sm_" + c.module().target() + ", the device is sm_"
                        + gpu.info().capability() + ": CUDA_ERROR_NO_BINARY_FOR_GPU");
            }
            handles.put(c.entry().name(), gpu.register(c));
        }
    }

    private static Map<String, Long> place(DeviceMemory memory, PtxModule module) {
        Map<String, Long> globals = new HashMap<>();
        for (PtxModule.Variable v : module.variables()) {
            if (v.space() == PtxModule.Space.GLOBAL || v.space() == PtxModule.Space.CONST) {
                if (v.extern()) {
                    throw new PtxFault(module.file() + ":" + v.line() + ": variable " + v.name()
                            + " is extern, and nothing is linked to it");
                }
                long address = memory.allocate(Math.max(1, v.bytes()), "variable " + v.name() + " of " + module.file());
                Allocation a = memory.find(address);
                if (v.initial() != null) {
                    System.arraycopy(v.initial(), 0, a.data, 0, v.initial().length);
                }
                a.constant = v.space() == PtxModule.Space.CONST;
                globals.put(v.name(), address);
            }
        }
        return globals;
    }

    @Override
    public long function(String entry) {
        Long handle = handles.get(entry);
        if (handle == null) {
            throw new PtxFault("cuModuleGetFunction: " + name + " has no entry " + entry + "; it has " + handles.keySet());
        }
        return handle;
    }
}
