package org.jmoco.ptx;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes warp-wide operations of the lane functions in {@link IntLanes}, {@link LongLanes}, {@link FloatLanes},
 * {@link HalfLanes}, {@link CompareLanes} and {@link ConvertLanes}: for each function a class of its own whose {@code run} loops
 * over the lanes. One class per
 * function, and not one loop with the function as a parameter, so that the JVM can inline it and vectorise the loop: a call
 * through an interface per lane costs ten times as much.
 */
final class LaneOps {
    /** A lane function's operation: slots of its destination and sources, in the files that its signature says. */
    abstract static class Lane extends Op {
        int dst;
        int a;
        int b;
        int c;
        int e;
    }

    /** One lane function. */
    static final class Function {
        final Method method;
        private final java.lang.invoke.MethodHandle constructor;

        private Function(Method method, java.lang.invoke.MethodHandle constructor) {
            this.method = method;
            this.constructor = constructor;
        }

        int sources() {
            return method.getParameterCount();
        }

        Class<?> source(int i) {
            return method.getParameterTypes()[i];
        }

        Class<?> result() {
            return method.getReturnType();
        }

        Op make(int dst, int... sources) {
            try {
                Lane op = (Lane) constructor.invoke();
                op.dst = dst;
                op.a = sources[0];
                op.b = sources.length > 1 ? sources[1] : 0;
                op.c = sources.length > 2 ? sources[2] : 0;
                op.e = sources.length > 3 ? sources[3] : 0;
                return op;
            } catch (Throwable t) {
                throw new IllegalStateException(method.toString(), t);
            }
        }
    }

    private static final Map<String, Method> METHODS = new HashMap<>();
    private static final Map<String, Function> MADE = new ConcurrentHashMap<>();
    private static final String[] SOURCES = {"a", "b", "c", "e"};
    private static final ClassDesc LANE = desc(Lane.class);
    private static final ClassDesc WARP = desc(Warp.class);
    private static final ClassDesc INTS = ConstantDescs.CD_int.arrayType();
    private static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();

    static {
        for (Class<?> c : new Class<?>[] {IntLanes.class, LongLanes.class, FloatLanes.class, HalfLanes.class, CompareLanes.class,
                ConvertLanes.class}) {
            for (Method m : c.getDeclaredMethods()) {
                if (m.getName().indexOf('_') > 0 && !m.isSynthetic() && METHODS.put(m.getName(), m) != null) {
                    throw new IllegalStateException("two lane functions are called " + m.getName());
                }
            }
        }
    }

    private LaneOps() {
    }

    /** The function of this name, or null. */
    static Function find(String name) {
        Method m = METHODS.get(name);
        return m == null ? null : MADE.computeIfAbsent(name, n -> compile(m));
    }

    private static ClassDesc desc(Class<?> c) {
        return ClassDesc.ofDescriptor(c.descriptorString());
    }

    private static Function compile(Method m) {
        try {
            byte[] bytes = ClassFile.of().build(ClassDesc.of("org.jmoco.ptx.Lane_" + m.getName()), cb -> {
                cb.withSuperclass(LANE);
                cb.withMethodBody("<init>", ConstantDescs.MTD_void, 0, b -> {
                    b.aload(0);
                    b.invokespecial(LANE, "<init>", ConstantDescs.MTD_void);
                    b.return_();
                });
                cb.withMethodBody("run", MethodTypeDesc.of(ConstantDescs.CD_void, WARP, ConstantDescs.CD_int), 0, b ->
                        body(b, m));
            });
            MethodHandles.Lookup lookup = MethodHandles.lookup().defineHiddenClass(bytes, true);
            return new Function(m, lookup.findConstructor(lookup.lookupClass(),
                    java.lang.invoke.MethodType.methodType(void.class)));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(m.toString(), e);
        }
    }

    // Local variables of run: 0 this, 1 warp, 2 mask, 3 lane, 4 bits left, 5 result bits, 6 destination, 7 to 10 sources.

    private static void body(CodeBuilder b, Method m) {
        Class<?>[] types = m.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            loadFile(b, types[i], SOURCES[i], 7 + i);
        }
        boolean predicate = m.getReturnType() == boolean.class;
        if (predicate) {
            b.iconst_0();
            b.istore(5);
        } else {
            loadFile(b, m.getReturnType(), "dst", 6);
        }
        Label masked = b.newLabel();
        Label end = b.newLabel();
        b.iload(2);
        b.iconst_m1();
        b.if_icmpne(masked);
        // All lanes.
        Label next = b.newLabel();
        b.iconst_0();
        b.istore(3);
        b.labelBinding(next);
        lane(b, m);
        b.iinc(3, 1);
        b.iload(3);
        b.bipush(Warp.LANES);
        b.if_icmplt(next);
        b.goto_(end);
        // Some lanes: lowest set bit first.
        b.labelBinding(masked);
        b.iload(2);
        b.istore(4);
        Label some = b.newLabel();
        b.labelBinding(some);
        b.iload(4);
        b.ifeq(end);
        b.iload(4);
        b.invokestatic(ConstantDescs.CD_Integer, "numberOfTrailingZeros",
                MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int));
        b.istore(3);
        lane(b, m);
        b.iload(4);
        b.iload(4);
        b.iconst_1();
        b.isub();
        b.iand();
        b.istore(4);
        b.goto_(some);
        b.labelBinding(end);
        if (predicate) {
            // p[dst] = p[dst] & ~mask | bits
            file(b, "p", INTS);
            slot(b, "dst");
            b.dup2();
            b.iaload();
            b.iload(2);
            b.iconst_m1();
            b.ixor();
            b.iand();
            b.iload(5);
            b.ior();
            b.iastore();
        }
        b.return_();
    }

    private static void lane(CodeBuilder b, Method m) {
        Class<?> result = m.getReturnType();
        if (result != boolean.class) {
            b.aload(6);
            b.iload(3);
        } else {
            b.iload(5);
        }
        Class<?>[] types = m.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (types[i] == boolean.class) {
                b.iload(7 + i);
                b.iload(3);
                b.iushr();
                b.iconst_1();
                b.iand();
                continue;
            }
            b.aload(7 + i);
            b.iload(3);
            if (wide(types[i])) {
                b.laload();
            } else {
                b.iaload();
            }
            if (types[i] == float.class) {
                b.invokestatic(ConstantDescs.CD_Float, "intBitsToFloat",
                        MethodTypeDesc.of(ConstantDescs.CD_float, ConstantDescs.CD_int));
            } else if (types[i] == double.class) {
                b.invokestatic(ConstantDescs.CD_Double, "longBitsToDouble",
                        MethodTypeDesc.of(ConstantDescs.CD_double, ConstantDescs.CD_long));
            }
        }
        MethodTypeDesc type = MethodTypeDesc.ofDescriptor(java.lang.invoke.MethodType.methodType(result,
                types).descriptorString());
        b.invokestatic(desc(m.getDeclaringClass()), m.getName(), type);
        if (result == boolean.class) {
            b.iload(3);
            b.ishl();
            b.ior();
            b.istore(5);
        } else if (result == float.class) {
            b.invokestatic(ConstantDescs.CD_Float, "floatToRawIntBits",
                    MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_float));
            b.iastore();
        } else if (result == double.class) {
            b.invokestatic(ConstantDescs.CD_Double, "doubleToRawLongBits",
                    MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_double));
            b.lastore();
        } else if (result == long.class) {
            b.lastore();
        } else {
            b.iastore();
        }
    }

    static boolean wide(Class<?> type) {
        return type == long.class || type == double.class;
    }

    private static void loadFile(CodeBuilder b, Class<?> type, String field, int local) {
        if (type == boolean.class) {
            file(b, "p", INTS);
            slot(b, field);
            b.iaload();
            b.istore(local);
        } else {
            boolean wide = wide(type);
            file(b, wide ? "d" : "r", (wide ? LONGS : INTS).arrayType());
            slot(b, field);
            b.aaload();
            b.storeLocal(TypeKind.REFERENCE, local);
        }
    }

    private static void file(CodeBuilder b, String name, ClassDesc type) {
        b.aload(1);
        b.getfield(WARP, name, type);
    }

    private static void slot(CodeBuilder b, String field) {
        b.aload(0);
        b.getfield(LANE, field, ConstantDescs.CD_int);
    }
}
