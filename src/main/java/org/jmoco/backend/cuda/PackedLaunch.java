package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.driver.CUfunction;

/**
 * A launch with its arguments in native memory, in the form of cuLaunchKernel: an array of pointers, one to each argument. Made
 * once; enqueueing it then allocates nothing.
 */
record PackedLaunch(CUfunction function, Launch launch, Pointer arguments) {
    static PackedLaunch of(CUfunction function, Launch launch, Arena arena) {
        Object[] values = launch.arguments();
        MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, values.length));
        MemorySegment slots = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, values.length));
        for (int i = 0; i < values.length; i++) {
            MemorySegment slot = slots.asSlice(i * Long.BYTES, Long.BYTES);
            switch (values[i]) {
                case Long v -> slot.set(ValueLayout.JAVA_LONG, 0, v);
                case Integer v -> slot.set(ValueLayout.JAVA_INT, 0, v);
                case Float v -> slot.set(ValueLayout.JAVA_FLOAT, 0, v);
                case Double v -> slot.set(ValueLayout.JAVA_DOUBLE, 0, v);
                default -> throw new IllegalArgumentException("kernel " + launch.kernel().signature().entry() + ": argument " + i
                        + " is a " + values[i].getClass().getSimpleName());
            }
            pointers.setAtIndex(ValueLayout.ADDRESS, i, slot);
        }
        return new PackedLaunch(function, launch, DeviceAddress.host(pointers));
    }
}
