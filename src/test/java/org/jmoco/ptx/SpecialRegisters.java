package org.jmoco.ptx;

import java.util.Map;

/** The predefined registers that kernels may read (PTX ISA 10). */
final class SpecialRegisters {
    /** How often a register's value changes. */
    enum Scope {
        LANE, WARP, BLOCK, NOW
    }

    private static final Map<String, Scope> KNOWN = Map.ofEntries(
            Map.entry("%tid.x", Scope.LANE), Map.entry("%tid.y", Scope.LANE), Map.entry("%tid.z", Scope.LANE),
            Map.entry("%laneid", Scope.LANE),
            Map.entry("%lanemask_eq", Scope.LANE), Map.entry("%lanemask_lt", Scope.LANE), Map.entry("%lanemask_le", Scope.LANE),
            Map.entry("%lanemask_gt", Scope.LANE), Map.entry("%lanemask_ge", Scope.LANE),
            Map.entry("%warpid", Scope.WARP), Map.entry("%nwarpid", Scope.BLOCK),
            Map.entry("%ctaid.x", Scope.BLOCK), Map.entry("%ctaid.y", Scope.BLOCK), Map.entry("%ctaid.z", Scope.BLOCK),
            Map.entry("%ntid.x", Scope.BLOCK), Map.entry("%ntid.y", Scope.BLOCK), Map.entry("%ntid.z", Scope.BLOCK),
            Map.entry("%nctaid.x", Scope.BLOCK), Map.entry("%nctaid.y", Scope.BLOCK), Map.entry("%nctaid.z", Scope.BLOCK),
            Map.entry("%smid", Scope.BLOCK), Map.entry("%nsmid", Scope.BLOCK), Map.entry("%gridid", Scope.BLOCK),
            Map.entry("%dynamic_smem_size", Scope.BLOCK), Map.entry("%total_smem_size", Scope.BLOCK),
            Map.entry("%clock", Scope.NOW), Map.entry("%clock64", Scope.NOW), Map.entry("%globaltimer", Scope.NOW));

    private SpecialRegisters() {
    }

    static boolean known(String name) {
        return KNOWN.containsKey(name);
    }

    static Scope scope(String name) {
        return KNOWN.get(name);
    }

    static boolean wide(String name) {
        return name.equals("%clock64") || name.equals("%globaltimer") || name.equals("%gridid");
    }
}
