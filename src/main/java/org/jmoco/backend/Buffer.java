package org.jmoco.backend;

import java.util.Objects;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/**
 * A dense, row-major tensor in a backend's memory, at an address that is fixed once the backend has allocated.
 *
 * <p>A buffer is either a root, which the {@link MemoryPlan} places, or a view of a contiguous part of a root (a
 * weight tensor in the flat array of all parameters). Identity matters: two views of the same elements are two buffers.
 */
public final class Buffer {
    private final String name;
    private final Region region;
    private final DType dtype;
    private final Shape shape;
    private final Buffer root;
    private final long offset;
    private Object home;
    private long address;
    private boolean placed;

    Buffer(String name, Region region, DType dtype, Shape shape) {
        this.name = name;
        this.region = region;
        this.dtype = dtype;
        this.shape = shape;
        this.root = this;
        this.offset = 0;
    }

    private Buffer(String name, Shape shape, Buffer root, long offset) {
        this.name = name;
        this.region = root.region;
        this.dtype = root.dtype;
        this.shape = shape;
        this.root = root;
        this.offset = offset;
    }

    /**
     * The elements {@code offset .. offset + shape.size() - 1} of this buffer under a name and shape of their own.
     *
     * @throws IllegalArgumentException if they do not lie inside this buffer
     */
    public Buffer view(String viewName, long viewOffset, Shape viewShape) {
        if (viewOffset < 0 || viewOffset + viewShape.size() > shape.size()) {
            throw new IllegalArgumentException("view " + viewName + ": elements " + viewOffset + " .. "
                    + (viewOffset + viewShape.size() - 1) + " do not lie in " + this);
        }
        return new Buffer(viewName, viewShape, root, offset + viewOffset);
    }

    /** The same elements under another shape of equal size. */
    public Buffer reshape(Shape other) {
        if (other.size() != shape.size()) {
            throw new IllegalArgumentException("reshape " + this + " to " + other + ": sizes differ");
        }
        return view(name, 0, other);
    }

    public String name() {
        return name;
    }

    public Region region() {
        return region;
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    /** Number of elements. */
    public long size() {
        return shape.size();
    }

    /** Size in bytes. */
    public long bytes() {
        return shape.size() * dtype.bytes;
    }

    /** The placed buffer that this one is a view of; itself for a root. */
    public Buffer root() {
        return root;
    }

    /** Distance from the root's first element, in elements. */
    public long offset() {
        return offset;
    }

    /** True if this buffer and {@code o} share at least one element. */
    public boolean overlaps(Buffer o) {
        return root == o.root && offset < o.offset + o.size() && o.offset < offset + size();
    }

    /**
     * Called once by the backend on each root while it allocates.
     *
     * @param newHome the backend's own handle (the reference backend keeps its Java array here), or null
     * @param newAddress machine or device address of element 0, or 0 where there is none
     */
    public void place(Object newHome, long newAddress) {
        if (root != this || placed) {
            throw new IllegalStateException("buffer " + this + ": " + (placed ? "is placed already" : "is a view"));
        }
        home = newHome;
        address = newAddress;
        placed = true;
    }

    public boolean isPlaced() {
        return root.placed;
    }

    /** The backend's handle of the root. @throws IllegalStateException before {@link Backend#allocate()} */
    public Object home() {
        requirePlaced();
        return root.home;
    }

    /** Address of this buffer's element 0. @throws IllegalStateException before {@link Backend#allocate()} */
    public long address() {
        requirePlaced();
        return root.address + offset * dtype.bytes;
    }

    private void requirePlaced() {
        if (!root.placed) {
            throw new IllegalStateException("buffer " + this + " has no memory yet: call Backend.allocate() first"
                    + " and, for an activation, use it in a recorded program");
        }
    }

    @Override
    public String toString() {
        return name + " " + dtype + " " + (shape.rank() == 0 ? "scalar" : Objects.toString(shape));
    }
}
