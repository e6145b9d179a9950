package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Random;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.Test;

/** Device memory as host code and launches see it, with buffers inside an arena. */
class DeviceMemoryTest {
    private final Lab lab = new Lab();
    private final DeviceMemory memory = lab.gpu.memory();
    private final long arena = lab.gpu.allocate(256, "arena");

    private static void fault(String part, Runnable body) {
        String message = assertThrows(PtxFault.class, body::run).getMessage();
        assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
    }

    @Test
    void copiesAndFills() {
        lab.gpu.fill(arena, 7, 4);
        lab.gpu.copy(arena + 16, arena, 16);
        assertArrayEquals(new int[] {7, 7, 7, 7, 7, 7, 7, 7, 0}, lab.ints(arena, 9));
        fault("overlap", () -> lab.gpu.copy(arena, arena + 8, 16));
        fault("is not inside an allocation", () -> lab.gpu.copy(arena + 248, arena, 16));
        fault("is not aligned to 4", () -> lab.gpu.fill(arena + 2, 0, 1));
        fault("cuMemcpyHtoD: dst, 300 bytes", () -> lab.gpu.upload(arena, MemorySegment.ofArray(new byte[300])));
        fault("CUDA_ERROR_INVALID_VALUE", () -> lab.gpu.allocate(0, "nothing"));
        fault("is not the start of an allocation", () -> lab.gpu.free(arena + 4));
    }

    @Test
    void spansReadAndRound() {
        DeviceMemory.Span s = memory.span("call", "x", arena, 64, 64);
        s.set(DType.F32, 3, 1.5f);
        assertEquals(1.5f, s.get(DType.F32, 3));
        s.set(DType.BF16, 0, 1 + 0x1p-8f); // a tie: to even
        assertEquals(1f, s.get(DType.BF16, 0));
        fault("outside its 64 bytes", () -> s.get(DType.F32, 16));
        memory.poison(arena, 8);
        fault("reads element 1 of x, which nothing wrote", () -> s.get(DType.F32, 1));
        s.set(DType.F32, 1, 2);
        assertEquals(2f, s.get(DType.F32, 1));
        fault("is not aligned to 256", () -> memory.span("call", "x", arena + 64, 8, 256));
        fault("holds bytes that nothing wrote", () -> lab.ints(arena, 1));
    }

    @Test
    void launchesStayInTheirBuffers() {
        memory.declareRange(arena, 64, "x");
        memory.declareRange(arena + 128, 64, "y");
        String read = Lab.kernel(2, "ld.global.u32 %r1, [%rd0+OFFSET]; st.global.u32 [%rd1], %r1;");
        assertDoesNotThrow(() -> lab.run(read.replace("OFFSET", "60"), 1, 1, 0, arena, arena + 128));
        fault("0 bytes behind the end of its part 'x' (64 bytes)",
                () -> lab.run(read.replace("OFFSET", "64"), 1, 1, 0, arena, arena + 128));
        // From x one gets to y only if y is an argument too.
        assertDoesNotThrow(() -> lab.run(read.replace("OFFSET", "128"), 1, 1, 0, arena, arena + 128));
        fault("into which no argument of this launch points", () ->
                lab.run(read.replace("OFFSET", "128"), 1, 1, 0, arena, arena));
        fault("leaves its buffer", () -> memory.span("call", "x", arena + 32, 64, 4));
        assertThrows(IllegalArgumentException.class, () -> memory.declareRange(arena + 32, 64, "z"));
    }

    /** Marks are kept in words of 64: ranges that begin, end and run on in the middle of one. */
    @Test
    void marksOfUnwrittenBytes() {
        int bytes = 300;
        Allocation a = new Allocation("marks", DeviceMemory.FIRST_ADDRESS, bytes);
        BitSet expected = new BitSet();
        Random random = new Random(1);
        assertEquals(-1, a.firstUnwritten(0, bytes));
        for (int turn = 0; turn < 2000; turn++) {
            int from = random.nextInt(bytes);
            int length = random.nextInt(turn % 3 == 0 ? bytes - from + 1 : Math.min(17, bytes - from + 1));
            if (turn % 4 == 0) {
                a.poison(from, length);
                expected.set(from, from + length);
            } else {
                a.markWritten(from, length);
                expected.clear(from, from + length);
            }
            int at = random.nextInt(bytes);
            int end = at + 1 + random.nextInt(bytes - at);
            int hole = expected.nextSetBit(at);
            assertEquals(hole < end ? hole : -1, a.firstUnwritten(at, end - at), "turn " + turn);
        }
    }
}
