package org.jmoco.backend.cpu;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** queue[(head + i) mod M] = keys[i], head += N: at most two contiguous copies, too small to share out. */
final class Enqueue implements Work {
    private final Buffer queue;
    private final Buffer head;
    private final Buffer keys;

    Enqueue(Buffer queue, Buffer head, Buffer keys) {
        this.queue = queue;
        this.head = head;
        this.keys = keys;
    }

    @Override
    public void run() {
        int m = queue.shape().dim(0);
        int n = keys.shape().dim(0);
        int at = Simd.getInt(head.address());
        if (at < 0 || at >= m) {
            throw new IllegalStateException("enqueue: " + head.name() + " is " + at + " but the queue has rows 0 to " + (m - 1));
        }
        long row = (long) queue.shape().dim(1) * Float.BYTES;
        int first = Math.min(n, m - at);
        Simd.copy(queue.address() + at * row, keys.address(), first * row);
        Simd.copy(queue.address(), keys.address() + first * row, (n - first) * row);
        Simd.setInt(head.address(), (int) (((long) at + n) % m));
    }
}
