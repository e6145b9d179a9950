package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicInteger;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class JitWatchTest {
    private static final String IDLE = "Current compiles: \n\nC1 compile queue: \nEmpty\n\nC2 compile queue: \nEmpty\n\n";

    @Test
    void aMethodInTheCompilerOrInItsQueueIsWork() {
        assertFalse(JitWatch.namesMethods(IDLE));
        String compiled = "compiles: \nC2 CompilerThread0  2281 %     4       a.B::c @ 231 (485 bytes)\n";
        assertTrue(JitWatch.namesMethods(IDLE.replace("compiles: \n", compiled)));
        assertTrue(JitWatch.namesMethods(IDLE.replaceFirst("Empty", "2230       4       a.B::c (13 bytes)")));
    }

    /** The virtual machine that runs this has the command, and its answer has the form that is read. */
    @Test
    void thisVirtualMachineTells() throws Exception {
        String answer = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "compilerQueue", new Object[0], new String[0]);
        assertTrue(answer.contains("Current compiles:") && answer.contains("compile queue:"), answer);
    }

    @Test
    void warmUpRunsAtLeastSoOftenAndUntilTheCompilerHasBeenIdle() {
        AtomicInteger runs = new AtomicInteger();
        long start = System.nanoTime();
        JitWatch.warmUp(3, runs::incrementAndGet);
        assertTrue(runs.get() >= 3 && System.nanoTime() - start >= JitWatch.DONE_NANOS, runs + " runs");
        runs.set(0);
        JitWatch.warmUp(5, () -> {
            runs.incrementAndGet();
            sleep();
        });
        assertTrue(runs.get() >= 5, runs + " runs");
    }

    @Test
    void aLimitThatEndsTheWarmUpIsToldOf() {
        assertEquals(WarmUps.End.COMPILING, JitWatch.warmUp(2, () -> { }, 0));
        assertEquals(WarmUps.End.STEADY, JitWatch.warmUp(2, JitWatchTest::sleep));
    }

    private static void sleep() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
