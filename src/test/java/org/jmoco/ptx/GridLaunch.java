package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.cuda.Launch.Dim;

/** One launch while it runs: geometry, arguments, and which parts of memory it may touch. */
final class GridLaunch {
    private final DeviceMemory memory;
    private final Dim grid;
    private final Dim block;
    private final int sharedBytes;
    private final Object[] arguments;
    private final long serial;
    private final List<Window> windows = new ArrayList<>();
    private long[] order;
    private boolean backwards;
    /** By address of an atomic: blocks whose writes a later one that comes to the same address may read. */
    private final Map<Long, BitSet> released = new HashMap<>();

    GridLaunch(DeviceMemory memory, Dim grid, Dim block, int sharedBytes, Object[] arguments, long serial) {
        this.memory = memory;
        this.grid = grid;
        this.block = block;
        this.sharedBytes = sharedBytes;
        this.arguments = arguments;
        this.serial = serial;
    }

    Dim grid() {
        return grid;
    }

    Dim block() {
        return block;
    }

    int sharedBytes() {
        return sharedBytes;
    }

    Object[] arguments() {
        return arguments;
    }

    /** Unique among all launches of the process: windows are kept by it. */
    long serial() {
        return serial;
    }

    DeviceMemory memory() {
        return memory;
    }

    /** The blocks' numbers in the order in which they run. */
    void order(long[] numbers, boolean lanesBackwards) {
        order = numbers;
        backwards = lanesBackwards;
    }

    /** Lanes of an atomic take turns from the highest down. */
    boolean lanesBackwards() {
        return backwards;
    }

    /**
     * A thread carries out an atomic operation at this address. It learns of the blocks that did so before; and if everything
     * that its own block wrote lies behind a fence, it hands that on (PTX ISA 8, release and acquire patterns).
     */
    void synchronise(Warp w, long address, boolean releases) {
        Clock clock = w.block.clock;
        BitSet before = released.get(address);
        if (before != null) {
            clock.known.or(before);
        }
        if (releases || w.block.allFenced()) {
            if (before == null) {
                released.put(address, before = new BitSet());
            }
            before.or(clock.known);
            before.set(clock.blocks - 1);
        }
    }

    /** x,y,z of the block that ran as the n-th. */
    String blockName(int n) {
        long number = order[n];
        return "(" + number % grid.x() + "," + number / grid.x() % grid.y() + "," + number / grid.x() / grid.y() + ")";
    }

    /** The window for an access to global memory, checked. */
    Window window(long address, int bytes, int lane) {
        for (Window v : windows) {
            if (address >= v.low && address + bytes <= v.high) {
                return v;
            }
        }
        Allocation a = memory.find(address);
        if (a == null || address + bytes > a.end()) {
            throw new LaneFault(lane, "out of bounds: " + bytes + " bytes at 0x" + Long.toHexString(address) + ", "
                    + memory.nearest(a == null ? address : address + bytes - 1));
        }
        if (a.freed()) {
            throw new LaneFault(lane, "use after free: " + bytes + " bytes at " + a.describe(address));
        }
        long low = a.address;
        long high = a.end();
        if (a.hasRanges()) {
            Allocation.Range part = a.rangeAt(address);
            if (part == null || address + bytes > part.end() || !given(part)) {
                throw new LaneFault(lane, "leaves its buffer: " + bytes + " bytes at " + a.describe(address)
                        + (part == null || address + bytes > part.end() ? "" : ", into which no argument of this launch points"));
            }
            low = part.address();
            high = part.end();
        }
        Window v = new Window(a.data, a.address, low, high, a.shadow, a, -1, false, serial);
        windows.add(v);
        return v;
    }

    private boolean given(Allocation.Range part) {
        for (Object argument : arguments) {
            if (argument instanceof Long p && p >= part.address() && p < part.end()) {
                return true;
            }
        }
        return false;
    }
}
