package org.jmoco.moco;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.encoder.ResNet18;
import org.jmoco.layer.L2Normalize;
import org.jmoco.loss.InfoNce;
import org.jmoco.optim.LossScale;
import org.jmoco.optim.Sgd;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * One training step of momentum contrast (He et al. 2020, algorithm 1), recorded as a program:
 *
 * <ol>
 *   <li>the key encoder moves towards the query encoder,
 *   <li>keys of one view: shuffled, encoded, put back in order, normalised; their activations die at once,
 *   <li>queries of the other view: encoded, normalised, compared with their keys and the queue; loss and gradient,
 *   <li>if symmetric, 2 and 3 again with the views exchanged, the gradients added,
 *   <li>SGD,
 *   <li>the keys enter the queue.
 * </ol>
 *
 * <p>The keys, and the momentum update before the first of them, are a {@link org.jmoco.backend.Branch}: it ends before the loss,
 * and the queries of the same half may be encoded beside it.
 *
 * <p>Shuffling matters because batch norm tells each sample something of its group: a query and its key must not share one.
 */
public final class MocoStep {
    /**
     * What a run of the program does besides the step itself, where its batches come from the device: without one, the host sets
     * views and shuffling before each run and reads the loss after it.
     */
    public interface Feed {
        /** At the beginning: fills both views, and the permutation and its inverse by which keys are shuffled. */
        void recordInputs(Recorder rec, Buffer view1, Buffer view2, Buffer shuffle, Buffer unshuffle);

        /** At the end. */
        void recordResults(Recorder rec, Buffer loss, Buffer correct);
    }

    private final MocoConfig config;
    private final MomentumPair pair;
    private final KeyQueue queue;
    private final InfoNce loss;
    private final Sgd sgd;
    private final LossScale scale; // null where the backend needs none
    private final L2Normalize normalizeQuery = new L2Normalize("q.normalize");
    private final L2Normalize normalizeKey = new L2Normalize("k.normalize");
    private final Buffer view1; // N x H x W x 3
    private final Buffer view2; // N x H x W x 3
    private final Buffer shuffle; // N, I32
    private final Buffer unshuffle; // N, I32
    private final List<Buffer> queries = new ArrayList<>(); // N x D for each half of the loss
    private final List<Buffer> keys = new ArrayList<>(); // N x D, likewise
    private final Program program;

    /** Declares all buffers and records the program; runs after {@link Backend#allocate()}. */
    public MocoStep(Backend backend, MocoConfig config) {
        this(backend, config, null);
    }

    /** As above. @param feed null without one */
    public MocoStep(Backend backend, MocoConfig config, Feed feed) {
        this.config = config;
        ResNet18.Config e = config.encoder();
        int n = config.batch();
        Shape images = Shape.of(n, config.image(), config.image(), 3);
        pair = new MomentumPair(backend, e, config.m());
        queue = new KeyQueue(backend, config.queue(), e.dim());
        loss = new InfoNce(backend, config.temperature());
        sgd = new Sgd(backend, pair.query().weights().specs(), config.sgdMomentum(), config.weightDecay());
        scale = LossScale.of(backend);
        view1 = backend.declare(Region.INPUT, "view1", images);
        view2 = backend.declare(Region.INPUT, "view2", images);
        shuffle = backend.memory().declare(Region.INPUT, "shuffle", DType.I32, Shape.of(n));
        unshuffle = backend.memory().declare(Region.INPUT, "unshuffle", DType.I32, Shape.of(n));
        for (int half = 0; half < (config.symmetric() ? 2 : 1); half++) {
            queries.add(backend.declare(Region.OUTPUT, "queries" + half, Shape.of(n, e.dim())));
            keys.add(backend.declare(Region.OUTPUT, "keys" + half, Shape.of(n, e.dim())));
        }
        program = record(backend, feed);
    }

    private Program record(Backend backend, Feed feed) {
        Recorder rec = backend.record("moco");
        if (feed != null) {
            feed.recordInputs(rec, view1, view2, shuffle, unshuffle);
        }
        Buffer keys2 = recordHalf(rec, 0, view1, view2);
        Buffer keys1 = config.symmetric() ? recordHalf(rec, 1, view2, view1) : null;
        sgd.recordStep(rec, pair.query().weights(), pair.query().gradients(), scale);
        if (keys1 != null) {
            queue.recordEnqueue(rec, keys1);
        }
        queue.recordEnqueue(rec, keys2);
        if (feed != null) {
            feed.recordResults(rec, loss.loss(), loss.correct());
        }
        return rec.finish();
    }

    /** Loss and gradients of queries from one view against keys from the other. @return the keys, N x D */
    private Buffer recordHalf(Recorder rec, int half, Buffer queryView, Buffer keyView) {
        boolean accumulate = half > 0;
        Buffer k = rec.branch(() -> {
            if (half == 0) {
                pair.recordMomentumUpdate(rec);
            }
            return encodeKeys(rec, keyView);
        });
        ResNet18.Saved saved = pair.query().forward(rec, queryView);
        L2Normalize.Saved q = normalizeQuery.forward(rec, saved.y());
        rec.join();
        Buffer dq = loss.forwardBackward(rec, q.y(), k, queue.keys(), accumulate);
        LossScale.recordScale(scale, rec, dq);
        pair.query().backward(rec, saved, normalizeQuery.backward(rec, q, dq), accumulate);
        rec.copy("queries" + half, queries.get(half), q.y());
        rec.copy("keys" + half, keys.get(half), k);
        return k;
    }

    private Buffer encodeKeys(Recorder rec, Buffer view) {
        Buffer shuffled = rec.activation("k.shuffled", view.shape());
        rec.gatherRows("k.shuffle", shuffled, view, shuffle);
        Buffer k = normalizeKey.forward(rec, pair.key().forward(rec, shuffled).y()).y();
        Buffer ordered = rec.activation("k.ordered", k.shape());
        rec.gatherRows("k.unshuffle", ordered, k, unshuffle);
        return ordered;
    }

    /**
     * Sets the order in which keys are encoded in the next run.
     *
     * @param permutation position i of the key batch holds image permutation[i]
     */
    public void setShuffle(Backend backend, int[] permutation) {
        backend.upload(shuffle, HostTensor.of(shuffle.shape(), permutation));
        backend.upload(unshuffle, HostTensor.of(unshuffle.shape(), inverse(permutation)));
    }

    /** The permutation that undoes another. */
    public static int[] inverse(int[] permutation) {
        int[] inverse = new int[permutation.length];
        for (int i = 0; i < permutation.length; i++) {
            inverse[permutation[i]] = i;
        }
        return inverse;
    }

    public MocoConfig config() {
        return config;
    }

    public Program program() {
        return program;
    }

    public MomentumPair pair() {
        return pair;
    }

    public KeyQueue queue() {
        return queue;
    }

    public InfoNce loss() {
        return loss;
    }

    public Sgd sgd() {
        return sgd;
    }

    /** By which the gradients of the last run are scaled; null where the backend needs no scale. */
    public LossScale scale() {
        return scale;
    }

    /** Input: the view that gives the queries. */
    public Buffer view1() {
        return view1;
    }

    /** Input: the view that gives the keys. */
    public Buffer view2() {
        return view2;
    }

    /** Output: normalised queries of the last run, one entry for each half of the loss. */
    public List<Buffer> queries() {
        return queries;
    }

    /** Output: normalised keys of the last run in the batch's order, one entry for each half of the loss. */
    public List<Buffer> keys() {
        return keys;
    }
}
