package org.jmoco.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Region;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * One flat array with named views: all weights of an encoder, or their gradients, or an optimiser's moments, or the running
 * statistics. Flat, so that an optimiser or the momentum update is a single pass over a single array.
 *
 * <p>Each view starts on a multiple of {@value #ALIGNMENT} elements (a cache line of f32, and the widest vector). The gaps
 * hold zeros and stay zero under every optimiser here, since their gradients are zero.
 */
public final class Parameters {
    static final int ALIGNMENT = 16;

    private final List<ParameterSpec> specs;
    private final Buffer flat;
    private final Map<String, Buffer> views = new LinkedHashMap<>();

    private Parameters(List<ParameterSpec> specs, Buffer flat) {
        this.specs = specs;
        this.flat = flat;
    }

    /**
     * Declares the flat array in {@code region} and its views.
     *
     * @param prefix stands before the names of the views in tables and errors, as in {@code q}
     * @throws UserError if they are more than one array can hold
     */
    public static Parameters declare(Backend backend, Region region, String prefix, List<ParameterSpec> specs) {
        long total = specs.stream().mapToLong(Parameters::stride).sum();
        if (total > Integer.MAX_VALUE) {
            throw UserError.usage("parameters " + prefix + ": a network of " + total + " weights, but one array holds at most "
                    + Integer.MAX_VALUE + ". Lower --width or --dim.");
        }
        Buffer flat = backend.declare(region, prefix, Shape.of((int) total));
        Parameters p = new Parameters(List.copyOf(specs), flat);
        long offset = 0;
        for (ParameterSpec s : specs) {
            if (p.views.put(s.name(), flat.view(prefix + "." + s.name(), offset, s.shape())) != null) {
                throw new IllegalArgumentException("parameters: two tensors are named " + s.name());
            }
            offset += stride(s);
        }
        return p;
    }

    /**
     * The tensors from {@code first} on as parameters of their own: views of the same memory.
     *
     * @throws IllegalArgumentException if there is no such tensor
     */
    public Parameters from(String first) {
        long start = get(first).offset() - flat.offset();
        int at = specs.indexOf(specs.stream().filter(s -> s.name().equals(first)).findFirst().orElseThrow());
        Parameters p = new Parameters(specs.subList(at, specs.size()),
                flat.view(flat.name() + "." + first + "..", start, Shape.of(Math.toIntExact(flat.size() - start))));
        p.specs.forEach(s -> p.views.put(s.name(), get(s.name())));
        return p;
    }

    private static long stride(ParameterSpec s) {
        return (s.shape().size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    public List<ParameterSpec> specs() {
        return specs;
    }

    /** All elements, gaps included. */
    public Buffer flat() {
        return flat;
    }

    /** @throws IllegalArgumentException if there is no tensor of that name */
    public Buffer get(String name) {
        Buffer b = views.get(name);
        if (b == null) {
            throw new IllegalArgumentException("parameters " + flat.name() + ": no tensor is named " + name);
        }
        return b;
    }

    /** Number of weights, gaps not counted. */
    public long count() {
        return specs.stream().mapToLong(s -> s.shape().size()).sum();
    }

    /** All tensors in checkpoint layout, in order of declaration. */
    public Map<String, HostTensor> download(Backend backend) {
        HostTensor all = backend.download(flat);
        Map<String, HostTensor> out = new LinkedHashMap<>();
        for (ParameterSpec s : specs) {
            Buffer v = get(s.name());
            out.put(s.name(), s.toCheckpoint(slice(all, Math.toIntExact(v.offset() - flat.offset()), s.shape())));
        }
        return out;
    }

    /**
     * Writes tensors given in checkpoint layout; those that are not named here are ignored.
     *
     * @throws IllegalArgumentException if one of ours is missing or has another shape
     */
    public void upload(Backend backend, Map<String, HostTensor> tensors) {
        for (ParameterSpec s : specs) {
            HostTensor t = tensors.get(s.name());
            if (t == null || !t.shape().equals(s.checkpointShape())) {
                throw new IllegalArgumentException("parameters " + flat.name() + ": " + s.name() + " is "
                        + (t == null ? "missing" : t.shape()) + " but must be " + s.checkpointShape());
            }
            backend.upload(get(s.name()), s.fromCheckpoint(t));
        }
    }

    private static HostTensor slice(HostTensor all, int offset, Shape shape) {
        int n = Math.toIntExact(shape.size());
        return switch (all.dtype()) {
            case F32 -> HostTensor.of(shape, java.util.Arrays.copyOfRange(all.floats(), offset, offset + n));
            case F64 -> HostTensor.of(shape, java.util.Arrays.copyOfRange(all.doubles(), offset, offset + n));
            default -> throw new IllegalStateException("parameters are f32 or f64, not " + all.dtype());
        };
    }
}
