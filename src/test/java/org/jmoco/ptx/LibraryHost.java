package org.jmoco.ptx;

import org.jmoco.tensor.DType;

/** What the stand-ins for cuBLAS and cuDNN need of the emulated device. Types are F32 and BF16. */
public interface LibraryHost {
    /** Carries out {@code work} in stream order: now, or at each replay of the graph that is being captured. */
    void enqueue(String call, Runnable work);

    /** Elements as f32. Faults if they are outside of an allocation, not aligned to the element, or were never written. */
    float[] read(String call, long address, int count, DType type);

    /** Writes elements, rounded to nearest even in BF16. Faults as {@link #read} does, save that nothing need be there yet. */
    void write(String call, long address, float[] values, DType type);

    /** Fills bytes with what means nothing and marks them as never written: what a library leaves in its workspace. */
    void scribble(String call, long address, long bytes);
}
