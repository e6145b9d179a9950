package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** One large file of a Maven repository, for machines without Maven. An interrupted download goes on where it stopped. */
public final class Download {
    private static final int CONNECT_MILLIS = 30_000;
    private static final int READ_MILLIS = 60_000;
    private static final int BUFFER_BYTES = 1 << 20;

    private Download() {
    }

    /**
     * Gets a file into {@code target}, by way of {@code target.part}, and compares it with the SHA-1 that the repository has
     * beside it.
     *
     * @param done gets the bytes received since the last call; at first those that an earlier download left
     * @throws IOException if the repository cannot be reached or the file is not what its checksum says
     */
    public static void get(URI file, Path target, LongConsumer done) throws IOException {
        Path part = target.resolveSibling(target.getFileName() + ".part");
        String expected = checksum(URI.create(file + ".sha1"));
        long have = Files.exists(part) ? Files.size(part) : 0;
        HttpURLConnection c = connect(file);
        if (have > 0) {
            c.setRequestProperty("Range", "bytes=" + have + "-");
        }
        int code = c.getResponseCode();
        boolean all = code == HttpURLConnection.HTTP_OK;
        if (!all && code != HttpURLConnection.HTTP_PARTIAL && code != 416) { // 416: nothing is left to send
            throw new IOException(file + ": the server answers " + code + " " + c.getResponseMessage());
        }
        done.accept(all ? 0 : have);
        if (code != 416) {
            try (InputStream in = c.getInputStream();
                    OutputStream out = Files.newOutputStream(part, StandardOpenOption.CREATE, all ? StandardOpenOption.TRUNCATE_EXISTING
                            : StandardOpenOption.APPEND)) {
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    out.write(buffer, 0, n);
                    done.accept(n);
                }
            }
        }
        String got = sha1(part);
        if (!got.equals(expected)) {
            Files.delete(part);
            throw new IOException(file + ": what was received has SHA-1 " + got + ", expected " + expected + "; it was deleted, try again");
        }
        CacheFolder.move(part, target);
    }

    private static String checksum(URI file) throws IOException {
        HttpURLConnection c = connect(file);
        if (c.getResponseCode() != HttpURLConnection.HTTP_OK) {
            throw new IOException(file + ": the server answers " + c.getResponseCode() + " " + c.getResponseMessage());
        }
        try (InputStream in = c.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip().split("\\s")[0];
        }
    }

    private static HttpURLConnection connect(URI file) throws IOException {
        HttpURLConnection c = (HttpURLConnection) file.toURL().openConnection();
        c.setConnectTimeout(CONNECT_MILLIS);
        c.setReadTimeout(READ_MILLIS);
        return c;
    }

    private static String sha1(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-1"); // what Maven repositories have beside each file
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
