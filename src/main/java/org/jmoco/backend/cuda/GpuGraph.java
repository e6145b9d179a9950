package org.jmoco.backend.cuda;

/** A captured list of launches. */
public interface GpuGraph extends AutoCloseable {
    /** Enqueues the whole list on the stream. */
    void launch();

    @Override
    void close();
}
