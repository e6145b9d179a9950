package org.jmoco.backend.cuda;

/** A loaded PTX module. It lives as long as its {@link Gpu}. */
public interface GpuModule {
    /** The handle of a kernel, for {@link Gpu#launch}. @throws GpuException if the module has no such entry */
    long function(String entry);
}
