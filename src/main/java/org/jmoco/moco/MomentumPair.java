package org.jmoco.moco;

import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Recorder;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.HostTensor;

/**
 * Query encoder and key encoder. The key encoder's weights follow the query encoder's as a moving average and get no gradient;
 * its running statistics are its own, from its own forward passes.
 */
public final class MomentumPair {
    private final ResNet18 query;
    private final ResNet18 key;
    private final double m;

    public MomentumPair(Backend backend, ResNet18.Config config, double m) {
        this.query = new ResNet18(backend, "q", config, true);
        this.key = new ResNet18(backend, "k", config, false);
        this.m = m;
    }

    /** Both encoders start from the same weights and from statistics 0 and 1. */
    public void initialize(Backend backend, long seed) {
        load(backend, Initializer.weights(query.weights().specs(), seed), Initializer.weights(query.statistics().specs(), seed));
    }

    /** Both encoders get these weights and statistics (checkpoint layout). */
    public void load(Backend backend, Map<String, HostTensor> weights, Map<String, HostTensor> statistics) {
        for (ResNet18 e : new ResNet18[] {query, key}) {
            e.weights().upload(backend, weights);
            e.statistics().upload(backend, statistics);
        }
    }

    /** k = m k + (1 - m) q, over all weights in one pass. Precedes the key pass of the same step. */
    void recordMomentumUpdate(Recorder rec) {
        rec.momentumUpdate("momentum", key.weights().flat(), query.weights().flat(), m);
    }

    public ResNet18 query() {
        return query;
    }

    public ResNet18 key() {
        return key;
    }
}
