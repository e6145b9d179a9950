package org.jmoco.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.jmoco.tensor.UserError;

/**
 * One file over HTTP. What has arrived lies in {@code NAME.part} and is continued in a later try, if the server can and either
 * the file there is still the same (entity tag or date) or its checksum is known, which would tell; only a whole file whose
 * checksum is right gets its name.
 */
public final class Download {
    /** Of a whole file. @param algorithm as Java names it: SHA-256, SHA-1 */
    public record Checksum(String algorithm, String hexadecimal) {
        /** Null for null. */
        public static Checksum sha256(String hexadecimal) {
            return hexadecimal == null ? null : new Checksum("SHA-256", hexadecimal);
        }
    }

    /** Hears of progress. @param total bytes, or -1 if the server does not say */
    @FunctionalInterface
    public interface Progress {
        void at(long bytes, long total);
    }

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int OK = 200;
    private static final int PARTIAL = 206;
    private static final int RANGE_NOT_SATISFIABLE = 416;

    /** A connection over which nothing comes for so long is given up. */
    private static final Duration STALL = Duration.ofSeconds(60);

    private final String advice;
    private final Duration stall;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).followRedirects(HttpClient.Redirect.NORMAL).build();

    /** @param advice ends the message where a server refuses: where else the file may be had */
    public Download(String advice) {
        this(advice, STALL);
    }

    /** @param stall a connection over which nothing comes for so long is given up */
    public Download(String advice, Duration stall) {
        this.advice = advice;
        this.stall = stall;
    }

    /** The checksum that a Maven repository has beside each of its files. @throws UserError if there is none */
    public Checksum besideIt(URI file) {
        URI uri = URI.create(file + ".sha1");
        try {
            HttpResponse<String> r = client.send(HttpRequest.newBuilder(uri).timeout(stall).GET().build(),
                    HttpResponse.BodyHandlers.ofString());
            if (r.statusCode() != OK) {
                throw refused(uri, r.statusCode());
            }
            return new Checksum("SHA-1", r.body().strip().split("\\s")[0]);
        } catch (IOException e) {
            throw UserError.failed(uri + ": " + reason(e) + ". " + advice, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserError.failed(uri + ": interrupted.");
        }
    }

    private UserError refused(URI uri, int code) {
        return UserError.failed(uri + ": the server answers " + code + ". " + advice);
    }

    /**
     * @param checksum of the file, or null if it is not known
     * @return the file
     * @throws UserError if the server refuses or breaks off (what arrived is kept), the checksum is wrong (then nothing is kept),
     *     or the disk is full
     */
    public Path get(URI uri, Path file, Checksum checksum, Progress progress) {
        if (Files.exists(file)) {
            requireChecksum(uri, file, checksum, "delete it and fetch again");
            return file;
        }
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Path validator = file.resolveSibling(file.getFileName() + ".part.etag");
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            transfer(uri, part, validator, checksum != null, progress);
            Files.deleteIfExists(validator); // the part is whole
            requireChecksum(uri, part, checksum, null);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            return file;
        } catch (ConnectException | HttpConnectTimeoutException e) {
            throw UserError.failed(uri + ": " + uri.getHost() + " cannot be reached (" + reason(e) + "). "
                    + (arrived(part) ? kept(part) : "Nothing has arrived; the same command tries again.")
                    + (advice.isEmpty() ? "" : " " + advice));
        } catch (IOException e) {
            throw UserError.failed(uri + ": " + reason(e) + ". "
                    + (arrived(part) ? kept(part) : "Nothing has arrived; the same command tries again."));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserError.failed(uri + ": interrupted. The same command goes on from there.");
        }
    }

    private static boolean arrived(Path part) {
        return part.toFile().length() > 0;
    }

    private static String kept(Path part) {
        return "What has arrived is kept in " + part + "; the same command goes on from there.";
    }

    private static String reason(IOException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof UnresolvedAddressException) {
                return "no address is known for this name";
            }
            if (t.getMessage() != null) {
                return t.getMessage();
            }
        }
        return e instanceof ConnectException ? "connection refused" : e.getClass().getSimpleName();
    }

    private void transfer(URI uri, Path part, Path validator, boolean checked, Progress progress)
            throws IOException, InterruptedException {
        boolean known = Files.exists(validator);
        long have = Files.exists(part) && (known || checked) ? Files.size(part) : 0;
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(stall).GET(); // the time until the answer begins
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-");
            if (known) {
                request.header("If-Range", Files.readString(validator));
            }
        }
        HttpResponse<InputStream> response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = response.body(); Watchdog watchdog = new Watchdog(body)) {
            boolean goesOn = response.statusCode() == PARTIAL && have > 0;
            if (response.statusCode() == RANGE_NOT_SATISFIABLE) { // the part is the whole file, or longer than it
                if (checked) {
                    return; // the checksum tells which
                }
                Files.deleteIfExists(validator);
                throw new IOException("the server has no bytes after " + have + "; fetch again");
            }
            if (response.statusCode() != OK && !goesOn) {
                throw refused(uri, response.statusCode());
            }
            String tag = response.headers().firstValue("ETag").filter(t -> !t.startsWith("W/"))
                    .or(() -> response.headers().firstValue("Last-Modified")).orElse(null);
            if (tag != null) {
                Files.writeString(validator, tag);
            } else {
                Files.deleteIfExists(validator);
            }
            OptionalLong length = response.headers().firstValueAsLong("Content-Length");
            long start = goesOn ? have : 0;
            long total = length.isPresent() ? start + length.getAsLong() : -1;
            try (OutputStream out = goesOn ? Files.newOutputStream(part, StandardOpenOption.APPEND)
                    : Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
                long at = start;
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int n = read(body, buffer, watchdog, at, total); n >= 0; n = read(body, buffer, watchdog, at, total)) {
                    watchdog.progress();
                    out.write(buffer, 0, n);
                    at += n;
                    progress.at(at, total);
                }
                if (total >= 0 && at != total) {
                    throw new IOException(brokeOff(at, total));
                }
            }
        }
    }

    private int read(InputStream body, byte[] buffer, Watchdog watchdog, long at, long total) throws IOException {
        try {
            return body.read(buffer);
        } catch (IOException e) {
            throw new IOException(watchdog.gaveUp ? "nothing came for " + stall.toSeconds() + " s after " + at + " bytes"
                    : brokeOff(at, total), e);
        }
    }

    private static String brokeOff(long at, long total) {
        return "the connection broke off after " + at + (total < 0 ? "" : " of " + total) + " bytes";
    }

    private static void requireChecksum(URI uri, Path file, Checksum expected, String cure) {
        if (expected == null) {
            return;
        }
        try {
            String found = checksum(file, expected.algorithm);
            if (!found.equalsIgnoreCase(expected.hexadecimal)) {
                if (cure == null) {
                    Files.delete(file);
                }
                throw UserError.failed(file + ": " + expected.algorithm + " is " + found + ", expected " + expected.hexadecimal
                        + "; it is not the file that " + uri + " should give. "
                        + (cure == null ? "It is deleted; fetch again." : "If it is not yours, " + cure + "."));
            }
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read (" + reason(e) + ")");
        }
    }

    /** In hexadecimal digits. @param algorithm that every Java has: SHA-256, SHA-1 */
    public static String checksum(Path file, String algorithm) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException(algorithm, e);
        }
    }

    /** Closes a stream over which nothing comes: a read that waits then fails instead of waiting for ever. */
    private final class Watchdog implements AutoCloseable {
        private final AtomicLong last = new AtomicLong(System.nanoTime());
        private final Thread thread;
        private volatile boolean gaveUp;

        Watchdog(InputStream body) {
            thread = Thread.ofVirtual().start(() -> {
                try {
                    for (long left = stall.toNanos(); left > 0; left = last.get() + stall.toNanos() - System.nanoTime()) {
                        Thread.sleep(Duration.ofNanos(left));
                    }
                    gaveUp = true;
                    body.close();
                } catch (InterruptedException | IOException e) {
                    return; // the transfer is over, or the stream closed already
                }
            });
        }

        void progress() {
            last.set(System.nanoTime());
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }
}
