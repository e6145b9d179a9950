package org.jmoco.app.bundle;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Writes a folder as .tar.xz: names in order, links as links, files executable or not, owner root. */
final class TarXz {
    /** Half a second of xz's work at its highest level, so that progress shows within a large file. */
    private static final int CHUNK_BYTES = 1 << 20;

    private TarXz() {
    }

    /**
     * @param folder its own name is the first part of every name
     * @param preset of xz: 9 is smallest, 0 fastest
     * @param progress gets the number of bytes packed since it was last called
     */
    static void write(Path folder, Path archive, int preset, LongConsumer progress) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(archive));
                XZOutputStream xz = new XZOutputStream(out, new LZMA2Options(preset))) {
            tar(folder, xz, progress);
        }
    }

    private static void tar(Path folder, OutputStream out, LongConsumer progress) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.sorted().toList();
        }
        TarArchiveOutputStream tar = new TarArchiveOutputStream(out);
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        for (Path file : files) {
            String name = folder.getParent().relativize(file).toString();
            if (Files.isSymbolicLink(file)) {
                TarArchiveEntry link = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
                link.setLinkName(Files.readSymbolicLink(file).toString());
                tar.putArchiveEntry(link);
            } else if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                TarArchiveEntry entry = new TarArchiveEntry(name + "/");
                entry.setMode(TarArchiveEntry.DEFAULT_DIR_MODE);
                tar.putArchiveEntry(entry);
            } else {
                TarArchiveEntry entry = new TarArchiveEntry(name);
                entry.setSize(Files.size(file));
                entry.setModTime(Files.getLastModifiedTime(file));
                entry.setMode(Files.isExecutable(file) ? 0100755 : 0100644);
                tar.putArchiveEntry(entry);
                try (InputStream in = Files.newInputStream(file)) {
                    byte[] chunk = new byte[CHUNK_BYTES];
                    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                        tar.write(chunk, 0, n);
                        progress.accept(n);
                    }
                }
            }
            tar.closeArchiveEntry();
        }
        tar.finish();
    }
}
