package org.jmoco.report;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A browser without a window, where the machine has one. Every start has a profile of its own, and no name leads anywhere. */
public final class Chromium {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    private static final int SECONDS = 120;
    private static final int HEIGHT = 900;
    private static final Pattern MEASURED = Pattern.compile(
            "measured pictures=(\\d+) broken=(\\d+) requests=(\\d+) over=(-?\\d+)");

    /**
     * Leaves figures in the document: pictures, those without pixels, what was asked of any server, pixels that the page is too
     * wide.
     */
    private static final String PROBE = """
            <script>addEventListener('load', () => { const i = [...document.images];
            const asked = performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:'));
            document.body.dataset.seen = `measured pictures=${i.length} broken=${i.filter(p => !p.naturalWidth).length} \
            requests=${asked.length}`
            + ` over=${document.documentElement.scrollWidth - innerWidth}`; });</script>
            """;

    private final Path program;
    private final Path scratch;
    private int starts;

    private Chromium(Path program, Path scratch) {
        this.program = program;
        this.scratch = scratch;
    }

    /** @param scratch a folder for profiles and logs */
    public static Optional<Chromium> find(Path scratch) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).filter(p -> !p.isEmpty())
                .flatMap(p -> NAMES.stream().map(n -> Path.of(p, n))).filter(Files::isExecutable).findFirst()
                .map(p -> new Chromium(p, scratch));
    }

    /**
     * What a page became.
     *
     * @param dom      the document after loading
     * @param messages lines of the console: errors, and whatever the page's policy forbade
     */
    public record Visit(String dom, List<String> messages) {}

    /** A page as it stands. */
    public Visit visit(Path page, int width) throws IOException, InterruptedException {
        String[] out = start(page, width, HEIGHT, "--dump-dom", "--enable-logging=stderr");
        return new Visit(out[0], out[1].lines().filter(l -> l.contains("CONSOLE")).toList());
    }

    /**
     * @param requests what the page asked of servers or the file system
     * @param over     pixels that the page is wider than the window
     */
    public record Measured(int pictures, int broken, int requests, int over) {}

    /** Measures a copy of the page whose policy is taken out, so that it may do what it wants. */
    public Measured measure(Path page, int width) throws IOException, InterruptedException {
        String free = Files.readString(page).replaceAll("<meta http-equiv=Content-Security-Policy[^>]*>", "")
                .replace("</body>", PROBE + "</body>");
        String dom = visit(Files.writeString(scratch.resolve("free" + starts + ".html"), free), width).dom;
        Matcher m = MEASURED.matcher(dom);
        if (!m.find()) {
            throw new IOException("the probe left no figures: " + dom.substring(0, Math.min(dom.length(), 500)));
        }
        return new Measured(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)), Integer.parseInt(m.group(3)),
                Integer.parseInt(m.group(4)));
    }

    /** A PNG of the upper end of the page. */
    public byte[] screenshot(Path page, int width, int height) throws IOException, InterruptedException {
        Path png = scratch.resolve("shot" + starts + ".png");
        start(page, width, height, "--screenshot=" + png);
        return Files.readAllBytes(png);
    }

    private String[] start(Path page, int width, int height, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString(), "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND",
                "--user-data-dir=" + scratch.resolve("profile" + starts), "--window-size=" + width + "," + height));
        command.addAll(List.of(more));
        command.add(page.toUri().toString());
        Path out = scratch.resolve("out" + starts);
        Path err = scratch.resolve("err" + starts++);
        Process p = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        if (!p.waitFor(SECONDS, TimeUnit.SECONDS)) {
            p.destroyForcibly();
            throw new IOException("the browser did not end within " + SECONDS + " s: " + Files.readString(err));
        }
        return new String[] {Files.readString(out), Files.readString(err)};
    }
}
