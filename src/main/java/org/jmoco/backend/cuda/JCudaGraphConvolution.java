package org.jmoco.backend.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_HEUR_MODE;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnStatus;
import org.jmoco.backend.ConvGeometry;

/**
 * One convolution by cuDNN's graph interface, which has engines that the calls of version 7 ({@link JCudaConvolution}) do
 * not reach: an operation graph of one node, for which cuDNN names engine configurations ({@link GraphEngines}).
 */
final class JCudaGraphConvolution implements Dnn.Convolution {
    /** CUDNN_HEUR_MODE_A of cuDNN 9; JCudnn's constants are older. */
    static final int HEURISTICS_A = 3;

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
        JCudaDnn.Handle handle = handle();
        for (GraphEngines.Engine e : GraphEngines.of(operation, heuristics, precision, c -> plan(c, handle))) {
            plans.add(new Plan(new Dnn.Algorithm(FIRST_ID + plans.size(), e.name(), e.workspaceBytes(), e.deterministic()),
                    e.configuration(), new HashMap<>(Map.of(handle, e.plan()))));
        }
    }

    private GraphDescriptor plan(GraphDescriptor configuration, JCudaDnn.Handle handle) {
        return operation.make("a plan", CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
                .setHandle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle)
                .setDescriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration)
                .finish();
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
