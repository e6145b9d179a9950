package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.ptx.PtxModule.Variable;

/**
 * Where a kernel's .shared variables lie. Between any two lies a gap that no variable owns, a multiple of 128 bytes so that
 * banks stay as they are: an index that leaves an array is seen.
 */
final class SharedLayout {
    private static final int GAP_BYTES = 256;

    /** A variable's place; {@code bytes} of the launch's dynamic array is only known at the launch. */
    record Place(Variable variable, int address) {
    }

    private final Map<String, Place> places = new LinkedHashMap<>();
    private final int dynamicAddress;
    private final int staticBytes;
    private String dynamicName = "dynamic shared memory";
    private int dynamicAlignment = 1;

    SharedLayout(List<Variable> variables) {
        int address = 0;
        int sum = 0;
        List<Variable> dynamic = new ArrayList<>();
        for (Variable v : variables) {
            if (v.extern() || v.bytes() == 0) {
                dynamic.add(v);
                continue;
            }
            places.put(v.name(), new Place(v, address));
            sum = (sum + v.alignment() - 1) / v.alignment() * v.alignment() + v.bytes();
            address = (address + v.bytes() + 127) / 128 * 128 + GAP_BYTES;
        }
        staticBytes = sum;
        dynamicAddress = address;
        for (Variable v : dynamic) {
            places.put(v.name(), new Place(v, address));
            dynamicName = v.name();
            dynamicAlignment = Math.max(dynamicAlignment, v.alignment());
        }
    }

    Place place(String name) {
        return places.get(name);
    }

    /** What the kernel needs on a device, without the gaps. */
    int staticBytes() {
        return staticBytes;
    }

    int size(int dynamicBytes) {
        return dynamicAddress + dynamicBytes;
    }

    /** The variable's range that holds an address, as start and end, or null. */
    int[] range(long address, int dynamicBytes) {
        for (Place p : places.values()) {
            if (p.address() != dynamicAddress && address >= p.address() && address < p.address() + p.variable().bytes()) {
                return new int[] {p.address(), p.address() + p.variable().bytes()};
            }
        }
        return address >= dynamicAddress && address < dynamicAddress + dynamicBytes
                ? new int[] {dynamicAddress, dynamicAddress + dynamicBytes} : null;
    }

    /**
     * What the address of the variable that holds this one is a multiple of on every device: its .align, no more (PTX ISA 5.4.5).
     * Here variables lie at multiples of 128, so that an access which only happens to be aligned has to be found by this.
     */
    int alignment(long address) {
        for (Place p : places.values()) {
            if (p.address() != dynamicAddress && address >= p.address() && address < p.address() + p.variable().bytes()) {
                return p.variable().alignment();
            }
        }
        return dynamicAlignment;
    }

    String describe(long address, int dynamicBytes) {
        String name = null;
        long start = 0;
        long bytes = 0;
        for (Place p : places.values()) {
            if (address >= p.address() && p.address() < dynamicAddress) {
                name = p.variable().name();
                start = p.address();
                bytes = p.variable().bytes();
            }
        }
        if (address >= dynamicAddress && (dynamicBytes > 0 || name == null)) {
            name = dynamicName;
            start = dynamicAddress;
            bytes = dynamicBytes;
        }
        if (name == null) {
            return "shared address " + address + ", the kernel has no shared memory there";
        }
        return "byte " + (address - start) + " of shared '" + name + "' (" + bytes + " bytes)";
    }
}
