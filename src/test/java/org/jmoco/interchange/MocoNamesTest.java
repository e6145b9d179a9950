package org.jmoco.interchange;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class MocoNamesTest {
    @Test
    void theWholeStateGetsTheNamesOfFacebookresearch() {
        LinkedHashMap<String, HostTensor> run = new LinkedHashMap<>();
        run.put("conv1.weight", HostTensor.scalar(1));
        run.put("key.conv1.weight", HostTensor.scalar(2));
        run.put("velocity.conv1.weight", HostTensor.scalar(3));
        run.put("queue", HostTensor.of(Shape.of(3, 2), new float[] {1, 2, 3, 4, 5, 6}));
        run.put("queue.head", HostTensor.of(Shape.SCALAR, new int[] {2}));
        Map<String, HostTensor> moco = MocoNames.of("run", run);
        assertEquals(List.of("encoder_q.conv1.weight", "encoder_k.conv1.weight", "queue", "queue_ptr"),
                List.copyOf(moco.keySet()));
        assertEquals(1, moco.get("encoder_q.conv1.weight").get(0));
        assertEquals(2, moco.get("encoder_k.conv1.weight").get(0));
        assertEquals(Shape.of(2, 3), moco.get("queue").shape());
        assertArrayEquals(new float[] {1, 3, 5, 2, 4, 6}, moco.get("queue").floats());
        assertArrayEquals(new long[] {2}, moco.get("queue_ptr").longs());
    }

    @Test
    void withoutAQueueItIsNoPretrainingRun() {
        UserError e = assertThrows(UserError.class, () -> MocoNames.of("a.safetensors",
                Map.of("conv1.weight", HostTensor.scalar(1))));
        assertTrue(e.getMessage().contains("holds no queue"), e.getMessage());
        Map<String, HostTensor> noKeys = Map.of("conv1.weight", HostTensor.scalar(1), "queue.head", HostTensor.scalar(1), "queue",
                HostTensor.of(Shape.of(1, 2), new float[2]));
        UserError half = assertThrows(UserError.class, () -> MocoNames.of("a.pth", noKeys));
        assertTrue(half.getMessage().contains("no key encoder"), half.getMessage());
    }

    /** What facebookresearch/moco's main_moco.py saves, and the same as jmoco exports it. */
    @Test
    void aForeignPretrainingKeepsKeyEncoderQueueAndPointer() {
        for (String prefix : List.of("state_dict.module.", "")) {
            LinkedHashMap<String, HostTensor> foreign = new LinkedHashMap<>();
            foreign.put(prefix + "queue", HostTensor.of(Shape.of(2, 3), new float[] {1, 3, 5, 2, 4, 6}));
            foreign.put(prefix + "queue_ptr", HostTensor.of(Shape.of(1), new long[] {2}));
            foreign.put(prefix + "encoder_q.conv1.weight", HostTensor.scalar(1));
            foreign.put(prefix + "encoder_q.fc.0.weight", HostTensor.scalar(4));
            foreign.put(prefix + "encoder_k.conv1.weight", HostTensor.scalar(2));
            foreign.put(prefix + "encoder_k.fc.0.weight", HostTensor.scalar(5));
            Map<String, HostTensor> run = TorchNames.training(new Checkpoint(Path.of("moco.pth"), foreign, Map.of())).tensors();
            assertEquals(Set.of("conv1.weight", "fc.0.weight", "key.conv1.weight", "key.fc.0.weight", "queue", "queue.head"),
                    run.keySet());
            assertEquals(Shape.of(3, 2), run.get("queue").shape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, run.get("queue").floats());
            assertEquals(2, run.get("queue.head").get(0));
            Map<String, HostTensor> again = MocoNames.of("moco.pth", run);
            assertEquals(6, again.size());
            again.forEach((name, t) -> assertTrue(t.bitEquals(foreign.get(prefix + name)), name));
        }
    }

    /** The CIFAR demo numbers the layers of both encoders. */
    @Test
    void theDemosNumbersBecomeNamesInTheKeyEncoderToo() {
        LinkedHashMap<String, HostTensor> foreign = new LinkedHashMap<>();
        foreign.put("state_dict.encoder_q.net.0.weight", HostTensor.scalar(1));
        foreign.put("state_dict.encoder_k.net.0.weight", HostTensor.scalar(2));
        assertEquals(Set.of("conv1.weight", "key.conv1.weight"),
                TorchNames.training(new Checkpoint(Path.of("moco.pth"), foreign, Map.of())).tensors().keySet());
    }
}
