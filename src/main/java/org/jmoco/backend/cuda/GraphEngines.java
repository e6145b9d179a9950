package org.jmoco.backend.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_BEHAVIOR_NOTE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_KNOB_TYPE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_NUMERICAL_NOTE;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
import static jcuda.jcudnn.cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_TENSOR_CORE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jcuda.jcudnn.cudnnBackendBehaviorNote;

/**
 * What cuDNN's heuristics name for a graph of one convolution, in the order that it expects to be fast.
 *
 * <p>Left out are engines that compute in less than the precision says (inputs rounded down, sums below f32, tensor cores
 * in f32) and those that compile their kernel when a plan is made.
 */
final class GraphEngines {
    /** cuDNN's expectation is good enough for the fastest to be among so many that may be taken. */
    private static final int MOST_ENGINES = 12;

    /**
     * More than cuDNN 9 names for a convolution (up to 40). All are asked for: where operands are f32, the first dozens may be
     * for tensor cores.
     */
    private static final int MOST_NAMED = 128;

    /** More than cuDNN has kinds of notes, or an engine knobs. */
    private static final int MOST_NOTES = 32;

    /**
     * An engine with its knobs, and a plan of it.
     *
     * @param name its number and its knobs, as in {@code ENGINE_57_k2=6_k3=0}
     */
    record Engine(String name, long workspaceBytes, boolean deterministic, GraphDescriptor configuration, GraphDescriptor plan) {
    }

    private final GraphOperation operation;
    private final Precision precision;
    private final UnaryOperator<GraphDescriptor> planner;
    private final List<Engine> engines = new ArrayList<>();

    private GraphEngines(GraphOperation operation, Precision precision, UnaryOperator<GraphDescriptor> planner) {
        this.operation = operation;
        this.precision = precision;
        this.planner = planner;
    }

    /**
     * @param operation owns every descriptor that is made
     * @param heuristics finished
     * @param planner makes a finished plan of a configuration
     */
    static List<Engine> of(GraphOperation operation, GraphDescriptor heuristics, Precision precision,
            UnaryOperator<GraphDescriptor> planner) {
        GraphEngines e = new GraphEngines(operation, precision, planner);
        GraphDescriptor[] configurations = IntStream.range(0, MOST_NAMED)
                .mapToObj(i -> operation.make("engine configuration " + i, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR))
                .toArray(GraphDescriptor[]::new);
        int count = heuristics.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, configurations);
        for (int i = 0; i < count && e.engines.size() < MOST_ENGINES; i++) {
            e.consider(i, configurations[i]);
        }
        Set<GraphDescriptor> kept = e.engines.stream().map(Engine::configuration).collect(Collectors.toSet());
        Arrays.stream(configurations).filter(c -> !kept.contains(c)).forEach(operation::discard);
        return e.engines;
    }

    private void consider(int index, GraphDescriptor configuration) {
        GraphDescriptor engine = operation.make("engine " + index, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
        try {
            consider(configuration, engine);
        } finally {
            operation.discard(engine);
        }
    }

    private void consider(GraphDescriptor configuration, GraphDescriptor engine) {
        configuration.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
        Set<Integer> notes = asSet(engine.enums(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, MOST_NOTES));
        Set<Integer> behaviour = asSet(engine.enums(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE, MOST_NOTES));
        if (!precise(notes) || behaviour.contains(cudnnBackendBehaviorNote.CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)) {
            return;
        }
        GraphDescriptor plan;
        try {
            plan = planner.apply(configuration);
        } catch (GpuException e) {
            return; // cuDNN names configurations by rules of thumb, and this device may lack what one of them needs
        }
        engines.add(new Engine("ENGINE_" + engine.integer(CUDNN_ATTR_ENGINE_GLOBAL_INDEX) + knobs(configuration),
                plan.integer(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE), !notes.contains(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC),
                configuration, plan));
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
    private static String knobs(GraphDescriptor configuration) {
        GraphDescriptor[] choices = IntStream.range(0, MOST_NOTES)
                .mapToObj(i -> new GraphDescriptor("a knob", CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR))
                .toArray(GraphDescriptor[]::new);
        try {
            int count = configuration.descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, choices);
            return Arrays.stream(choices, 0, count).map(GraphEngines::knob).collect(Collectors.joining());
        } finally {
            Arrays.stream(choices).forEach(GraphDescriptor::close);
        }
    }

    private static String knob(GraphDescriptor choice) {
        int[] type = choice.enums(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1);
        return type.length == 0 ? "" : "_k" + type[0] + "=" + choice.integer(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE);
    }
}
