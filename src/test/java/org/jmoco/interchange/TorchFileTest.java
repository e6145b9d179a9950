package org.jmoco.interchange;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchFileTest {
    @TempDir
    Path folder;

    /** The expected values are those that the Python program beside the files put in. */
    private static void checkWeights(Map<String, HostTensor> t, String prefix) {
        HostTensor conv = t.get(prefix + "module.encoder_q.conv1.weight");
        assertEquals(Shape.of(2, 3, 2, 2), conv.shape());
        for (int i = 0; i < 24; i++) {
            assertEquals(i, conv.get(i));
        }
        assertArrayEquals(new float[] {1.5f, -2.25f}, t.get(prefix + "half").floats());
        assertArrayEquals(new float[] {1.5f, -3}, t.get(prefix + "bf").floats());
        assertEquals(Shape.SCALAR, t.get(prefix + "long").shape());
        assertArrayEquals(new long[] {7}, t.get(prefix + "long").longs());
        assertEquals(Shape.of(2, 3), t.get(prefix + "view").shape());
        assertArrayEquals(new double[] {1, 5, 9, 2, 6, 10}, t.get(prefix + "view").doubles());
        assertArrayEquals(new float[] {1, 1, 1}, t.get(prefix + "param").floats());
    }

    @Test
    void readsATrainingState() throws IOException {
        Map<String, HostTensor> t = TorchFile.load(resource("nested.pth")).tensors();
        checkWeights(t, "state_dict.");
        assertEquals(6, t.size(), t.keySet().toString());
    }

    /** only-epoch.pth: torch.save({"epoch": 3}, FILE) of PyTorch 1.13. */
    @Test
    void aFileWithoutTensorsTellsWhatItHoldsAndTheCure() throws IOException {
        Path file = resource("only-epoch.pth");
        UserError e = assertThrows(UserError.class, () -> TorchFile.load(file));
        assertTrue(e.getMessage().contains("holds no tensors, only epoch; give a file with the weights"), e.getMessage());
    }

    @Test
    void readsTheOlderFormat() throws IOException {
        checkWeights(TorchFile.load(resource("legacy.pth")).tensors(), "");
    }

    @Test
    void refusesWhatIsNotOnTheListAndRunsNothing() throws IOException {
        Path file = resource("calls-os-system.pth");
        UserError e = assertThrows(UserError.class, () -> TorchFile.load(file));
        assertTrue(e.getMessage().contains("posix.system"), e.getMessage());
        assertTrue(e.getMessage().contains("nothing is executed"), e.getMessage());
    }

    /** Cut at every length and with every byte changed: a clear error or the right tensors, never another exception. */
    @Test
    void damagedFilesAreErrors() throws IOException {
        for (String name : new String[] {"nested.pth", "legacy.pth"}) {
            byte[] whole = Files.readAllBytes(resource(name));
            Path damaged = folder.resolve("damaged.pth");
            int refused = 0;
            for (int length = 0; length < whole.length; length += 7) {
                Files.write(damaged, Arrays.copyOf(whole, length));
                refused += refuses(damaged) ? 1 : 0;
            }
            assertEquals((whole.length + 6) / 7, refused, name + ": every shortened file is refused");
            for (int at = 0; at < whole.length; at++) {
                byte[] changed = whole.clone();
                changed[at] ^= (byte) 0xff;
                Files.write(damaged, changed);
                refuses(damaged);
            }
        }
    }

    private static boolean refuses(Path file) {
        try {
            TorchFile.load(file);
            return false;
        } catch (UserError e) {
            return true;
        }
    }

    @Test
    void namesOfManyOriginsBecomeTorchvisions() {
        for (String prefix : new String[] {"", "module.", "state_dict.module.encoder_q.", "model.", "encoder_q.", "backbone.",
                "encoder_q.net."}) {
            assertEquals("[conv1.weight]", names(prefix + "conv1.weight").keySet().toString(), prefix);
        }
        assertEquals("[conv1.weight, bn1.running_mean, layer1.0.conv1.weight, layer4.1.bn2.bias, fc.weight]",
                names("state_dict.encoder_q.net.0.weight", "state_dict.encoder_q.net.1.running_mean",
                        "state_dict.encoder_q.net.3.0.conv1.weight", "state_dict.encoder_q.net.6.1.bn2.bias",
                        "state_dict.encoder_q.net.9.weight").keySet().toString());
        assertTrue(names("state_dict.module.encoder_k.conv1.weight", "state_dict.module.queue", "state_dict.module.queue_ptr")
                .isEmpty());
        assertFalse(names("encoder_q.fc.0.weight", "encoder_q.fc.2.weight").isEmpty());
    }

    private static Map<String, HostTensor> names(String... names) {
        LinkedHashMap<String, HostTensor> t = new LinkedHashMap<>();
        for (String n : names) {
            t.put(n, HostTensor.scalar(1));
        }
        return TorchNames.network(new Checkpoint(Path.of("x.pth"), t, Map.of())).tensors();
    }

    @Test
    void endingsOfPyTorchAreKnown() {
        assertTrue(TorchFile.hasName(Path.of("moco_v2_800ep_pretrain.pth.tar")));
        assertTrue(TorchFile.hasName(Path.of("a/b/resnet18.pth")));
        assertFalse(TorchFile.hasName(Path.of("resnet18.safetensors")));
    }

    private Path resource(String name) throws IOException {
        Path copy = folder.resolve(name);
        try (InputStream in = TorchFileTest.class.getResourceAsStream(name)) {
            Files.write(copy, in.readAllBytes());
        }
        return copy;
    }
}
