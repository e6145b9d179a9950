package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    @Test
    void blocksAreAlignedZeroAndWritableToTheEnd() {
        for (long bytes : new long[] {0, 1, 63, 64, 4097, (2 << 20) - 1, (2 << 20) + 1, 5 << 20}) {
            NativeMemory memory = NativeMemory.allocate("test", bytes);
            assertEquals(0, memory.address() % NativeMemory.ALIGNMENT);
            assertTrue(memory.bytes() >= bytes);
            for (long i = 0; i < memory.bytes(); i += 61) {
                assertEquals(0, memory.segment().get(JAVA_BYTE, i));
            }
            memory.segment().set(JAVA_BYTE, memory.bytes() - 1, (byte) 7);
            memory.close();
            memory.close();
        }
    }

    @Test
    void aRefusalSaysHowMuchWasAskedAndForWhat() {
        for (long bytes : new long[] {1L << 55, Long.MAX_VALUE}) {
            UserError e = assertThrows(UserError.class, () -> NativeMemory.allocate("activations", bytes));
            assertTrue(e.getMessage().contains("activations") && e.getMessage().contains(" " + (bytes >> 20) + " MiB"),
                    e.getMessage());
        }
    }
}
