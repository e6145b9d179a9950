package org.jmoco.backend.cuda;

/**
 * One prepared launch: kernel, geometry, arguments. Addresses are fixed, so it is made once and enqueued in every step.
 *
 * @param kernel what to run
 * @param grid blocks in x, y, z
 * @param block threads in x, y, z
 * @param sharedBytes dynamic shared memory
 * @param arguments in the kernel's order: {@link Long} for pointers and 64-bit integers, {@link Integer}, {@link Float},
 *     {@link Double}
 */
public record Launch(Kernel kernel, Dim grid, Dim block, int sharedBytes, Object... arguments) {
    /** Sizes of a grid or a block. */
    public record Dim(int x, int y, int z) {
        public Dim {
            if (x < 1 || y < 1 || z < 1) {
                throw new IllegalArgumentException("launch: every dimension must be at least 1, is " + x + " x " + y + " x " + z);
            }
        }

        public static Dim of(int x) {
            return new Dim(x, 1, 1);
        }

        public static Dim of(int x, int y) {
            return new Dim(x, y, 1);
        }

        public long count() {
            return (long) x * y * z;
        }
    }

    /** @throws IllegalArgumentException if arguments or geometry do not fit the kernel's PTX signature */
    public Launch {
        kernel.signature().check(grid, block, sharedBytes, arguments);
    }
}
