package org.jmoco.data.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jmoco.data.DatasetCard;
import org.jmoco.net.Download;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a server on the loopback address. */
@Timeout(60)
class DataFetchTest {
    @TempDir
    Path folder;

    private HttpServer server;
    private byte[] archive;
    /** Bytes after which the server breaks off; all if larger than the archive. */
    private int breakAfter = Integer.MAX_VALUE;
    private String tag = "\"one\"";
    private final List<String> ranges = new ArrayList<>();
    private final List<String> said = new ArrayList<>();

    @BeforeEach
    void serve() throws IOException {
        archive = zip(Map.of("root/a/x.png", bytes(5000, 1), "root/split/list.txt", bytes(40, 2), "other/y", bytes(9, 3)));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/set.zip", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange e) throws IOException {
        String range = e.getRequestHeaders().getFirst("Range");
        ranges.add(String.valueOf(range));
        int from = range != null && tag.equals(e.getRequestHeaders().getFirst("If-Range"))
                ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
        e.getResponseHeaders().set("ETag", tag);
        e.sendResponseHeaders(from > 0 ? 206 : 200, archive.length - from);
        try (OutputStream out = e.getResponseBody()) {
            out.write(archive, from, Math.min(archive.length, breakAfter) - from);
            out.flush();
        } catch (IOException broken) {
            // closing before all announced bytes are sent leaves the client waiting, as a connection that is lost does
            e.close();
        }
    }

    private DatasetCard card(String sha256, long unpackedMb) {
        String url = "http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort() + "/set.zip";
        return new DatasetCard("set", "", "", null, "", Map.of(), List.of(), null, null, "cite it", "", "",
                List.of(new DatasetCard.Download(url, "set.zip", sha256, unpackedMb,
                        Map.of("root/a/", "", "root/split/", "lists/"), List.of())), null);
    }

    private void fetch(DatasetCard card, Path offline) {
        fetch(card, offline, null);
    }

    private void fetch(DatasetCard card, Path offline, URI mirror) {
        new DataFetch(folder, new DataFetch.Listener() {
            @Override
            public void progress(String file, long bytes, long total) {
                assertTrue(bytes <= total, bytes + " of " + total);
            }

            @Override
            public void say(String line) {
                said.add(line);
            }
        }, new Download("Look elsewhere.", Duration.ofSeconds(2))).fetch(card, offline, mirror);
    }

    private String sha256() throws IOException {
        Path f = folder.resolve("sum");
        Files.write(f, archive);
        String sum = Download.checksum(f, "SHA-256");
        Files.delete(f);
        return sum;
    }

    @Test
    void filesLandWhereTheCardSays() throws IOException {
        fetch(card(sha256(), 1), null);
        assertArrayEquals(bytes(5000, 1), Files.readAllBytes(folder.resolve("x.png")));
        assertArrayEquals(bytes(40, 2), Files.readAllBytes(folder.resolve("lists/list.txt")));
        assertFalse(Files.exists(folder.resolve("y")) || Files.exists(folder.resolve("other")));
        assertEquals(List.of("set.zip: 2 files in " + folder, "terms: cite it"), said);
        fetch(card(sha256(), 1), null);
        assertEquals(1, ranges.size(), "the second time nothing is downloaded");
    }

    @Test
    void aBrokenDownloadGoesOnWhereItStopped() throws IOException {
        breakAfter = 2000;
        UserError e = assertThrows(UserError.class, () -> fetch(card(sha256(), 1), null));
        assertTrue(e.getMessage().contains("nothing came for 2 s after"), e.getMessage());
        assertTrue(e.getMessage().contains("goes on from there"), e.getMessage());
        Path part = folder.resolve("archives/set.zip.part");
        long arrived = Files.size(part);
        assertTrue(arrived > 0 && arrived <= 2000, "arrived " + arrived);
        breakAfter = Integer.MAX_VALUE;
        fetch(card(sha256(), 1), null);
        assertEquals("bytes=" + arrived + "-", ranges.getLast());
        assertFalse(Files.exists(part));
        assertArrayEquals(bytes(5000, 1), Files.readAllBytes(folder.resolve("x.png")));
    }

    @Test
    void aFileThatChangedMeanwhileIsFetchedAnew() throws IOException {
        breakAfter = 2000;
        assertThrows(UserError.class, () -> fetch(card(null, 1), null));
        breakAfter = Integer.MAX_VALUE;
        tag = "\"two\"";
        archive = zip(Map.of("root/a/x.png", bytes(6000, 7)));
        fetch(card(sha256(), 1), null);
        assertArrayEquals(bytes(6000, 7), Files.readAllBytes(folder.resolve("x.png")));
    }

    @Test
    void aWrongChecksumKeepsNothing() {
        UserError e = assertThrows(UserError.class, () -> fetch(card("00".repeat(32), 1), null));
        assertTrue(e.getMessage().contains("SHA-256 is"), e.getMessage());
        assertArrayEquals(new String[0], folder.resolve("archives").toFile().list());
        assertFalse(Files.exists(folder.resolve("x.png")));
    }

    @Test
    void aMirrorHasTheArchivesByTheirNames() throws IOException {
        String base = "http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort();
        DatasetCard c = card(sha256(), 1);
        DatasetCard.Download d = c.downloads().getFirst();
        DatasetCard elsewhere = new DatasetCard("set", "", "", null, "", Map.of(), List.of(), null, null, "cite it", "", "",
                List.of(new DatasetCard.Download("http://nowhere.invalid/a.zip", "set.zip", d.sha256(), 1, d.place(),
                        List.of())), null);
        fetch(elsewhere, null, URI.create(base + "/"));
        assertArrayEquals(bytes(5000, 1), Files.readAllBytes(folder.resolve("x.png")));
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        Path none = folder.resolve("none");
        UserError e = assertThrows(UserError.class, () -> fetch(card(null, 1), none));
        assertTrue(e.getMessage().startsWith("--offline " + none + ": there is no such folder"), e.getMessage());
    }

    @Test
    void offlineTakesTheGivenFolder() throws IOException {
        Path given = Files.createDirectory(folder.resolve("given"));
        UserError e = assertThrows(UserError.class, () -> fetch(card(sha256(), 1), given));
        assertTrue(e.getMessage().contains("--offline needs set.zip"), e.getMessage());
        Files.write(given.resolve("set.zip"), archive);
        fetch(card(sha256(), 1), given);
        assertTrue(ranges.isEmpty());
        assertTrue(Files.exists(folder.resolve("x.png")));
    }

    @Test
    void aSetThatNoProgramCanFetchSaysHow() {
        UserError e = assertThrows(UserError.class, () -> fetch(DatasetCard.load("luna"), null));
        assertTrue(e.getMessage().contains("grand-challenge.org"), e.getMessage());
    }

    /** Server errors and unreachable servers are one clear line. */
    @Test
    void aServerThatRefusesIsAnError() {
        String base = "http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort();
        UserError e = assertThrows(UserError.class, () -> new Download("")
                .get(URI.create(base + "/nothing"), folder.resolve("n"), null, (b, t) -> { }));
        assertTrue(e.getMessage().contains("answers 404"), e.getMessage());
        server.stop(0);
        UserError gone = assertThrows(UserError.class,
                () -> new Download("").get(URI.create(base + "/set.zip"), folder.resolve("n"), null, (b, t) -> { }));
        String host = server.getAddress().getHostString();
        assertTrue(gone.getMessage().contains(host + " cannot be reached (connection refused). Nothing has arrived; the same"
                + " command tries again."),
                gone.getMessage());
    }

    @Test
    void aServerThatIsGoneLeavesThePartInPlace() throws IOException {
        breakAfter = 2000;
        DatasetCard card = card(sha256(), 1);
        assertThrows(UserError.class, () -> fetch(card, null));
        server.stop(0);
        UserError gone = assertThrows(UserError.class, () -> fetch(card, null));
        assertTrue(gone.getMessage().contains("cannot be reached (connection refused). What has arrived is kept in"),
                gone.getMessage());
        assertTrue(gone.getMessage().endsWith("goes on from there. Look elsewhere."), gone.getMessage());
    }

    @Test
    void everyCardWithoutDownloadsSaysHowToGetTheSet() {
        for (String name : DatasetCard.NAMES) {
            DatasetCard card = DatasetCard.load(name);
            if (card.downloads().isEmpty()) {
                UserError e = assertThrows(UserError.class, () -> fetch(card, null));
                assertTrue(e.getMessage().contains(card.manual()) && e.getMessage().contains("--data"), e.getMessage());
            }
        }
    }

    /** Whatever is wrong with the given archive, the message names it and where the set is published. */
    @Test
    void aFailureNamesTheArchiveAndTheOfficialPage() throws IOException {
        DatasetCard covid = DatasetCard.load("covid-ct");
        Path given = folder.resolve("given");
        Path zip = given.resolve("COVID-CT-master.zip");
        requireTold(2, covid, given, "--offline " + given + ": there is no such folder", "holds COVID-CT-master.zip");
        Files.createDirectory(given);
        requireTold(1, covid, given, zip + ": is not there", "as from https://github.com/UCSD-AI4H/COVID-CT/archive/");
        Files.write(zip, zip(Map.of("other/x", bytes(3, 1))));
        requireTold(1, covid, given, zip + ": holds none of the files that are wanted");
    }

    private void requireTold(int code, DatasetCard card, Path offline, String... parts) {
        UserError e = assertThrows(UserError.class, () -> fetch(card, offline));
        assertEquals(code, e.exitCode(), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertTrue(e.getMessage().endsWith(". The official page of COVID-CT is https://github.com/UCSD-AI4H/COVID-CT"),
                e.getMessage());
    }

    // ---- unpacking ---------------------------------------------------------------------------------------------

    @Test
    void nothingIsWrittenOutsideOfTheFolder() throws IOException {
        for (String name : new String[] {"../evil", "a/../../evil", "/tmp/evil-jmoco", "a/.."}) {
            for (String kind : new String[] {".zip", ".tar.gz"}) {
                Path file = folder.resolve("bad" + kind);
                Files.write(file, kind.equals(".zip") ? zip(Map.of(name, bytes(3, 1))) : tar(name, TarConstants.LF_NORMAL));
                Path target = folder.resolve("in/side");
                UserError e = assertThrows(UserError.class, () -> new Unpacker(target, 1000, n -> n).unpack(file), name + kind);
                assertTrue(e.getMessage().contains("outside"), e.getMessage());
                assertFalse(Files.exists(folder.resolve("in/evil")) || Files.exists(Path.of("/tmp/evil-jmoco")));
            }
        }
    }

    @Test
    void linksAreRefused() throws IOException {
        Path file = folder.resolve("link.tgz");
        Files.write(file, tar("link", TarConstants.LF_SYMLINK));
        UserError e = assertThrows(UserError.class, () -> new Unpacker(folder.resolve("in"), 1000, n -> n).unpack(file));
        assertTrue(e.getMessage().contains("is a link"), e.getMessage());
    }

    @Test
    void anArchiveThatGrowsTooLargeIsStopped() throws IOException {
        Path file = folder.resolve("bomb.zip");
        Files.write(file, zip(Map.of("big", new byte[2_000_000])));
        UserError e = assertThrows(UserError.class, () -> new Unpacker(folder.resolve("in"), 1_000_000, n -> n).unpack(file));
        assertTrue(e.getMessage().contains("more than 1 MB"), e.getMessage());
        assertFalse(Files.exists(folder.resolve("in/big")));
    }

    @Test
    void everyCardsDownloadsAreWellFormed() {
        for (String name : DatasetCard.NAMES) {
            DatasetCard card = DatasetCard.load(name);
            assertTrue(name.equals("phantom") ? card.page() == null : card.page().startsWith("https://"), name);
            for (DatasetCard.Download d : card.downloads()) {
                assertTrue(d.url().startsWith("https://") && d.url().length() > 12, d.toString());
                assertTrue(d.unpackedMb() > 0 && (d.sha256() == null || HexFormat.of().parseHex(d.sha256()).length == 32),
                        d.toString());
            }
        }
        assertEquals(List.of(true, true, true, true), List.of("cifar10", "covid-ct", "luna", "idc").stream()
                .map(n -> DatasetCard.load(n)).map(c -> !c.downloads().isEmpty() || c.manual() != null).toList());
    }

    private static byte[] bytes(int n, int seed) {
        byte[] b = new byte[n];
        new java.util.Random(seed).nextBytes(b); // does not compress, so lengths in the archive are about lengths here
        return b;
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> f : new LinkedHashMap<>(files).entrySet()) {
                zip.putNextEntry(new ZipEntry(f.getKey()));
                zip.write(f.getValue());
            }
        }
        return out.toByteArray();
    }

    private static byte[] tar(String name, byte type) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(out))) {
            TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
            byte[] content = type == TarConstants.LF_NORMAL ? "text".getBytes(StandardCharsets.US_ASCII) : new byte[0];
            entry.setSize(content.length);
            if (type == TarConstants.LF_SYMLINK) {
                entry.setLinkName("/etc/passwd");
            }
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
        }
        return out.toByteArray();
    }
}
