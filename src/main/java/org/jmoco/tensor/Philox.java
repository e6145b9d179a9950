package org.jmoco.tensor;

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3"
 * (SC 2011). A draw is a pure function of (seed, purpose, epoch, item, number of the draw), so results do not depend on
 * the order in which threads ask, and a resumed run continues exactly without stored state.
 *
 * <p>Key = the 64-bit seed. Counter words: c0 = number of the block of four draws, c1 = item (image index, parameter
 * index), c2 = epoch, c3 = purpose. One instance is one stream of 32-bit words; it is cheap to make and not thread-safe.
 */
public final class Philox {
    /** What the numbers are for; each purpose is a stream of its own. The ordinals are part of the checkpoint format. */
    public enum Purpose {
        WEIGHTS, QUEUE, ORDER, SHUFFLE, VIEW_QUERY, VIEW_KEY, PHANTOM, BOOTSTRAP, VIEW_TRAIN, DATA_SPLIT, TEST
    }

    private static final int M0 = 0xD2511F53;
    private static final int M1 = 0xCD9E8D57;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;

    private final int k0;
    private final int k1;
    private final int c1;
    private final int c2;
    private final int c3;
    private int block;
    private int used = 4;
    private int x0;
    private int x1;
    private int x2;
    private int x3;

    public Philox(long seed, Purpose purpose, int epoch, int item) {
        this(seed, purpose.ordinal(), epoch, item);
    }

    Philox(long seed, int c3, int c2, int c1) {
        this.k0 = (int) seed;
        this.k1 = (int) (seed >>> 32);
        this.c1 = c1;
        this.c2 = c2;
        this.c3 = c3;
    }

    /** The next 32 random bits. */
    public int nextInt() {
        if (used == 4) {
            generate(block++);
            used = 0;
        }
        return switch (used++) {
            case 0 -> x0;
            case 1 -> x1;
            case 2 -> x2;
            default -> x3;
        };
    }

    /** Uniform on [0, 1), a multiple of 2^-24, so exact in f32. */
    public float nextFloat() {
        return (nextInt() >>> 8) * 0x1p-24f;
    }

    /** Uniform on [0, 1), a multiple of 2^-53; takes two words, the high one first. */
    public double nextDouble() {
        long high = nextInt() >>> 5;
        long low = nextInt() >>> 6;
        return (high * 0x1p26 + low) * 0x1p-53;
    }

    /** Uniform on [low, high). */
    public double nextDouble(double low, double high) {
        return low + (high - low) * nextDouble();
    }

    /** Uniform integer in [0, bound) by multiply-high; its bias is below bound / 2^32. */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("philox: bound must be positive, is " + bound);
        }
        return (int) (((nextInt() & 0xffffffffL) * bound) >>> 32);
    }

    public boolean nextBoolean(double probability) {
        return nextDouble() < probability;
    }

    /** Standard normal by Box-Muller; takes four words a value. */
    public double nextGaussian() {
        double u = 1.0 - nextDouble();
        double v = nextDouble();
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * StrictMath.PI * v);
    }

    /** A random permutation of 0 .. n-1 (Fisher-Yates, from the top). */
    public int[] permutation(int n) {
        int[] p = new int[n];
        for (int i = 0; i < n; i++) {
            p[i] = i;
        }
        for (int i = n - 1; i > 0; i--) {
            int j = nextInt(i + 1);
            int t = p[i];
            p[i] = p[j];
            p[j] = t;
        }
        return p;
    }

    private void generate(int c0) {
        int a = c0;
        int b = c1;
        int c = c2;
        int d = c3;
        int ka = k0;
        int kb = k1;
        for (int round = 0; round < 10; round++) {
            long p0 = (M0 & 0xffffffffL) * (a & 0xffffffffL);
            long p1 = (M1 & 0xffffffffL) * (c & 0xffffffffL);
            int na = (int) (p1 >>> 32) ^ b ^ ka;
            int nc = (int) (p0 >>> 32) ^ d ^ kb;
            b = (int) p1;
            d = (int) p0;
            a = na;
            c = nc;
            ka += W0;
            kb += W1;
        }
        x0 = a;
        x1 = b;
        x2 = c;
        x3 = d;
    }
}
