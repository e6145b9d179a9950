package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.checkpoint.Safetensors;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.encoder.ResNet18.Stem;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PretrainedTest {
    private static final ResNet18.Config SMALL = new ResNet18.Config(Stem.CIFAR, 4, 16, 2);

    @TempDir
    Path folder;

    private Path write(ResNet18.Config c, Map<String, HostTensor> more) {
        Map<String, HostTensor> all = new LinkedHashMap<>(Initializer.weights(ResNet18.specs(c), 1));
        all.putAll(Initializer.weights(ResNet18.statisticsSpecs(c), 1));
        all.putAll(more);
        Path file = folder.resolve("weights.safetensors");
        Safetensors.write(file, all, Map.of());
        return file;
    }

    private String refusal(ResNet18.Config stored, ResNet18.Config wanted, boolean withHead) {
        Pretrained p = Pretrained.load(write(stored, Map.of()));
        return assertThrows(UserError.class, () -> p.requireFits(wanted, withHead)).getMessage();
    }

    @Test
    void shapesTellTheArchitecture() {
        assertEquals(SMALL, Pretrained.load(write(SMALL, Map.of())).architecture(2));
        ResNet18.Config big = new ResNet18.Config(Stem.IMAGENET, 5, 7, 1);
        assertEquals(big, Pretrained.load(write(big, Map.of())).architecture(1));
    }

    @Test
    void aRunsOtherStateDoesNotMatter() {
        Pretrained p = Pretrained.load(write(SMALL,
                Map.of("queue", HostTensor.scalar(1), "key.conv1.weight", HostTensor.scalar(1),
                "velocity.fc.bias", HostTensor.scalar(0), "bn1.num_batches_tracked",
                HostTensor.of(Shape.SCALAR, new long[] {7}))));
        assertDoesNotThrow(() -> p.requireFits(SMALL, true));
    }

    @Test
    void anotherWidthNamesTheOption() {
        String message = refusal(SMALL, new ResNet18.Config(Stem.CIFAR, 8, 16, 2), true);
        assertTrue(message.contains("conv1.weight is 4x3x3x3, expected 8x3x3x3"), message);
        assertTrue(message.contains("trained with --width 4, this run has --width 8"), message);
    }

    @Test
    void anotherNumberOfOutputsMattersOnlyWithTheHead() {
        String message = refusal(SMALL, SMALL.withDim(2), true);
        assertTrue(message.contains("its last layer has 16 outputs, this run's 2"), message);
        Pretrained p = Pretrained.load(write(SMALL, Map.of()));
        assertDoesNotThrow(() -> p.requireFits(SMALL.withDim(2), false));
    }

    @Test
    void aDeeperNetworkIsRefused() {
        Pretrained p = Pretrained.load(write(SMALL, Map.of("layer1.2.conv1.weight", HostTensor.scalar(1))));
        String message = assertThrows(UserError.class, () -> p.requireFits(SMALL, true)).getMessage();
        assertTrue(message.contains("layer1.2.conv1.weight") && message.contains("Only ResNet-18"), message);
    }

    @Test
    void aFileOfOtherNamesIsRefused() {
        Path file = folder.resolve("other.safetensors");
        Safetensors.write(file, Map.of("encoder.stem", HostTensor.scalar(1)), Map.of());
        String message = assertThrows(UserError.class, () -> Pretrained.load(file)).getMessage();
        assertTrue(message.contains("torchvision's names") && message.contains("encoder.stem"), message);
    }

    @Test
    void aFolderWithoutCheckpointsIsRefused() {
        String message = assertThrows(UserError.class, () -> Pretrained.load(folder)).getMessage();
        assertTrue(message.contains("holds no checkpoint"), message);
    }

    @Test
    void aNewHeadReplacesTheLinearLayerAlone() {
        Pretrained p = Pretrained.load(write(SMALL, Map.of()));
        Map<String, HostTensor> head = Initializer.weights(ResNet18.specs(SMALL.withDim(2)), 9);
        Map<String, HostTensor> all = p.withHead(head);
        assertSame(head.get("fc.weight"), all.get("fc.weight"));
        assertSame(head.get("fc.bias"), all.get("fc.bias"));
        assertSame(p.tensors().get("layer4.1.bn2.weight"), all.get("layer4.1.bn2.weight"));
        assertEquals(p.tensors().size(), all.size());
    }

    /** A backbone as other programs save it: features need no last layer, a projection does. */
    @Test
    void aBackboneAloneServesWhereTheHeadIsNew() {
        Map<String, HostTensor> all = new LinkedHashMap<>(Initializer.weights(ResNet18.specs(SMALL), 1));
        all.putAll(Initializer.weights(ResNet18.statisticsSpecs(SMALL), 1));
        assertTrue(all.keySet().removeIf(name -> name.startsWith("fc.")));
        Path file = folder.resolve("backbone.safetensors");
        Safetensors.write(file, all, Map.of());
        Pretrained p = Pretrained.load(file);
        assertTrue(p.headless());
        assertDoesNotThrow(() -> p.requireFits(SMALL.withDim(2), false));
        String message = assertThrows(UserError.class, () -> p.requireFits(p.architecture(2), true)).getMessage();
        assertTrue(message.contains("holds no last layer (fc.weight)"), message);
        assertEquals(4, p.architecture(2).width());
    }
}
