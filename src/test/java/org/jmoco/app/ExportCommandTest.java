package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.checkpoint.Safetensors;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {
    @TempDir
    Path folder;

    private Path network;
    private final LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();

    @BeforeEach
    void save() {
        ResNet18.Config config = new ResNet18.Config(ResNet18.Stem.CIFAR, 2, 3, 1);
        tensors.putAll(Initializer.weights(ResNet18.specs(config), 1));
        tensors.putAll(Initializer.weights(ResNet18.statisticsSpecs(config), 1));
        network = folder.resolve("network.safetensors");
        Safetensors.write(network, tensors, Map.of());
    }

    @Test
    void torchvisionFileHoldsTheSameBits() {
        Path file = folder.resolve("out.safetensors");
        expect(0, "torchvision", "export", "--from", network.toString(), "--format", "torchvision", file.toString());
        Map<String, HostTensor> read = Safetensors.read(file);
        assertEquals(tensors.keySet(), read.keySet());
        tensors.forEach((name, t) -> assertTrue(t.bitEquals(read.get(name)), name));
    }

    @Test
    void theKindOfFileIsNoFormatAndTheFormatsAreNamed() {
        expect(2, "expected torchvision or moco (both are safetensors, under other names), or onnx, but was 'safetensors'",
                "export", "--from", network.toString(), "--format", "safetensors", folder.resolve("x").toString());
        expect(0, "onnx", "export", "--from", network.toString(), "--format", "ONNX", folder.resolve("x.onnx").toString());
    }

    @Test
    void nothingIsOverwrittenUnasked() throws IOException {
        Path file = folder.resolve("out.onnx");
        Files.writeString(file, "mine");
        expect(2, "give --overwrite", "export", "--from", network.toString(), "--format", "onnx", file.toString());
        assertEquals("mine", Files.readString(file));
        expect(0, "onnx", "export", "--from", network.toString(), "--format", "onnx", "--overwrite", file.toString());
        assertTrue(Files.size(file) > 4 * tensors.values().stream().mapToLong(HostTensor::size).sum());
    }

    @Test
    void aFileInAFolderThatIsNotThereIsRefusedAndNoFolderMade() {
        Path file = folder.resolve("no/such/out.onnx");
        expect(1, file + ": there is no folder " + file.getParent() + "; make it", "export", "--from", network.toString(),
                "--format", "onnx", file.toString());
        assertFalse(Files.exists(folder.resolve("no")));
        expect(2, folder + ": is a folder; name a file in it", "export", "--from", network.toString(), "--format", "onnx",
                "--overwrite", folder.toString());
    }

    @Test
    void aNetworkWithoutQueueHasNoMocoState() {
        expect(1, "holds no queue", "export", "--from", network.toString(), "--format", "moco",
                folder.resolve("m.safetensors").toString());
    }

    /** The whole state of a pretraining goes out and comes in again, bit for bit. */
    @Test
    void aMocoStateCanBeReadAgain() {
        Path run = folder.resolve("run");
        CommandRuns.train(0, "pretrain", run);
        Path out = folder.resolve("moco.safetensors");
        expect(0, "moco", "export", "--from", run.toString(), "--format", "moco", out.toString());
        Path again = folder.resolve("again.safetensors");
        expect(0, "moco", "export", "--from", out.toString(), "--format", "moco", again.toString());
        Map<String, HostTensor> first = Safetensors.read(out);
        Map<String, HostTensor> second = Safetensors.read(again);
        assertEquals(first.keySet(), second.keySet());
        assertTrue(first.containsKey("encoder_k.conv1.weight") && first.containsKey("queue_ptr"), first.keySet().toString());
        first.forEach((name, t) -> assertTrue(t.bitEquals(second.get(name)), name));
        expect(1, "are a projection and no classes", "evaluate", "--from", out.toString(), "--data", "phantom");
    }

    @Test
    void aBackboneAloneIsExportedWithoutHead() {
        tensors.keySet().removeIf(name -> name.startsWith("fc."));
        Path backbone = folder.resolve("backbone.safetensors");
        Safetensors.write(backbone, tensors, Map.of());
        Path file = folder.resolve("out.safetensors");
        expect(0, "torchvision", "export", "--from", backbone.toString(), "--format", "torchvision", file.toString());
        assertEquals(tensors.keySet(), Safetensors.read(file).keySet());
        Path onnx = folder.resolve("out.onnx");
        expect(0, "onnx", "export", "--from", backbone.toString(), "--format", "onnx", onnx.toString());
        Path features = folder.resolve("features.onnx");
        expect(0, "onnx", "export", "--from", network.toString(), "--format", "onnx", "--features", features.toString());
        assertEquals(onnx.toFile().length() - "backbone".length(), features.toFile().length() - "network".length());
        expect(2, "--features is for --format onnx", "export", "--from", network.toString(), "--format", "torchvision",
                "--features", folder.resolve("x").toString());
        expect(1, "holds a backbone without last layer", "evaluate", "--from", backbone.toString(), "--data", "phantom");
        expect(0, "accuracy", "knn", "--data", "phantom", "--from", backbone.toString(), "--image", "16");
        CommandRuns.train(0, "finetune", folder.resolve("fine"), "--from", backbone.toString());
    }

    private static void expect(int code, String part, String... arguments) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text, true);
        assertEquals(code, Main.run(out, out, arguments), text.toString());
        assertTrue(text.toString().contains(part), text.toString());
    }
}
