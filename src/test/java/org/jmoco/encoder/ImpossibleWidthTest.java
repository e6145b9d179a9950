package org.jmoco.encoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class ImpossibleWidthTest {
    /** Seen as "internal error: ArithmeticException" with {@code --width 1000000}. */
    @Test
    void aNetworkLargerThanAnArrayIsAUsageError() {
        try (Backend backend = CpuBackend.open(1)) {
            UserError e = assertThrows(UserError.class,
                    () -> new ResNet18(backend, "q", new ResNet18.Config(ResNet18.Stem.CIFAR, 1_000_000, 128, 1), true));
            assertTrue(e.getMessage().contains("Lower --width"), e.getMessage());
            assertEquals(2, e.exitCode());
        }
    }
}
