package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jmoco.data.CachedImages;
import org.jmoco.data.DataSets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco data clear-cache}: removes the copies of images that earlier commands left for a faster start. */
@Command(name = "clear-cache", description = {
    "Remove the decoded copies of images that commands keep for the next start: files NAME-HASH.img in the folder of"
            + " JMOCO_CACHE (default: ~/.cache/jmoco). The next start decodes the images again.",
    "JMOCO_IMAGE_CACHE=off in front of a command makes it keep none."})
final class DataClearCacheCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        Path folder = DataSets.defaultCacheFolder();
        List<CachedImages.Entry> files = CachedImages.in(folder);
        for (CachedImages.Entry f : files) {
            CachedImages.delete(f);
            out.println("removed " + f);
        }
        out.println(files.isEmpty() ? "no decoded images in " + folder
                : files.size() + (files.size() == 1 ? " file" : " files") + " removed, "
                        + CachedImages.size(CachedImages.bytes(files)));
    }
}
