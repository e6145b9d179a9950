package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which words of device memory the branch and the main line touch between a fork and its join, and by which step. Nothing orders
 * the two there, so it is a fault if both touch a word and one of them writes it; whichever of them the device carried out first.
 */
final class ForkWatch {
    private final DeviceMemory memory;
    private final List<String> steps = new ArrayList<>(); // step i is number i + 1 in the words' marks
    private final Map<Allocation, Words> watched = new IdentityHashMap<>();
    private boolean branch;

    ForkWatch(DeviceMemory memory) {
        this.memory = memory;
    }

    void open() {
        close();
        for (Allocation a : memory.live()) {
            a.words = new Words(a);
            watched.put(a, a.words);
        }
    }

    void close() {
        watched.keySet().forEach(a -> a.words = null);
        watched.clear();
        steps.clear();
    }

    /** What is touched from here on is touched by this step. */
    void enter(boolean onBranch, String step) {
        branch = onBranch;
        if (!watched.isEmpty() && (steps.isEmpty() || !steps.getLast().equals(step))) {
            steps.add(step);
        }
    }

    /** One allocation's marks, a word each. Made when it is first touched. */
    final class Words {
        private final Allocation of;
        private int[] readInBranch;
        private int[] writtenInBranch;
        private int[] readBeside;
        private int[] writtenBeside;

        private Words(Allocation of) {
            this.of = of;
        }

        void read(int offset, int bytes) {
            note(offset, bytes, false);
        }

        void write(int offset, int bytes) {
            note(offset, bytes, true);
        }

        /** An instruction of a warp. */
        void note(long[] address, long base, int mask, int bytes, boolean writes) {
            for (int m = mask; m != 0; m &= m - 1) {
                note((int) (address[Integer.numberOfTrailingZeros(m)] - base), bytes, writes);
            }
        }

        private void note(int offset, int bytes, boolean writes) {
            if (bytes == 0) {
                return;
            }
            if (readInBranch == null) {
                int count = (of.data.length + 3) / 4;
                readInBranch = new int[count];
                writtenInBranch = new int[count];
                readBeside = new int[count];
                writtenBeside = new int[count];
            }
            int[] reads = branch ? readInBranch : readBeside;
            int[] writtenThere = branch ? writtenBeside : writtenInBranch;
            int[] readThere = branch ? readBeside : readInBranch;
            int[] mine = writes ? branch ? writtenInBranch : writtenBeside : reads;
            for (int i = offset >> 2; i <= offset + bytes - 1 >> 2; i++) {
                if (writtenThere[i] != 0) {
                    throw race(i, writes ? "writes" : "reads", writtenThere[i], "writes");
                }
                if (writes && readThere[i] != 0) {
                    throw race(i, "writes", readThere[i], "reads");
                }
                mine[i] = steps.size();
            }
        }

        private PtxFault race(int word, String does, int other, String did) {
            String inBranch = "in the branch";
            String beside = "beside it";
            return new PtxFault("race between streams: step " + steps.getLast() + " " + (branch ? inBranch : beside) + " " + does
                    + " what step " + steps.get(other - 1) + " " + (branch ? beside : inBranch) + " " + did
                    + ", and no join is between the two: " + of.describe(of.address + 4L * word));
        }
    }
}
