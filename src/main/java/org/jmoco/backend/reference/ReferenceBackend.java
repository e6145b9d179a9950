package org.jmoco.backend.reference;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Region;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The reference backend: every operation as nested loops over Java arrays, in f64, or in f32 with f64 sums, or in f32 with bf16
 * or f16 feature maps: the model of a device that computes in these.
 *
 * <p>Each region's arena is one {@code double[]} for its real buffers and one {@code int[]} for its I32 ones; the home of a
 * root is that array, its address the index of its first element there times the size of an element, from the byte offset that
 * the {@link org.jmoco.backend.MemoryPlan} gave it. So transients overlap here just as they do on a device. In F32 an element
 * still takes a double, rounded to f32.
 *
 * <p>Unlike other backends its launches make temporary arrays, the largest being a convolution's weights or output gradient
 * in another order: it is written to be read.
 */
public final class ReferenceBackend extends Backend {
    private final DType real;
    private final DType maps;
    private final Workers workers;
    private final Ops ops;

    private ReferenceBackend(DType real, DType maps, int threads) {
        this.real = real;
        this.maps = maps;
        workers = new Workers(threads);
        ops = new ReferenceOps(workers);
    }

    /**
     * @param real F64, or F32: every stored value rounded once to f32
     * @param threads number of threads, at least 1; results do not depend on it
     */
    public static ReferenceBackend open(DType real, int threads) {
        return open(real, real, threads);
    }

    /**
     * As above, with feature maps of another type.
     *
     * @param maps the real type, or BF16 or F16 where that is F32: maps are rounded when they are stored, filters when
     *     convolutions read them, filters' gradients before they are added
     */
    public static ReferenceBackend open(DType real, DType maps, int threads) {
        if (real != DType.F64 && real != DType.F32) {
            throw UserError.usage("reference backend: computes in f64 or f32, not in " + real);
        }
        if (maps != real && (real != DType.F32 || maps != DType.BF16 && maps != DType.F16)) {
            throw UserError.usage("reference backend: feature maps are " + real + ", or bf16 or f16 where the rest is f32, not "
                    + maps);
        }
        if (threads < 1) {
            throw UserError.usage("reference backend: --threads must be at least 1, is " + threads);
        }
        return new ReferenceBackend(real, maps, threads);
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public boolean ranksRows() {
        return true;
    }

    @Override
    public String describe() {
        return "reference: nested loops in Java, " + real + (real == DType.F32 ? " with f64 sums" : "")
                + (maps == real ? "" : " and " + maps + " feature maps") + ", " + workers.threads()
                + (workers.threads() == 1 ? " thread" : " threads");
    }

    @Override
    public DType real() {
        return real;
    }

    @Override
    public DType featureMaps() {
        return maps;
    }

    /** Filters are rounded where they are read. */
    @Override
    protected boolean copiesWeights() {
        return false;
    }

    @Override
    public String arithmetic() {
        return name() + " " + maps;
    }

    @Override
    protected Ops ops() {
        return ops;
    }

    @Override
    protected long placeArenas(Map<Region, Long> arenaBytes, List<Buffer> roots) {
        Map<Region, Integer> realLength = new EnumMap<>(Region.class);
        Map<Region, Integer> intLength = new EnumMap<>(Region.class);
        for (Buffer b : roots) {
            requireKnown(b);
            long end = first(b) + b.size();
            if (end > Integer.MAX_VALUE - 8) { // the longest array that Java virtual machines make
                throw tooLarge(arenaBytes);
            }
            (b.dtype() == DType.I32 ? intLength : realLength).merge(b.region(), (int) end, Math::max);
        }
        try {
            Map<Region, double[]> reals = new EnumMap<>(Region.class);
            Map<Region, int[]> ints = new EnumMap<>(Region.class);
            realLength.forEach((region, length) -> reals.put(region, new double[length]));
            intLength.forEach((region, length) -> ints.put(region, new int[length]));
            for (Buffer b : roots) {
                b.place(b.dtype() == DType.I32 ? ints.get(b.region()) : reals.get(b.region()), first(b) * b.dtype().bytes);
            }
        } catch (OutOfMemoryError e) {
            throw tooLarge(arenaBytes);
        }
        return 0;
    }

    /**
     * Index in its array of a root's first element: buffers of all types are laid out in units of the smallest, and stay apart.
     */
    private long first(Buffer b) {
        return memory().offset(b) / (b.dtype() == DType.I32 ? b.dtype() : maps).bytes;
    }

    private void requireKnown(Buffer b) {
        if (b.dtype() != real && b.dtype() != maps && b.dtype() != DType.I32) {
            throw new IllegalArgumentException("reference backend: holds " + real + " and i32, but " + b + " is declared");
        }
    }

    private UserError tooLarge(Map<Region, Long> arenaBytes) {
        long elements = arenaBytes.values().stream().mapToLong(Long::longValue).sum() / real.bytes;
        return UserError.failed(String.format(Locale.ROOT,
                "reference backend: its tensors need about %d MB of Java heap, which is limited to %d MB; lower --batch or"
                + " --width, or raise the heap (JMOCO_HEAP=8g)", elements * Double.BYTES / 1_000_000,
                Runtime.getRuntime().maxMemory() / 1_000_000));
    }

    /** Index of a placed buffer's first element in the array that is its home. */
    static int firstIndex(Buffer b) {
        return (int) (b.address() / b.dtype().bytes);
    }

    @Override
    public void upload(Buffer dst, HostTensor src) {
        boolean fits = dst.dtype() == DType.I32 ? src.dtype() == DType.I32 : src.dtype() == DType.F32 || src.dtype() == DType.F64;
        if (!fits || src.size() != dst.size()) {
            throw new IllegalArgumentException("upload " + dst + ": values are " + src.dtype() + " " + src.shape());
        }
        if (dst.dtype() == DType.I32) {
            System.arraycopy(src.ints(), 0, dst.home(), firstIndex(dst), src.size());
            return;
        }
        Reals values = new Reals(dst);
        for (int i = 0; i < src.size(); i++) {
            values.set(i, src.get(i));
        }
    }

    @Override
    public HostTensor download(Buffer src) {
        HostTensor out = HostTensor.zeros(src.dtype().hostForm(), src.shape());
        if (src.dtype() == DType.I32) {
            System.arraycopy(src.home(), firstIndex(src), out.ints(), 0, out.size());
            return out;
        }
        Reals values = new Reals(src);
        for (int i = 0; i < out.size(); i++) {
            if (out.dtype() == DType.F32) {
                out.floats()[i] = (float) values.get(i);
            } else {
                out.doubles()[i] = values.get(i);
            }
        }
        return out;
    }

    @Override
    public void close() {
        workers.close();
    }
}
