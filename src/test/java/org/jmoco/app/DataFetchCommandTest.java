package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jmoco data fetch} as a user types it, from a server on this machine, and the set is opened afterwards. */
class DataFetchCommandTest {
    private static final String[] CLASSES = {"COVID", "NonCOVID"};
    private static final String[] SPLITS = {"train", "val", "test"};
    // of the official split; the reader holds a set to them
    private static final int[][] COUNTS = {{191, 60, 98}, {234, 58, 105}};

    @TempDir
    private Path folder;
    private HttpServer server;
    private byte[] archive;
    private String mirror;

    @BeforeEach
    void serve() throws IOException {
        archive = covidCt();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/sets/COVID-CT-master.zip", x -> {
            x.sendResponseHeaders(200, archive.length);
            x.getResponseBody().write(archive);
            x.close();
        });
        server.start();
        mirror = "http://localhost:" + server.getAddress().getPort() + "/sets";
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /**
     * The repository's archive with one small picture in place of all: archives of images in the archive, and the split lists.
     */
    private static byte[] covidCt() throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20, 16, BufferedImage.TYPE_INT_RGB), "png", png);
        Map<String, byte[]> outer = new LinkedHashMap<>();
        for (int c = 0; c < 2; c++) {
            String name = CLASSES[c];
            Map<String, byte[]> images = new LinkedHashMap<>();
            for (int s = 0; s < SPLITS.length; s++) {
                StringBuilder list = new StringBuilder();
                for (int i = 0; i < COUNTS[c][s]; i++) {
                    images.put("CT_" + name + "/" + SPLITS[s] + i + ".png", png.toByteArray());
                    list.append(SPLITS[s]).append(i).append(".png\r\n");
                }
                outer.put("COVID-CT-master/Data-split/" + name + "/" + SPLITS[s] + "CT_" + name + ".txt",
                        list.toString().getBytes(StandardCharsets.UTF_8));
            }
            images.put("__MACOSX/CT_" + name + "/._train0.png", new byte[9]);
            outer.put("COVID-CT-master/Images-processed/CT_" + name + ".zip", zip(images));
        }
        outer.put("COVID-CT-master/README.md", new byte[9]);
        return zip(outer);
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> f : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(f.getKey()));
                zip.write(f.getValue());
            }
        }
        return out.toByteArray();
    }

    @Test
    void whatIsFetchedCanBeOpened() throws IOException {
        String out = folder.resolve("set").toString();
        String text = CommandRuns.run(0, "data", "fetch", "covid-ct", "--out", out, "--mirror", mirror);
        assertTrue(text.contains("COVID-CT-master.zip: 754 files in " + out)
                && text.contains("use it with --data covid-ct=" + out), text);
        String info = CommandRuns.run(0, "data", "info", "--data", "covid-ct=" + out);
        assertTrue(info.contains("train          425 images") && info.contains("test           203 images"), info);
        Path given = Files.createDirectory(folder.resolve("given"));
        Files.write(given.resolve("COVID-CT-master.zip"), archive);
        CommandRuns.run(0, "data", "fetch", "covid-ct", "--out", folder.resolve("again").toString(), "--offline",
                given.toString());
        assertTrue(Files.exists(folder.resolve("again/CT_COVID/test0.png")));
    }

    @Test
    void anotherFileThanTheCardsIsRefused() {
        server.createContext("/sets/cifar-10-binary.tar.gz", x -> {
            x.sendResponseHeaders(200, archive.length);
            x.getResponseBody().write(archive);
            x.close();
        });
        String text = CommandRuns.run(1, "data", "fetch", "cifar10", "--out", folder.resolve("set").toString(), "--mirror",
                mirror);
        assertTrue(text.contains("SHA-256 is") && text.contains("It is deleted; fetch again."), text);
    }

    @Test
    void whatIsNoServerIsAUsageError() {
        for (String bad : new String[] {"/mnt/sets", "file:///mnt/sets", "http:///sets", "//localhost/sets", mirror + "?key=1"}) {
            String text = CommandRuns.run(2, "data", "fetch", "cifar10", "--out", folder.resolve("set").toString(), "--mirror",
                    bad);
            assertTrue(text.contains("--mirror " + bad + " is no address of a server"), text);
        }
        String both = CommandRuns.run(2, "data", "fetch", "cifar10", "--out", "x", "--mirror", mirror, "--offline",
                folder.toString());
        assertTrue(both.contains("exclude each other"), both);
    }

    @Test
    void progressIsALineNowAndThenWhereThereIsNoTerminal() {
        StringWriter text = new StringWriter();
        AtomicLong nanos = new AtomicLong(-5);
        DataFetchCommand.Lines lines = new DataFetchCommand.Lines(new PrintWriter(text), nanos::get);
        for (int second = 0; second <= 24; second++) {
            lines.at("a.zip", second * 1_000_000L, 100_000_000);
            nanos.addAndGet(1_000_000_000);
        }
        lines.close();
        lines.close();
        lines.at("b.zip", 5_000_000, -1);
        lines.close();
        assertEquals("""
                a.zip: 0.0 of 100.0 MB
                a.zip: 10.0 of 100.0 MB
                a.zip: 20.0 of 100.0 MB
                a.zip: 24.0 of 100.0 MB
                b.zip: 5.0 MB
                """, text.toString());
    }
}
