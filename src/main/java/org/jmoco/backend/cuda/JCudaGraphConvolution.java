package org.jmoco.backend.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_BEHAVIOR_NOTE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_HEUR_MODE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_KNOB_TYPE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_NUMERICAL_NOTE;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_TENSOR_CORE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendBehaviorNote;
import jcuda.jcudnn.cudnnStatus;
import org.jmoco.backend.ConvGeometry;

/**
 * One convolution by cuDNN's graph interface, which has engines that the calls of version 7 ({@link JCudaConvolution}) do
 * not reach: an operation graph of one node, for which cuDNN names engine configurations in the order that it expects them
 * to be fast.
 *
 * <p>Left out are engines that compute in less than the precision says (inputs rounded down, sums below f32, tensor cores
 * in f32) and those that compile their kernel when a plan is made.
 */
final class JCudaGraphConvolution implements Dnn.Convolution {
    /** CUDNN_HEUR_MODE_A of cuDNN 9; JCudnn's constants are older. */
    private static final int HEURISTICS_A = 3;

    /** cuDNN's expectation is good enough for the fastest to be among these. */
    private static final int MOST_ENGINES = 12;

    /** More than cuDNN has kinds of notes, or an engine knobs. */
    private static final int MOST_NOTES = 32;

    /** Ids of engines start here, behind those of version 7's algorithms. */
    private static final int FIRST_ID = 100;

    /** An engine configuration and what makes it ready to run on a stream: a plan for each stream's handle. */
    private record Plan(Dnn.Algorithm algorithm, GraphDescriptor configuration, Map<JCudaDnn.Handle, GraphDescriptor> byHandle) {
    }

    /** Operands of a call that came before: a program runs on the same ones step after step. */
    private record Operands(int plan, long out, long first, long second, long workspace) {
    }

    private final JCudaGpu gpu;
    private final Dnn.Direction direction;
    private final ConvGeometry geometry;
    private final Precision precision;
    private final boolean accumulate;
    private final GraphOperation operation;
    private final List<Plan> plans = new ArrayList<>();
    private final Map<Operands, GraphDescriptor> packs = new HashMap<>();

    /**
     * @param accumulate out += result instead of out = result; it is part of the graph
     * @throws GpuException if cuDNN does not take the problem
     */
    JCudaGraphConvolution(JCudaGpu gpu, Dnn.Direction direction, ConvGeometry g, Precision precision, boolean accumulate) {
        this.gpu = gpu;
        this.direction = direction;
        this.geometry = g;
        this.precision = precision;
        this.accumulate = accumulate;
        this.operation = new GraphOperation(direction, g, precision, accumulate);
        try {
            GraphDescriptor graph = operation.make("the graph", CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
                    .setHandle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle())
                    .setDescriptor(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation.descriptor())
                    .finish();
            plan(graph);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Of the stream that calls go to now. */
    private JCudaDnn.Handle handle() {
        return gpu.line().dnn().handle();
    }

    private void plan(GraphDescriptor graph) {
        GraphDescriptor heuristics = operation.make("the heuristics", CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
                .setDescriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
                .setEnum(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, HEURISTICS_A)
                .finish();
        GraphDescriptor[] configurations = IntStream.range(0, MOST_ENGINES)
                .mapToObj(i -> operation.make("engine configuration " + i, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR))
                .toArray(GraphDescriptor[]::new);
        int count = heuristics.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, configurations);
        for (int i = 0; i < count; i++) {
            plan(i, configurations[i]);
        }
    }

    private void plan(int index, GraphDescriptor configuration) {
        GraphDescriptor engine = operation.make("engine " + index, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
        configuration.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
        Set<Integer> notes = asSet(engine.enums(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, MOST_NOTES));
        Set<Integer> behaviour = asSet(engine.enums(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE, MOST_NOTES));
        if (!precise(notes) || behaviour.contains(cudnnBackendBehaviorNote.CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)) {
            return;
        }
        JCudaDnn.Handle handle = handle();
        GraphDescriptor plan;
        try {
            plan = plan(configuration, handle);
        } catch (GpuException e) {
            return; // cuDNN names configurations by rules of thumb, and this device may lack what one of them needs
        }
        String name = "ENGINE_" + engine.integer(CUDNN_ATTR_ENGINE_GLOBAL_INDEX) + knobs(configuration);
        long workspace = plan.integer(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
        boolean deterministic = !notes.contains(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
        plans.add(new Plan(new Dnn.Algorithm(FIRST_ID + plans.size(), name, workspace, deterministic), configuration,
                new HashMap<>(Map.of(handle, plan))));
    }

    private GraphDescriptor plan(GraphDescriptor configuration, JCudaDnn.Handle handle) {
        return operation.make("a plan", CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
                .setHandle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle)
                .setDescriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration)
                .finish();
    }

    private boolean precise(Set<Integer> notes) {
        return !notes.contains(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)
                && !notes.contains(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)
                && !(precision == Precision.F32 && notes.contains(CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
    }

    private static Set<Integer> asSet(int[] values) {
        return Arrays.stream(values).boxed().collect(Collectors.toSet());
    }

    /** As in {@code _k2=6_k3=0}: which variant of the engine it is. */
    private String knobs(GraphDescriptor configuration) {
        GraphDescriptor[] choices = IntStream.range(0, MOST_NOTES)
                .mapToObj(i -> new GraphDescriptor("a knob", CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR))
                .toArray(GraphDescriptor[]::new);
        try {
            int count = configuration.descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, choices);
            return Arrays.stream(choices, 0, count).map(JCudaGraphConvolution::knob).collect(Collectors.joining());
        } finally {
            Arrays.stream(choices).forEach(GraphDescriptor::close);
        }
    }

    private static String knob(GraphDescriptor choice) {
        int[] type = choice.enums(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1);
        return type.length == 0 ? "" : "_k" + type[0] + "=" + choice.integer(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE);
    }

    @Override
    public List<Dnn.Algorithm> algorithms() {
        return plans.stream().map(Plan::algorithm).toList();
    }

    @Override
    public void run(Dnn.Algorithm algorithm, long out, long first, long second, float beta, long workspace, long workspaceBytes) {
        if (beta != (accumulate ? 1 : 0)) {
            throw new IllegalArgumentException("convolution: beta is " + beta + " but the graph was made for "
                    + (accumulate ? 1 : 0));
        }
        if (workspaceBytes < algorithm.workspaceBytes()) { // which cuDNN is not told
            throw new IllegalArgumentException("convolution by " + algorithm.name() + ": " + workspaceBytes
                    + " bytes of workspace, " + algorithm.workspaceBytes() + " are needed");
        }
        gpu.enter();
        Plan plan = plans.get(algorithm.id() - FIRST_ID);
        GraphDescriptor pack = packs.computeIfAbsent(new Operands(algorithm.id(), out, first, second, workspace), this::pack);
        JCudaDnn.Handle handle = handle();
        GraphDescriptor ready = plan.byHandle().computeIfAbsent(handle, h -> plan(plan.configuration(), h));
        int status = JCudnn.cudnnBackendExecute(handle, ready, pack);
        if (status != cudnnStatus.CUDNN_STATUS_SUCCESS) {
            CudaStatus.cudnn(status, "convolution by " + algorithm.name() + ", " + direction + " " + geometry);
        }
    }

    private GraphDescriptor pack(Operands o) {
        long[] xwy = switch (direction) {
            case FORWARD -> new long[] {o.first(), o.second(), o.out()};
            case BACKWARD_DATA -> new long[] {o.out(), o.second(), o.first()};
            case BACKWARD_WEIGHTS -> new long[] {o.first(), o.out(), o.second()};
        };
        return operation.make("the operands", CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
                .setIntegers(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, GraphOperation.X, GraphOperation.W, GraphOperation.Y)
                .setPointers(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, xwy)
                .setPointers(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, o.workspace())
                .finish();
    }

    @Override
    public void close() {
        operation.close();
        plans.clear();
        packs.clear();
    }
}
