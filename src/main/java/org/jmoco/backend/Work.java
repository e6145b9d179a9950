package org.jmoco.backend;

/**
 * One prepared launch. A backend makes it while a program is recorded (choosing algorithms, building primitives), binds
 * it once when memory has been placed, and runs it once per replay. {@link #run()} allocates nothing, save in the reference
 * backend.
 */
@FunctionalInterface
public interface Work {
    /** Bytes of workspace that {@link #run()} needs; the arena is shared by all steps, so its contents do not survive. */
    default long scratchBytes() {
        return 0;
    }

    /** Called once, after every buffer has its address. @param scratch 64-byte aligned address of the shared workspace */
    default void bind(long scratch) {}

    void run();
}
