package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
    @Test
    void everyTaskRunsOnceInEachOfManyLoops() {
        for (int threads : new int[] {1, 2, 3, 7}) {
            try (Workers workers = new Workers(threads)) {
                for (int loop = 0; loop < 3000; loop++) {
                    int tasks = loop % 13;
                    AtomicIntegerArray runs = new AtomicIntegerArray(13);
                    workers.run(tasks, (task, worker) -> {
                        assertTrue(worker >= 0 && worker < threads);
                        runs.incrementAndGet(task);
                    });
                    for (int i = 0; i < 13; i++) {
                        assertEquals(i < tasks ? 1 : 0, runs.get(i), "threads " + threads + " loop " + loop);
                    }
                }
            }
        }
    }

    @Test
    void sleepingWorkersWakeAgain() throws InterruptedException {
        try (Workers workers = new Workers(3)) {
            for (int loop = 0; loop < 20; loop++) {
                Thread.sleep(2); // longer than the workers spin
                AtomicInteger sum = new AtomicInteger();
                workers.run(50, (task, worker) -> sum.addAndGet(task));
                assertEquals(1225, sum.get());
            }
        }
    }

    @Test
    void tasksThatRunTogetherHaveDifferentWorkers() {
        try (Workers workers = new Workers(4)) {
            AtomicIntegerArray busy = new AtomicIntegerArray(4);
            AtomicInteger clashes = new AtomicInteger();
            workers.run(2000, (task, worker) -> {
                if (busy.incrementAndGet(worker) != 1) {
                    clashes.incrementAndGet();
                }
                Thread.onSpinWait();
                busy.decrementAndGet(worker);
            });
            assertEquals(0, clashes.get());
        }
    }

    @Test
    void aFailureIsThrownToTheCallerAndTheTeamGoesOn() {
        try (Workers workers = new Workers(2)) {
            AtomicInteger done = new AtomicInteger();
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> workers.run(8, (task, worker) -> {
                done.incrementAndGet();
                if (task == 5) {
                    throw new IllegalArgumentException("task 5");
                }
            }));
            assertEquals("task 5", e.getMessage());
            assertEquals(8, done.get());
            workers.run(3, (task, worker) -> done.incrementAndGet());
            assertEquals(11, done.get());
        }
    }

    @Test
    void nestedLoopsAndEmptyTeamsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Workers(0));
        try (Workers workers = new Workers(1)) {
            assertThrows(IllegalStateException.class,
                    () -> workers.run(1, (task, worker) -> workers.run(1, (t, w) -> { })));
        }
    }
}
