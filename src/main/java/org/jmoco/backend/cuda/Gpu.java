package org.jmoco.backend.cuda;

import java.lang.foreign.MemorySegment;

/**
 * One device with its memory, its stream, its modules, and the cuBLAS and cuDNN calls that jmoco makes: the seam of the
 * CUDA backend. {@link JCudaGpu} is the real one; the tests put an emulated one in its place that executes the same PTX.
 *
 * <p>Addresses are device addresses as long. Calls below "stream" are enqueued in order on the device's stream and
 * return at once; everything else waits. Between {@link #fork} and {@link #join} there is a second stream, the branch, beside
 * it. While {@link #capture} runs, enqueued calls are recorded instead of carried out. Not thread-safe.
 *
 * <p>Every failure is a {@link GpuException} that names the call and the library's own text for its code.
 */
public interface Gpu extends AutoCloseable {
    /** What device this is and which libraries drive it. */
    GpuInfo info();

    // ---- memory, synchronous -----------------------------------------------------------------------------------

    /**
     * Device memory of {@code bytes} zero bytes, aligned to 256.
     *
     * @param what names the block in errors
     * @throws GpuOutOfMemoryException with the bytes asked for and the bytes free
     */
    long allocate(long bytes, String what);

    void free(long address);

    /** Waits for the stream, then copies all of {@code src} to the device. */
    void upload(long dst, MemorySegment src);

    /** Waits for the stream, then fills all of {@code dst} from the device. */
    void download(MemorySegment dst, long src);

    // ---- code --------------------------------------------------------------------------------------------------

    /**
     * Compiles and loads a PTX text.
     *
     * @param name stands in errors: the file's name
     */
    GpuModule load(String name, String ptx);

    // ---- stream ------------------------------------------------------------------------------------------------

    /** Enqueues one launch. Arguments and geometry have been checked against the kernel's signature by {@link Launch}. */
    void launch(Launch launch);

    /** Enqueues a copy within device memory; the ranges do not overlap. */
    void copy(long dst, long src, long bytes);

    /** Enqueues {@code words} times the 32-bit value {@code word}; dst is aligned to 4. */
    void fill(long dst, int word, long words);

    /** Matrix products, on the stream that calls go to when this is asked. */
    Blas blas();

    /** Convolutions; each goes to the stream that calls go to when it is run. */
    Dnn dnn();

    /** Makes what {@link #fork} needs; once, before the first of them, and not while a stream is captured. */
    void prepareBranch();

    /** Calls go to the branch from here on. It waits for all that was enqueued before. */
    void fork();

    /** Calls go to the stream again, beside the branch. */
    void mainLine();

    /** Calls go to the stream again, and wait for the branch. */
    void join();

    /** Which step of a program the calls that follow belong to, for a device whose faults name steps. */
    default void step(String name) {}

    /** Waits until all enqueued work is done, that of the branch too; reports its faults. */
    void synchronize();

    /** Runs {@code enqueue}, whose calls are recorded and not carried out, and makes one graph of them. */
    GpuGraph capture(String name, Runnable enqueue);

    /** Carries out {@code enqueue} between two events of the device and returns the time between them, in nanoseconds. */
    long time(Runnable enqueue);

    @Override
    void close();
}
