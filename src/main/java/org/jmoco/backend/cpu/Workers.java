package org.jmoco.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads for parallel loops; the calling thread is worker 0.
 *
 * <p><b>Results never depend on the number of threads.</b> A loop is cut into tasks by the size of the problem alone,
 * each task writes its own part of the result, and whatever several tasks contribute to is added in a fixed order
 * afterwards. Which worker runs a task is decided as they become free; the worker number may choose scratch memory,
 * nothing else.
 *
 * <p>Nothing is allocated in {@link #run}. An idle worker spins for {@link #SPIN_NANOS}, then sleeps until the next loop.
 * Not reentrant: a task must not call {@code run}.
 */
public final class Workers implements AutoCloseable {
    /** One task of a parallel loop. */
    @FunctionalInterface
    public interface Task {
        /**
         * @param task 0 to tasks - 1
         * @param worker 0 to {@link Workers#count()} - 1; two tasks that run at the same time have different ones
         */
        void run(int task, int worker);
    }

    /**
     * How long a worker waits for the next loop before it sleeps. Waking a sleeping thread costs 5 to 50 microseconds, and
     * the steps of a training program follow each other within a few; much longer would take time from the threads that
     * prepare the next batch.
     */
    private static final long SPIN_NANOS = 50_000;

    private final int count;
    private final Thread[] threads;
    // High half: number of the loop. Low half: tasks not yet taken. One word, so that a worker that comes late can never
    // take a task of a later loop by the count of an earlier one.
    private final AtomicLong state = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile Throwable failure;
    private volatile boolean stop;
    private volatile Thread waiting;
    private Task task;
    private int tasks;
    private Thread caller;
    private boolean running;

    /** @param count threads, the calling one included */
    public Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("workers: " + count + " threads; there must be at least 1");
        }
        this.count = count;
        threads = new Thread[count - 1];
        for (int i = 0; i < threads.length; i++) {
            int worker = i + 1;
            threads[i] = new Thread(() -> work(worker), "jmoco-worker-" + worker);
            threads[i].setDaemon(true);
            threads[i].start();
        }
    }

    /** Threads, the calling one included. */
    public int count() {
        return count;
    }

    /**
     * Runs {@code task} for 0 to {@code tasks - 1} and returns when all are done. If a task throws, the others are still
     * run and the first failure is thrown here.
     */
    public void run(int tasks, Task task) {
        if (running) {
            throw new IllegalStateException("workers: run called from within a task or by two threads at once");
        }
        prepareCaller();
        running = true;
        try {
            if (count == 1 || tasks <= 1) {
                for (int i = 0; i < tasks; i++) {
                    task.run(i, 0);
                }
                return;
            }
            this.task = task;
            this.tasks = tasks;
            unfinished.set(tasks);
            state.set((state.get() >>> 32) + 1 << 32 | tasks);
            for (Thread thread : threads) {
                LockSupport.unpark(thread);
            }
            while (runOne(0)) {
                // until no task is left to take
            }
            awaitOthers();
            this.task = null;
            if (failure != null) {
                Throwable first = failure;
                failure = null;
                if (first instanceof Error e) {
                    throw e;
                }
                throw first instanceof RuntimeException e ? e : new IllegalStateException(first);
            }
        } finally {
            running = false;
        }
    }

    /** oneDNN must be single-threaded on every thread that uses it; see {@link Dnnl#oneThread()}. */
    private void prepareCaller() {
        Thread current = Thread.currentThread();
        if (caller != current) {
            Dnnl.oneThread();
            caller = current;
        }
    }

    /** Takes and runs one task. @return false when none was left */
    private boolean runOne(int worker) {
        long s = state.get();
        while ((int) s != 0) {
            if (state.compareAndSet(s, s - 1)) {
                // The task taken is unfinished, so the loop that it belongs to cannot end and its fields are stable.
                try {
                    task.run(tasks - (int) s, worker);
                } catch (Throwable t) {
                    failure = t;
                }
                if (unfinished.decrementAndGet() == 0) {
                    LockSupport.unpark(waiting);
                }
                return true;
            }
            s = state.get();
        }
        return false;
    }

    private void awaitOthers() {
        long start = System.nanoTime();
        while (unfinished.get() != 0) {
            if (System.nanoTime() - start < SPIN_NANOS) {
                Thread.onSpinWait();
            } else {
                waiting = Thread.currentThread();
                if (unfinished.get() != 0) {
                    LockSupport.park(this);
                }
                waiting = null;
            }
        }
    }

    private void work(int worker) {
        Dnnl.oneThread();
        while (!stop) {
            long start = System.nanoTime();
            while ((int) state.get() == 0 && !stop) {
                if (System.nanoTime() - start < SPIN_NANOS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            while (runOne(worker)) {
                // until no task is left to take
            }
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        stop = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        for (Thread thread : threads) {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
