package org.jmoco.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The part of oneDNN's C API (version 3) that this package uses: f32 memory descriptors, convolution and reorder
 * primitives. Handles are raw addresses; {@link DnnlPrimitive} owns them. Constants are those of
 * {@code oneapi/dnnl/dnnl_types.h} and {@code dnnl_common_types.h}.
 *
 * <p>Every primitive is made with one OpenMP thread and the scratchpad supplied by the caller, so that several
 * {@link Workers} run the same primitive at once, each on its own part of the batch.
 */
@SuppressWarnings("restricted") // reads a string that oneDNN owns
final class Dnnl {
    static final int ARG_SRC = 1;
    static final int ARG_DST = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_SCRATCHPAD = 80;
    static final int ARG_DIFF_SRC = 129;
    static final int ARG_DIFF_DST = 145;
    static final int ARG_DIFF_WEIGHTS = 161;

    static final int QUERY_IMPL_INFO = 8;
    static final int QUERY_SRC_MD = 129;
    static final int QUERY_DIFF_SRC_MD = 130;
    static final int QUERY_WEIGHTS_MD = 131;
    static final int QUERY_DIFF_WEIGHTS_MD = 132;
    static final int QUERY_DST_MD = 133;
    static final int QUERY_DIFF_DST_MD = 134;
    static final int QUERY_SCRATCHPAD_MD = 136;

    /** Lets the primitive choose the layout. */
    static final int TAG_ANY = 1;

    private static final int F32 = 3;
    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int FORWARD_TRAINING = 64;
    private static final int CONVOLUTION_DIRECT = 1;
    private static final int SCRATCHPAD_USER = 1;
    private static final int ISA_AVX2 = 7; // bits: SSE4.1, AVX, AVX2
    private static final int ISA_AVX512 = ISA_AVX2 | 1 << 5; // avx512_core: F, BW, DQ and VL
    private static final int UNIMPLEMENTED = 3;

    private static final DnnlLibrary LIB = DnnlLibrary.open();
    private static final FunctionDescriptor VOID_INT = FunctionDescriptor.ofVoid(JAVA_INT);

    private static final MethodHandle OMP_SET_NUM_THREADS = LIB.openMp("omp_set_num_threads", VOID_INT);
    private static final MethodHandle ENGINE_CREATE =
            LIB.dnnl("dnnl_engine_create", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG));
    private static final MethodHandle STREAM_CREATE =
            LIB.dnnl("dnnl_stream_create", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle MD_WITH_STRIDES = LIB.dnnl("dnnl_memory_desc_create_with_strides",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MD_WITH_TAG = LIB.dnnl("dnnl_memory_desc_create_with_tag",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle MD_SIZE =
            LIB.dnnl("dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MD_EQUAL =
            LIB.dnnl("dnnl_memory_desc_equal", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MD_DESTROY = LIB.dnnl("dnnl_memory_desc_destroy", DnnlLibrary.statusOfLongs(1));
    private static final MethodHandle MEMORY_CREATE = LIB.dnnl("dnnl_memory_create", DnnlLibrary.statusOfLongs(4));
    private static final MethodHandle MEMORY_DESTROY = LIB.dnnl("dnnl_memory_destroy", DnnlLibrary.statusOfLongs(1));
    // Some nanoseconds each and called per chunk: critical leaves out the thread state changes.
    private static final MethodHandle MEMORY_SET_HANDLE = LIB.dnnl("dnnl_memory_set_data_handle",
            DnnlLibrary.statusOfLongs(2), Linker.Option.critical(false));
    private static final MethodHandle ATTR_CREATE =
            LIB.dnnl("dnnl_primitive_attr_create", DnnlLibrary.statusOfLongs(1));
    private static final MethodHandle ATTR_SCRATCHPAD = LIB.dnnl("dnnl_primitive_attr_set_scratchpad_mode",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle CONV_FORWARD = LIB.dnnl("dnnl_convolution_forward_primitive_desc_create",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle CONV_BACKWARD_DATA =
            LIB.dnnl("dnnl_convolution_backward_data_primitive_desc_create",
                    FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle CONV_BACKWARD_WEIGHTS =
            LIB.dnnl("dnnl_convolution_backward_weights_primitive_desc_create",
                    FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle REORDER =
            LIB.dnnl("dnnl_reorder_primitive_desc_create", DnnlLibrary.statusOfLongs(6));
    private static final MethodHandle PD_QUERY = LIB.dnnl("dnnl_primitive_desc_query",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle PD_QUERY_MD = LIB.dnnl("dnnl_primitive_desc_query_md",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle PD_DESTROY =
            LIB.dnnl("dnnl_primitive_desc_destroy", DnnlLibrary.statusOfLongs(1));
    private static final MethodHandle PRIMITIVE_CREATE =
            LIB.dnnl("dnnl_primitive_create", DnnlLibrary.statusOfLongs(2));
    private static final MethodHandle PRIMITIVE_DESTROY =
            LIB.dnnl("dnnl_primitive_destroy", DnnlLibrary.statusOfLongs(1));
    private static final MethodHandle PRIMITIVE_EXECUTE = LIB.dnnl("dnnl_primitive_execute",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG));

    private static final MethodHandle EFFECTIVE_ISA =
            LIB.dnnl("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));

    private static final long ENGINE = createEngine();

    private Dnnl() {}

    /**
     * Makes oneDNN single-threaded on the calling thread, for primitives made there and for those run there. OpenMP
     * keeps this number per thread, so each worker calls it once.
     */
    static void oneThread() {
        try {
            OMP_SET_NUM_THREADS.invokeExact(1);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** Whether oneDNN runs its AVX2 kernels here (which use FMA as well). */
    static boolean hasAvx2() {
        return runs(ISA_AVX2);
    }

    /** Whether oneDNN runs its kernels for AVX-512 with BW, DQ and VL here. */
    static boolean hasAvx512() {
        return runs(ISA_AVX512);
    }

    private static boolean runs(int isa) {
        try {
            return ((int) EFFECTIVE_ISA.invokeExact() & isa) == isa;
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    private static long createEngine() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("engine", (int) ENGINE_CREATE.invokeExact(out.address(), CPU, 0L));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** A stream for one thread. */
    static long stream() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("stream", (int) STREAM_CREATE.invokeExact(out.address(), ENGINE, IN_ORDER));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** An f32 memory descriptor with strides in elements. */
    static long strided(long[] dims, long[] strides) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            long d = arena.allocateFrom(JAVA_LONG, dims).address();
            long s = arena.allocateFrom(JAVA_LONG, strides).address();
            check("memory descriptor",
                    (int) MD_WITH_STRIDES.invokeExact(out.address(), dims.length, d, F32, s));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** An f32 memory descriptor whose layout the primitive chooses. */
    static long any(long... dims) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            long d = arena.allocateFrom(JAVA_LONG, dims).address();
            check("memory descriptor", (int) MD_WITH_TAG.invokeExact(out.address(), dims.length, d, F32, TAG_ANY));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** Logical dims (n, c, h, w) stored as NHWC; for filters logical (k, c, r, s) stored as K x R x S x C. */
    static long channelsLast(long n, long c, long h, long w) {
        return strided(new long[] {n, c, h, w}, new long[] {h * w * c, 1, w * c, c});
    }

    /** Bytes of a tensor of descriptor {@code md}, padding included. */
    static long size(long md) {
        try {
            return (long) MD_SIZE.invokeExact(md);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static boolean sameLayout(long md1, long md2) {
        try {
            return (int) MD_EQUAL.invokeExact(md1, md2) != 0;
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static void destroyDescriptor(long md) {
        try {
            check("memory descriptor destroy", (int) MD_DESTROY.invokeExact(md));
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** A memory object without an address yet. */
    static long memory(long md) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("memory", (int) MEMORY_CREATE.invokeExact(out.address(), md, ENGINE, 0L));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static void setAddress(long memory, long address) {
        try {
            int status = (int) MEMORY_SET_HANDLE.invokeExact(memory, address);
            if (status != 0) {
                check("memory address", status);
            }
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static void destroyMemory(long memory) {
        try {
            check("memory destroy", (int) MEMORY_DESTROY.invokeExact(memory));
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** Attributes: scratchpad from the caller. */
    private static long attributes(Arena arena) throws Throwable {
        MemorySegment out = arena.allocate(JAVA_LONG);
        check("attributes", (int) ATTR_CREATE.invokeExact(out.address()));
        long attr = out.get(JAVA_LONG, 0);
        check("attributes", (int) ATTR_SCRATCHPAD.invokeExact(attr, SCRATCHPAD_USER));
        return attr;
    }

    /** y = conv(x, w) for descriptors of x, w, y. */
    static long forwardDescriptor(ConvProblem p, long x, long w, long y) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            Geometry g = new Geometry(arena, p);
            check("convolution forward " + p, (int) CONV_FORWARD.invokeExact(out.address(), ENGINE, FORWARD_TRAINING,
                    CONVOLUTION_DIRECT, x, w, 0L, y, g.stride, g.dilation, g.before, g.after,
                    attributes(arena)));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** dx = conv^T(dy, w); {@code hint} is the forward descriptor of the same problem. */
    static long backwardDataDescriptor(ConvProblem p, long dx, long w, long dy, long hint) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            Geometry g = new Geometry(arena, p);
            check("convolution backward data " + p, (int) CONV_BACKWARD_DATA.invokeExact(out.address(), ENGINE,
                    CONVOLUTION_DIRECT, dx, w, dy, g.stride, g.dilation, g.before, g.after, hint,
                    attributes(arena)));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** dw = sum over images and positions of x dy; {@code hint} as above. */
    static long backwardWeightsDescriptor(ConvProblem p, long x, long dw, long dy, long hint) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            Geometry g = new Geometry(arena, p);
            check("convolution backward weights " + p, (int) CONV_BACKWARD_WEIGHTS.invokeExact(out.address(), ENGINE,
                    CONVOLUTION_DIRECT, x, dw, 0L, dy, g.stride, g.dilation, g.before, g.after, hint,
                    attributes(arena)));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** The same values in another layout. */
    static long reorderDescriptor(long from, long to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("reorder",
                    (int) REORDER.invokeExact(out.address(), from, ENGINE, to, ENGINE, attributes(arena)));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** The memory descriptor of one operand of a primitive descriptor, owned by it. */
    static long query(long primitiveDescriptor, int what) {
        try {
            return (long) PD_QUERY_MD.invokeExact(primitiveDescriptor, what, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** The name of the implementation, such as {@code brgconv:avx2}. */
    static String implementation(long primitiveDescriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("implementation name",
                    (int) PD_QUERY.invokeExact(primitiveDescriptor, QUERY_IMPL_INFO, 0, out.address()));
            return MemorySegment.ofAddress(out.get(JAVA_LONG, 0)).reinterpret(256).getString(0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static void destroyPrimitiveDescriptor(long primitiveDescriptor) {
        try {
            check("primitive descriptor destroy", (int) PD_DESTROY.invokeExact(primitiveDescriptor));
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static long primitive(long primitiveDescriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check("primitive", (int) PRIMITIVE_CREATE.invokeExact(out.address(), primitiveDescriptor));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    static void destroyPrimitive(long primitive) {
        try {
            check("primitive destroy", (int) PRIMITIVE_DESTROY.invokeExact(primitive));
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    /** Runs a primitive; {@code args} is the address of {@code count} pairs (int argument, pointer memory). */
    static void execute(long primitive, long stream, int count, long args) {
        try {
            int status = (int) PRIMITIVE_EXECUTE.invokeExact(primitive, stream, count, args);
            if (status != 0) {
                check("execute", status);
            }
        } catch (Throwable t) {
            throw rethrow(t);
        }
    }

    private static void check(String what, int status) {
        if (status != 0) {
            throw new IllegalStateException("oneDNN " + what + ": status " + status
                    + (status == UNIMPLEMENTED ? " (unimplemented)" : ""));
        }
    }

    private static RuntimeException rethrow(Throwable t) {
        if (t instanceof RuntimeException e) {
            return e;
        }
        if (t instanceof Error e) {
            throw e;
        }
        return new IllegalStateException(t);
    }

    /** Strides, dilations (oneDNN counts from 0) and paddings of a convolution in native memory. */
    private static final class Geometry {
        final long stride;
        final long dilation;
        final long before;
        final long after;

        Geometry(Arena arena, ConvProblem p) {
            stride = arena.allocateFrom(JAVA_LONG, p.stride(), p.stride()).address();
            dilation = arena.allocateFrom(JAVA_LONG, 0, 0).address();
            before = arena.allocateFrom(JAVA_LONG, p.pad(), p.pad()).address();
            // What the last window reaches beyond the image; less than pad where the stride leaves pixels over.
            after = arena.allocateFrom(JAVA_LONG, reach(p.outH(), p.stride(), p.r(), p.pad(), p.h()),
                    reach(p.outW(), p.stride(), p.s(), p.pad(), p.w())).address();
        }

        private static long reach(int out, int stride, int kernel, int pad, int size) {
            return (long) (out - 1) * stride + kernel - pad - size;
        }
    }
}
