package org.jmoco.data.fetch;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jmoco.data.DatasetCard;
import org.jmoco.net.Download;
import org.jmoco.tensor.UserError;

/** Brings a public data set into a folder, as its card says. */
public final class DataFetch {
    /** Hears of the download under way. */
    public interface Listener {
        /** @param total bytes of the file, or -1 if unknown */
        void progress(String file, long bytes, long total);

        void say(String line);
    }

    /** What archives made on a Mac carry along. */
    private static final String JUNK = "__MACOSX/";

    private final Path folder;
    private final Listener listener;
    private final Download download;

    /** @param folder where the data set is going to lie; archives are kept in its sub-folder {@code archives} */
    public DataFetch(Path folder, Listener listener) {
        this(folder, listener, new Download("An archive that was got by other means is taken by --offline DIR,"
                + " one of another server by --mirror URL."));
    }

    DataFetch(Path folder, Listener listener, Download download) {
        this.folder = folder;
        this.listener = listener;
        this.download = download;
    }

    /**
     * Downloads what is missing, checks it, unpacks it.
     *
     * @param offline a folder with the archives, got by other means; null to download
     * @param mirror  where the archives are downloaded from by their names, instead of the card's addresses; null for those
     * @throws UserError if the set has to be got by hand (with how), or anything fails; a later try goes on
     */
    public void fetch(DatasetCard card, Path offline, URI mirror) {
        if (card.downloads().isEmpty()) {
            throw UserError.failed(card.name() + ": cannot be fetched by a program. " + card.manual());
        }
        try {
            all(card, offline, mirror);
        } catch (UserError e) {
            if (card.page() == null) {
                throw e;
            }
            String text = e.getMessage() + (e.getMessage().endsWith(".") ? " The" : ". The") + " official page of " + card.title()
                    + " is " + card.page();
            throw e.exitCode() == 2 ? UserError.usage(text) : UserError.failed(text, e);
        }
    }

    private void all(DatasetCard card, Path offline, URI mirror) {
        for (DatasetCard.Download d : card.downloads()) {
            Path archive = offline == null
                    ? download.get(address(d, mirror), folder.resolve("archives").resolve(d.file()),
                            Download.Checksum.sha256(d.sha256()), (bytes, total) -> listener.progress(d.file(), bytes, total))
                    : given(offline, d);
            if (d.sha256() == null) {
                listener.say(d.file() + ": no checksum is published; SHA-256 " + checksum(archive));
            }
            long most = d.unpackedMb() * 1_000_000L;
            int files = new Unpacker(folder, most, entry -> placed(entry, d.place())).unpack(archive);
            for (String inner : d.inner()) {
                Path nested = folder.resolve(inner);
                files += new Unpacker(nested.getParent(), most, entry -> entry.startsWith(JUNK) ? null : entry).unpack(nested);
            }
            listener.say(d.file() + ": " + files + " files in " + folder);
        }
        listener.say("terms: " + card.terms());
    }

    /** The entry's path with its beginning replaced; null if no beginning is known. */
    private static String placed(String entry, Map<String, String> place) {
        if (place.isEmpty()) {
            return entry;
        }
        return place.keySet().stream().filter(entry::startsWith).findFirst()
                .map(start -> place.get(start) + entry.substring(start.length()))
                .orElse(null);
    }

    private static URI address(DatasetCard.Download d, URI mirror) {
        return mirror == null ? URI.create(d.url()) : URI.create(mirror.toString().replaceAll("/+$", "") + "/" + d.file());
    }

    private static Path given(Path offline, DatasetCard.Download d) {
        if (!Files.isDirectory(offline)) {
            throw UserError.usage("--offline " + offline + ": there is no such folder; it takes the folder that holds " + d.file()
                    + ", as from " + d.url());
        }
        Path archive = offline.resolve(d.file());
        if (!Files.isRegularFile(archive)) {
            throw UserError.failed(archive + ": is not there; --offline needs " + d.file() + ", as from " + d.url());
        }
        if (d.sha256() != null && !checksum(archive).equalsIgnoreCase(d.sha256())) {
            throw UserError.failed(archive + ": SHA-256 is " + checksum(archive) + ", expected " + d.sha256()
                    + "; it is damaged or another file");
        }
        return archive;
    }

    private static String checksum(Path file) {
        try {
            return Download.checksum(file, "SHA-256");
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read (" + e.getMessage() + ")");
        }
    }
}
