package org.jmoco.backend.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Runs independent tasks on a fixed number of threads. Which thread runs which task is left to chance; results do not
 * depend on it, because no two tasks write the same element and none reads what another writes.
 */
final class Workers implements AutoCloseable {
    /** Elements of one task of {@link #forRanges}: long against the cost of handing it out, short against a layer. */
    private static final int RANGE = 1 << 14;

    private final int threads;
    private final ExecutorService others;

    Workers(int threads) {
        this.threads = threads;
        others = threads == 1 ? null : Executors.newFixedThreadPool(threads - 1,
                Thread.ofPlatform().daemon().name("reference-", 1).factory());
    }

    int threads() {
        return threads;
    }

    /** Calls {@code task} with 0 .. count-1 and returns when all are done. The calling thread works too. */
    void forEach(int count, IntConsumer task) {
        AtomicInteger next = new AtomicInteger();
        Runnable work = () -> {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                task.accept(i);
            }
        };
        List<Future<?>> running = new ArrayList<>();
        for (int t = 1; t < Math.min(threads, count); t++) {
            running.add(others.submit(work));
        }
        try {
            work.run();
        } finally {
            running.forEach(Workers::await);
        }
    }

    /** A task over the elements from .. to-1. */
    @FunctionalInterface
    interface Range {
        void run(int from, int to);
    }

    /** Calls {@code task} with ranges that cover 0 .. size-1. */
    void forRanges(long size, Range task) {
        int n = Math.toIntExact(size);
        forEach(Math.ceilDiv(n, RANGE), i -> task.run(i * RANGE, Math.min(n, (i + 1) * RANGE)));
    }

    private static void await(Future<?> f) {
        try {
            f.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("reference backend: " + e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("reference backend: interrupted while a step was running", e);
        }
    }

    @Override
    public void close() {
        if (others != null) {
            others.shutdown();
        }
    }
}
