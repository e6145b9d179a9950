import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One MoCo training step in official libtorch, timed: a peer of {@code jmoco bench step}, the same step as moco_step_torch.py.
 *
 * <p>Autograd, SGD by hand on the gradients. Arguments are {@code name=value}: batch, image, width, splits, queue, dim, steps,
 * warmup, layout (contiguous or channels_last), malloc (what the environment set, a word for the result). Prints one JSON object. f32.
 */
public final class LibtorchStep {
    private static final Map<String, String> OPTIONS = new LinkedHashMap<>(Map.of("batch", "128", "image", "32", "width", "64", "splits", "8",
            "queue", "4096", "dim", "128", "steps", "3", "warmup", "2", "layout", "contiguous"));

    static {
        OPTIONS.put("malloc", "default"); // a word for the result: the setting itself is the environment's
    }

    private final NDManager root;
    private final int splits = number("splits");
    private final boolean channelsLast = OPTIONS.get("layout").equals("channels_last");

    /** Weights and statistics of an encoder, in order of use. */
    private final class Encoder {
        final List<NDArray> parameters = new ArrayList<>();
        final List<NDArray> statistics = new ArrayList<>();
        private int nextParameter;
        private int nextStatistics;

        NDArray forward(NDArray x) {
            nextParameter = 0;
            nextStatistics = 0;
            int width = number("width");
            NDArray y = norm(conv(x, width, 3, 1, 1), width, null, true);
            int c = width;
            for (int stage = 0; stage < 4; stage++) {
                int k = width << stage;
                for (int block = 0; block < 2; block++) {
                    y = basicBlock(y, c, k, stage > 0 && block == 0 ? 2 : 1);
                    c = k;
                }
            }
            NDArray pooled = y.mean(new int[] {3}).mean(new int[] {2});
            int in = c;
            NDArray w = parameter(() -> gaussian(new Shape(number("dim"), in), Math.sqrt(1.0 / in)));
            NDArray b = parameter(() -> root.zeros(new Shape(number("dim"))));
            return unitRows(pooled.matMul(w.transpose()).add(b));
        }

        private NDArray basicBlock(NDArray x, int c, int k, int stride) {
            NDArray y = norm(conv(x, k, 3, stride, 1), k, null, true);
            y = conv(y, k, 3, 1, 1);
            NDArray shortcut = stride == 1 && c == k ? x : norm(conv(x, k, 1, stride, 0), k, null, false);
            return norm(y, k, shortcut, true);
        }

        private NDArray conv(NDArray x, int k, int r, int stride, int pad) {
            long c = x.getShape().get(1);
            NDArray w = parameter(() -> format(gaussian(new Shape(k, c, r, r), Math.sqrt(2.0 / (c * r * r)))));
            return Conv2d.conv2d(x, w, null, new Shape(stride, stride), new Shape(pad, pad), new Shape(1, 1), 1).singletonOrThrow();
        }

        /** Sample n is in group n mod splits; the running statistics are the mean of the groups' updated copies. */
        private NDArray norm(NDArray x, int c, NDArray residual, boolean relu) {
            NDArray gamma = parameter(() -> root.ones(new Shape(c)));
            NDArray beta = parameter(() -> root.zeros(new Shape(c)));
            NDArray mean = statistic(() -> root.zeros(new Shape(c)));
            NDArray variance = statistic(() -> root.ones(new Shape(c)));
            NDArray groupMean = mean.tile(splits);
            NDArray groupVariance = variance.tile(splits);
            Shape s = x.getShape();
            NDArray y = BatchNorm.batchNorm(x.reshape(-1, (long) c * splits, s.get(2), s.get(3)), groupMean, groupVariance, gamma.tile(splits),
                    beta.tile(splits), 1, 0.9f, 1e-5f, true).singletonOrThrow().reshape(s);
            mean.set(groupMean.reshape(splits, c).mean(new int[] {0}).toFloatArray());
            variance.set(groupVariance.reshape(splits, c).mean(new int[] {0}).toFloatArray());
            y = channelsLast ? format(y) : y;
            y = residual == null ? y : y.add(residual);
            return relu ? y.getNDArrayInternal().relu() : y;
        }

        private NDArray parameter(java.util.function.Supplier<NDArray> first) {
            if (nextParameter == parameters.size()) {
                parameters.add(first.get());
            }
            return parameters.get(nextParameter++);
        }

        private NDArray statistic(java.util.function.Supplier<NDArray> first) {
            if (nextStatistics == statistics.size()) {
                statistics.add(first.get());
            }
            return statistics.get(nextStatistics++);
        }
    }

    private final Encoder query = new Encoder();
    private final Encoder key = new Encoder();
    private final List<NDArray> velocity = new ArrayList<>();
    private final NDArray queue;
    private final NDArray imagesQuery;
    private final NDArray imagesKey;
    private int head;
    private boolean checked; // whether a step had a gradient for every parameter

    private LibtorchStep(NDManager root) {
        this.root = root;
        Shape images = new Shape(number("batch"), 3, number("image"), number("image"));
        imagesQuery = format(gaussian(images, 1));
        imagesKey = format(gaussian(images, 1));
        queue = unitRows(gaussian(new Shape(number("queue"), number("dim")), 1));
        query.forward(imagesQuery); // makes the weights
        key.forward(imagesKey);
        for (int i = 0; i < query.parameters.size(); i++) {
            NDArray q = query.parameters.get(i);
            key.parameters.set(i, q.duplicate());
            velocity.add(q.zerosLike());
            q.setRequiresGradient(true);
        }
    }

    private NDArray gaussian(Shape shape, double deviation) {
        return root.randomNormal(0, (float) deviation, shape, DataType.FLOAT32);
    }

    /**
     * The same values with N x H x W x C strides, which libtorch calls channels_last. By way of a flat copy, which autograd follows:
     * it does not follow {@link NDArray#duplicate}.
     */
    private NDArray format(NDArray x) {
        if (!channelsLast) {
            return x;
        }
        NDArray turned = x.transpose(0, 2, 3, 1);
        return turned.flatten().reshape(turned.getShape()).transpose(0, 3, 1, 2);
    }

    private static NDArray unitRows(NDArray x) {
        return x.div(x.square().sum(new int[] {1}, true).sqrt().maximum(1e-12f));
    }

    /** A step whose intermediate tensors are freed at its end: results belong to the manager of their operands. */
    private float step() {
        try (NDManager forOneStep = root.newSubManager()) {
            List<NDArray> lasting = new ArrayList<>(List.of(imagesQuery, imagesKey, queue));
            lasting.addAll(velocity);
            for (Encoder e : new Encoder[] {query, key}) {
                lasting.addAll(e.parameters);
                lasting.addAll(e.statistics);
            }
            new NDList(lasting).tempAttach(forOneStep);
            return step(forOneStep);
        }
    }

    private float step(NDManager memory) {
        int n = number("batch");
        for (int i = 0; i < key.parameters.size(); i++) {
            key.parameters.get(i).muli(0.99f).addi(query.parameters.get(i).mul(0.01f));
        }
        NDArray shuffle = memory.randomUniform(0, 1, new Shape(n)).argSort();
        NDArray keys = unitRows(key.forward(imagesKey.get(shuffle))).get(shuffle.argSort());
        float value;
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray q = query.forward(imagesQuery);
            NDArray positive = q.mul(keys).sum(new int[] {1}, true);
            NDArray logits = positive.concat(q.matMul(queue.transpose()), 1).div(0.1f);
            NDArray loss = logits.logSoftmax(1).get(new NDIndex(":, 0")).mean().neg();
            collector.backward(loss);
            value = loss.getFloat();
        }
        for (int i = 0; i < velocity.size(); i++) {
            NDArray w = query.parameters.get(i);
            NDArray g = w.getGradient();
            if (!checked && g.abs().max().getFloat() == 0) {
                throw new IllegalStateException("no gradient reached parameter " + i + " of shape " + w.getShape());
            }
            NDArray v = velocity.get(i);
            v.muli(0.9f).addi(g).addi(w.mul(5e-4f));
            w.subi(v.mul(0.03f));
            g.subi(g);
        }
        checked = true;
        for (int i = 0; i < n; i++) { // one copy unless the ring wraps around
            int rows = Math.min(n - i, number("queue") - head);
            queue.set(new NDIndex(head + ":" + (head + rows)), keys.get(new NDIndex(i + ":" + (i + rows))));
            head = (head + rows) % number("queue");
            i += rows - 1;
        }
        return value;
    }

    private static int number(String option) {
        return Integer.parseInt(OPTIONS.get(option));
    }

    public static void main(String[] args) {
        for (String a : args) {
            String[] pair = a.split("=", 2);
            if (pair.length < 2 || OPTIONS.replace(pair[0], pair[1]) == null) {
                System.err.println("libtorch peer: unknown argument " + a + "; known: " + OPTIONS.keySet());
                System.exit(2);
            }
        }
        int steps = number("steps");
        double[] millis = new double[steps];
        float loss = Float.NaN;
        try (NDManager root = NDManager.newBaseManager("PyTorch")) {
            LibtorchStep moco = new LibtorchStep(root);
            for (int i = -number("warmup"); i < steps; i++) {
                long start = System.nanoTime();
                loss = moco.step();
                if (i >= 0) {
                    millis[i] = (System.nanoTime() - start) * 1e-6;
                }
            }
        }
        if (!Float.isFinite(loss)) {
            System.err.println("libtorch peer: the loss is " + loss);
            System.exit(1);
        }
        Arrays.sort(millis);
        double median = millis[steps / 2];
        System.out.printf(Locale.ROOT, "{\"images_per_s\": %.3f, \"ms_median\": %.2f, \"ms_min\": %.2f, \"ms_max\": %.2f, \"loss\": %.5f, "
                + "\"what\": \"libtorch %s by DJL, %s, malloc=%s\"}%n", number("batch") / median * 1e3, median, millis[0], millis[steps - 1], loss,
                Engine.getInstance().getVersion(), OPTIONS.get("layout"), OPTIONS.get("malloc"));
        System.exit(0);
    }
}
