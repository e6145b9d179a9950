package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jmoco.data.CifarPacking;
import org.jmoco.data.ImageSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PyTorch's side of the benchmarks: what it needs travels with it, and it reads the images that jmoco reads. */
class PeerScriptsTest {
    private static final Path PEERS = Path.of("benchmarks/peers");
    private static final Pattern IMPORT = Pattern.compile("(?m)^(?:from|import) (\\w+)");
    private static final String PYTHON = "/usr/bin/python3";

    @TempDir
    private Path folder;

    /** A script that lacks a module of its own folder fails in all its settings. */
    @Test
    void theBundleHasEachModuleThatItsScriptsImport() throws IOException {
        Map<String, Path> bundled = BundleCommand.scripts(Path.of("benchmarks"));
        int found = 0;
        for (Path script : bundled.values()) {
            Matcher m = IMPORT.matcher(Files.readString(script));
            while (script.toString().endsWith(".py") && m.find()) {
                String module = m.group(1) + ".py";
                if (Files.exists(PEERS.resolve(module))) {
                    assertTrue(bundled.containsKey("peers/" + module), script + " imports " + module);
                    found++;
                }
            }
        }
        assertTrue(found > 0, "moco_step_torch_gpu.py imports the images' reader");
    }

    private byte[] pixelsInPython() throws IOException, InterruptedException {
        String read = "import sys; sys.path.insert(0, sys.argv[1]); from cifar_pairs import Pairs;"
                + " sys.stdout.buffer.write(Pairs(sys.argv[2], 50000, 32).pixels.tobytes())";
        File said = folder.resolve("said").toFile();
        Process p = new ProcessBuilder(PYTHON, "-B", "-c", read, PEERS.toString(), folder.toString()).redirectError(said).start();
        byte[] pixels = p.getInputStream().readAllBytes();
        assertEquals(0, p.waitFor(), Files.readString(said.toPath()));
        return pixels;
    }

    private static boolean hasTorchvision() throws IOException, InterruptedException {
        return Files.isExecutable(Path.of(PYTHON)) && new ProcessBuilder(PYTHON, "-c", "import torchvision, numpy, PIL")
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
    }

    /** The files of a bundle's slice are packed ones; where both forms are there, the plain one counts, as for jmoco. */
    @Test
    void packedAndPlainFilesOfCifarAreReadAlike() throws IOException, InterruptedException {
        assumeTrue(hasTorchvision(), PYTHON + " has no torchvision");
        int n = 5;
        byte[] rgb = new byte[n * 32 * 32 * 3];
        Random random = new Random(7);
        for (int i = 0; i < rgb.length; i++) { // noise on gradients and on black: every branch of the prediction
            rgb[i] = (byte) (i / 3 % 32 * 8 + (i % 7 == 0 ? random.nextInt(256) : random.nextInt(3)));
        }
        ImageSet set = ImageSet.of("five", 32, 32, rgb).withLabels(new int[n], List.of("a"));
        Files.write(folder.resolve("data_batch_1.bin"), new byte[3073]);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("data_batch_2.res.gz")))) {
            out.write(CifarPacking.pack(set));
        }
        byte[] expected = new byte[32 * 32 * 3 + rgb.length];
        System.arraycopy(rgb, 0, expected, 32 * 32 * 3, rgb.length);
        assertArrayEquals(expected, pixelsInPython());
        Files.copy(folder.resolve("data_batch_2.res.gz"), folder.resolve("data_batch_1.res.gz"));
        assertArrayEquals(expected, pixelsInPython());
    }
}
