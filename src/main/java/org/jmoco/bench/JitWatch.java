package org.jmoco.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * For how long the virtual machine's just-in-time compiler has had nothing to do. A loop of vectors that is still interpreted, or
 * in the compiler's first stages, makes an object of each vector and is ten to a hundred times slower; its times may look steady
 * for as long as the compiler's queue is long, which on busy cores is seconds.
 *
 * <p>At work it is when methods wait or are being compiled, which HotSpot tells by the diagnostic command {@code Compiler.queue},
 * and when more than {@link #LEAST_MILLIS} ms have been spent on it since the last look. Where a virtual machine has no such
 * command the second alone counts; where it has no compiler, nothing does.
 */
final class JitWatch {
    /** Between two stages of a method the compiler is idle for some tens of milliseconds; after so many it is done. */
    static final long DONE_NANOS = 250_000_000;
    private static final long LONGEST_NANOS = 10_000_000_000L;

    /** A loop of vectors takes 10 to 100 ms, a method of a few lines, of which some come now and then for ever, one. */
    private static final int LEAST_MILLIS = 5;

    private static final CompilationMXBean COMPILER = ManagementFactory.getCompilationMXBean();

    private long idleSince = System.nanoTime();
    private long millis = compileMillis();

    /** Nanoseconds since a look that found the compiler at work; since this object was made, if none did. */
    long idleNanos() {
        long now = compileMillis();
        if (now - millis > LEAST_MILLIS || isBusy()) {
            idleSince = System.nanoTime();
        }
        millis = now;
        return System.nanoTime() - idleSince;
    }

    /** Runs something at least {@code times}, until the compiler is done with it, but hardly longer than 10 s. */
    static WarmUps.End warmUp(int times, Runnable run) {
        return warmUp(times, run, LONGEST_NANOS);
    }

    static WarmUps.End warmUp(int times, Runnable run, long longestNanos) {
        JitWatch compiler = new JitWatch();
        long start = System.nanoTime();
        boolean done = false;
        for (int i = 0; i < times || !done && System.nanoTime() - start < longestNanos; i++) {
            run.run();
            done = compiler.idleNanos() >= DONE_NANOS;
        }
        return done ? WarmUps.End.STEADY : WarmUps.End.COMPILING;
    }

    private static long compileMillis() {
        return COMPILER == null || !COMPILER.isCompilationTimeMonitoringSupported() ? 0 : COMPILER.getTotalCompilationTime();
    }

    /** A look takes a third of a millisecond. */
    private static boolean isBusy() {
        try {
            Object queue = ManagementFactory.getPlatformMBeanServer().invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"), "compilerQueue", new Object[0], new String[0]);
            return namesMethods(String.valueOf(queue));
        } catch (JMException noSuchCommand) {
            return false;
        }
    }

    /** Headings end in a colon, what has nothing under it says {@code Empty}; every other line is a method. */
    static boolean namesMethods(String queue) {
        return queue.lines().map(String::strip).anyMatch(l -> !l.isEmpty() && !l.endsWith(":") && !l.equals("Empty"));
    }
}
