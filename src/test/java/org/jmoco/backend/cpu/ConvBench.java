package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Times the convolutions of one MoCo step of a ResNet-18 with CIFAR stem: for each layer and direction the chosen method and
 * oneDNN's direct kernels in turns, in milliseconds and GFLOP/s of the direct form, and the sum over the step. Results are
 * compared before they are timed.
 *
 * <p>{@code java ... org.jmoco.backend.cpu.ConvBench [batch 128] [image 32] [width 64] [threads 2] [repeats 7] [layer name]}
 */
public final class ConvBench {
    private enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS }

    /** @param perStep how often the layer occurs in the network */
    private record Layer(String name, ConvProblem problem, int perStep) {}

    private ConvBench() {}

    public static void main(String[] args) {
        int n = argument(args, 0, 128);
        int image = argument(args, 1, 32);
        int width = argument(args, 2, 64);
        int threads = argument(args, 3, Runtime.getRuntime().availableProcessors());
        int repeats = argument(args, 4, 7);
        String only = args.length > 5 ? args[5] : "";
        List<Layer> layers = new ArrayList<>();
        layers.add(new Layer("stem", new ConvProblem(n, image, image, 3, width, 3, 3, 1, 1), 1));
        int size = image;
        int channels = width;
        for (int stage = 1; stage <= 4; stage++) {
            if (stage > 1) {
                layers.add(new Layer("layer" + stage + ".0.conv1",
                        new ConvProblem(n, size, size, channels, 2 * channels, 3, 3, 2, 1), 1));
                layers.add(new Layer("layer" + stage + ".0.down",
                        new ConvProblem(n, size, size, channels, 2 * channels, 1, 1, 2, 0), 1));
                size = (size + 1) / 2;
                channels *= 2;
            }
            layers.add(new Layer("layer" + stage, new ConvProblem(n, size, size, channels, channels, 3, 3, 1, 1),
                    stage == 1 ? 4 : 3));
        }
        System.out.printf("%d threads, batch %d; ms are medians of %d (min)%n", threads, n, repeats);
        double[] sums = new double[2];
        double flops = 0;
        try (Workers workers = new Workers(threads)) {
            for (Layer layer : layers) {
                if (!layer.name.startsWith(only)) {
                    continue;
                }
                for (Direction direction : Direction.values()) {
                    // Query and key encoder go forward; the stem needs no gradient of its input.
                    int times = layer.perStep * (direction == Direction.FORWARD ? 2
                            : direction == Direction.BACKWARD_DATA && layer.name.equals("stem") ? 0 : 1);
                    double[] millis = time(layer, direction, workers, repeats);
                    flops += times * layer.problem.flops();
                    for (int i = 0; i < 2; i++) {
                        sums[i] += times * millis[i];
                    }
                }
            }
        }
        System.out.printf("step: %.0f ms, direct %.0f ms, ratio %.2f; %.0f GFLOP, %.0f and %.0f GFLOP/s%n",
                sums[0], sums[1], sums[1] / sums[0], flops / 1e9, flops / sums[0] / 1e6, flops / sums[1] / 1e6);
    }

    private static int argument(String[] args, int i, int otherwise) {
        return args.length > i ? Integer.parseInt(args[i]) : otherwise;
    }

    private static ConvKernel kernel(Direction direction, ConvProblem p, ConvMethod method, Workers workers) {
        return switch (direction) {
            case FORWARD -> method.forward(p, workers);
            case BACKWARD_DATA -> method.backwardData(p, false, workers);
            case BACKWARD_WEIGHTS -> method.backwardWeights(p, false, workers);
        };
    }

    private static double[] time(Layer layer, Direction direction, Workers workers, int repeats) {
        ConvProblem p = layer.problem;
        ConvMethod method = ConvMethod.of(p, direction != Direction.FORWARD);
        long x = p.xSize();
        long w = p.wSize();
        long y = p.ySize();
        long[] sizes = switch (direction) {
            case FORWARD -> new long[] {x, w, y};
            case BACKWARD_DATA -> new long[] {y, w, x};
            case BACKWARD_WEIGHTS -> new long[] {x, y, w};
        };
        try (ConvKernel chosen = kernel(direction, p, method, workers);
                ConvKernel direct = kernel(direction, p, ConvMethod.DIRECT, workers);
                NativeMemory scratch = NativeMemory.allocate("scratch",
                        Math.max(chosen.scratchBytes(), direct.scratchBytes()));
                NativeMemory a = random(sizes[0], 1);
                NativeMemory b = random(sizes[1], 2);
                NativeMemory out = random(sizes[2], 3);
                NativeMemory other = random(sizes[2], 4)) {
            chosen.bind(scratch.address());
            direct.bind(scratch.address());
            double[][] millis = new double[2][repeats];
            for (int i = -2; i < repeats; i++) {
                long t0 = System.nanoTime();
                chosen.run(a.address(), b.address(), out.address());
                long t1 = System.nanoTime();
                direct.run(a.address(), b.address(), other.address());
                long t2 = System.nanoTime();
                if (i == -2) {
                    compare(layer + " " + direction, out, other, sizes[2]);
                }
                if (i >= 0) {
                    millis[0][i] = (t1 - t0) / 1e6;
                    millis[1][i] = (t2 - t1) / 1e6;
                }
            }
            Arrays.sort(millis[0]);
            Arrays.sort(millis[1]);
            double[] medians = {millis[0][repeats / 2], millis[1][repeats / 2]};
            System.out.printf("%-15s %-16s %8.2f ms (%7.2f) %5.0f GFLOP/s | direct %8.2f ms (%7.2f) %5.0f GFLOP/s | %.2f | %s%n",
                    layer.name, direction.name().toLowerCase(), medians[0], millis[0][0], p.flops() / medians[0] / 1e6,
                    medians[1], millis[1][0], p.flops() / medians[1] / 1e6, medians[1] / medians[0], chosen.describe());
            return medians;
        }
    }

    private static NativeMemory random(long size, long seed) {
        NativeMemory memory = NativeMemory.allocate("tensor", 4 * size);
        Random random = new Random(seed);
        for (long i = 0; i < size; i++) {
            memory.segment().setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return memory;
    }

    private static void compare(String what, NativeMemory a, NativeMemory b, long size) {
        double difference = 0;
        double square = 0;
        for (long i = 0; i < size; i++) {
            double x = a.segment().getAtIndex(JAVA_FLOAT, i);
            double y = b.segment().getAtIndex(JAVA_FLOAT, i);
            difference += (x - y) * (x - y);
            square += y * y;
        }
        if (!(difference <= 1e-9 * square)) {
            throw new IllegalStateException(what + ": methods differ, relative " + Math.sqrt(difference / square));
        }
    }
}
