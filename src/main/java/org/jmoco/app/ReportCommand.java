package org.jmoco.app;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jmoco.augment.ContactSheet;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.report.RunReport;
import org.jmoco.report.StoredRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco report}: one or several runs as one HTML file. */
@Command(name = "report", description = {"Write one or several runs as one HTML file that needs nothing else: figures, curves, ROC, confusion,"
        + " wrong images, environment.", "With --data it shows the wrong images and examples of views."})
final class ReportCommand implements Callable<Integer> {
    /** Height and width of a thumbnail, in pixels. */
    private static final int THUMBNAIL = 112;
    private static final int EXAMPLES = 6;

    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Folders of runs.")
    private List<Path> folders;

    @Option(names = "--out", paramLabel = "FILE", description = "What to write (default: report.html in the first run's folder).")
    private Path out;

    @Mixin
    private DataOptions data;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<StoredRun> runs = folders.stream().map(StoredRun::read).toList();
        RunReport.Pictures pictures = RunReport.Pictures.NONE;
        if (!data.sources().isEmpty()) {
            pictures = pictures(DataSource.single(data, spec.commandLine().getOut()::println));
        }
        Path file = out == null ? folders.getFirst().resolve("report.html") : out;
        AtomicFile.replace(file, RunReport.html(runs, pictures).getBytes(StandardCharsets.UTF_8));
        spec.commandLine().getOut().println("report written to " + file);
        return 0;
    }

    private static RunReport.Pictures pictures(DataSource source) {
        DataSet set = source.set();
        Map<String, Integer> places = new HashMap<>();
        ImageSet held = set.has(DataSet.TEST) ? set.split(DataSet.TEST) : set.has(DataSet.VAL) ? set.split(DataSet.VAL) : null;
        if (held != null) {
            IntStream.range(0, held.size()).forEach(i -> places.put(held.imageName(i), i));
        }
        return new RunReport.Pictures() {
            @Override
            public Optional<byte[]> image(String name) {
                return Optional.ofNullable(places.get(name)).map(i -> png(picture(held, i)));
            }

            @Override
            public Map<String, byte[]> more() {
                ImageSet images = set.pretraining();
                Map<String, byte[]> m = new LinkedHashMap<>();
                m.put("Random views of " + set.name() + ": an image and what pretraining sees of it", png(ContactSheet.views(images, source.recipe(), 1, 1,
                        IntStream.range(0, Math.min(EXAMPLES, images.size())).toArray(), EXAMPLES, THUMBNAIL)));
                return m;
            }
        };
    }

    private static BufferedImage picture(ImageSet set, int i) {
        byte[] rgb = set.pixels(i);
        BufferedImage image = new BufferedImage(set.width(i), set.height(i), BufferedImage.TYPE_INT_RGB);
        for (int pixel = 0; pixel < rgb.length / 3; pixel++) {
            image.setRGB(pixel % set.width(i), pixel / set.width(i),
                    (rgb[3 * pixel] & 0xff) << 16 | (rgb[3 * pixel + 1] & 0xff) << 8 | rgb[3 * pixel + 2] & 0xff);
        }
        return image;
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory only
        }
        return out.toByteArray();
    }
}
