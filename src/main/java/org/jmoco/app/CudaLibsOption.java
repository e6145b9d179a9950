package org.jmoco.app;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jmoco.backend.cuda.natives.JCudaNatives;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** Where NVIDIA's libraries are looked for first. */
final class CudaLibsOption {
    @Option(names = "--cuda-libs", paramLabel = "DIR",
            description = "Folder with cuBLAS 12 or 13 and cuDNN 9: their own, that of a toolkit, or site-packages of Python"
                    + " (default: environment variable JMOCO_CUDA_LIBS, then the usual places; see jmoco doctor).")
    private Path folder;

    /** @throws UserError if the folder does not exist, or libraries have been loaded already */
    void use() {
        if (folder == null) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw UserError.usage("--cuda-libs " + folder + ": is not a folder");
        }
        try {
            JCudaNatives.searchFirst(folder.toAbsolutePath());
        } catch (IllegalStateException e) {
            throw UserError.failed(e.getMessage(), e);
        }
    }
}
