package org.jmoco.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of a Maven repository, from a server on this machine; data.fetch.DataFetchTest has entity tags and broken connections.
 */
class DownloadTest {
    private static final byte[] CONTENTS = new byte[3_000_000];

    static {
        for (int i = 0; i < CONTENTS.length; i++) {
            CONTENTS[i] = (byte) (i * 31 >> 3);
        }
    }

    @TempDir
    private Path folder;
    private HttpServer server;
    private URI file;
    private String sha1;
    private String range;
    private boolean ranges = true;

    @BeforeEach
    void serve() throws Exception {
        sha1 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(CONTENTS));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/libs.jar", this::answer);
        server.createContext("/libs.jar.sha1", x -> send(x, 200, (sha1 + "  libs.jar\n").getBytes()));
        server.start();
        file = URI.create("http://localhost:" + server.getAddress().getPort() + "/libs.jar");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange x) throws IOException {
        range = x.getRequestHeaders().getFirst("Range");
        if (range == null || !ranges) {
            send(x, 200, CONTENTS);
            return;
        }
        int from = Integer.parseInt(range.replaceAll("\\D", ""));
        send(x, from < CONTENTS.length ? 206 : 416,
                Arrays.copyOfRange(CONTENTS, Math.min(from, CONTENTS.length), CONTENTS.length));
    }

    private static void send(HttpExchange x, int code, byte[] bytes) throws IOException {
        x.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
        x.getResponseBody().write(bytes);
        x.close();
    }

    private long get() {
        long[] done = new long[1];
        Download download = new Download("Get it elsewhere.");
        download.get(file, folder.resolve("libs.jar"), download.besideIt(file), (bytes, total) -> done[0] = bytes);
        return done[0];
    }

    private void assertWhole() throws IOException {
        assertArrayEquals(CONTENTS, Files.readAllBytes(folder.resolve("libs.jar")));
        assertFalse(Files.exists(folder.resolve("libs.jar.part")));
    }

    @Test
    void aWholeFile() throws IOException {
        assertEquals(CONTENTS.length, get());
        assertEquals(null, range);
        assertWhole();
    }

    @Test
    void whatAnEarlierOneLeftIsNotGotAgain() throws IOException {
        Files.write(folder.resolve("libs.jar.part"), Arrays.copyOf(CONTENTS, 1_000_000));
        assertEquals(CONTENTS.length, get());
        assertEquals("bytes=1000000-", range);
        assertWhole();
        Files.delete(folder.resolve("libs.jar"));
        Files.write(folder.resolve("libs.jar.part"), CONTENTS); // only the renaming was missing
        get();
        assertWhole();
    }

    /** Without a checksum nothing would tell that the file there has become another one. */
    @Test
    void aPartWithoutChecksumAndTagIsBegunAnew() throws IOException {
        Files.write(folder.resolve("libs.jar.part"), Arrays.copyOf(CONTENTS, 1_000_000));
        new Download("").get(file, folder.resolve("libs.jar"), null, (bytes, total) -> { });
        assertEquals(null, range);
        assertWhole();
    }

    @Test
    void aServerWithoutRangesSendsAllAgain() throws IOException {
        ranges = false;
        Files.write(folder.resolve("libs.jar.part"), new byte[1_000_000]);
        assertEquals(CONTENTS.length, get());
        assertWhole();
    }

    @Test
    void aWrongFileIsThrownAway() throws IOException {
        sha1 = "0".repeat(40);
        String message = assertThrows(UserError.class, this::get).getMessage();
        assertTrue(message.contains("expected " + sha1), message);
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void aMissingFileIsAnError() {
        file = file.resolve("/nothing.jar");
        String message = assertThrows(UserError.class, this::get).getMessage();
        assertTrue(message.contains("nothing.jar.sha1: the server answers 404. Get it elsewhere."), message);
    }
}
