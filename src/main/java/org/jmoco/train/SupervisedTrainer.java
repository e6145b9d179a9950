package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jmoco.augment.ViewBatch;
import org.jmoco.augment.ViewLoader;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.TensorNames;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.Initializer;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * Trains a network on labelled images, whole or its last layer alone, from random or pretrained weights, and votes over its last
 * epochs. In this order:
 * construct (records all programs), {@link Backend#allocate()}, {@link #initialize} or {@link #initializeFrom} or
 * {@link #resume}, {@link #train}, then {@link #val} and {@link #test}.
 *
 * <p>Each epoch sees one random view of each image, in whole batches (the rest is left out of that epoch, as in the published
 * code). The validation images are predicted after every epoch; the test images after each of the last ones only, and no choice
 * is made by them.
 */
public final class SupervisedTrainer extends Trainer {
    /** Names of the measures in records and files. */
    public static final String VAL_ACCURACY = "val_accuracy";

    public static final String VAL_AUC = "val_auc";

    private static final String NAME = "finetune";

    /**
     * Labelled images, all of the same classes.
     *
     * @param val      null if there are none
     * @param test     null if there are none
     * @param positive class whose probability the AUC is taken of; -1 if there are more than two
     */
    public record Data(ImageSet train, ImageSet val, ImageSet test, int positive) {
        public Data {
            for (ImageSet s : new ImageSet[] {train, val, test}) {
                if (s != null && (!s.labelled() || !s.classNames().equals(train.classNames()))) {
                    throw UserError.failed("fine-tuning needs labels: " + s + " does not have the classes of " + train);
                }
            }
        }

        int classes() {
            return train.classNames().size();
        }
    }

    private final FinetuneConfig config;
    private final Data data;
    private final SupervisedStep step;
    private final FeatureExtractor classifier;
    private final HeldOut val; // null without validation images
    private final HeldOut test; // null without test images
    private final EncoderState state;
    private final OptimizerState optimizer;
    private FrozenWeights frozen; // null if the whole network is trained; else known once the weights are

    /**
     * @param threads that make views
     * @throws UserError if there are fewer images than one batch takes, or more classes than outputs
     */
    public SupervisedTrainer(Backend backend, FinetuneConfig config, Data data, int threads, RunOutput output) {
        this(backend, config, data, threads, FeedOptions.DEFAULT, output);
    }

    /** As above. @param feeding where views are made */
    public SupervisedTrainer(Backend backend, FinetuneConfig config, Data data, int threads, FeedOptions feeding,
            RunOutput output) {
        super(backend, new TrainingImages(backend, data.train(), config.views(), config.normalisation(),
                new ViewLoader.Options(config.seed(), config.batch(), threads), feeding));
        this.config = config;
        this.data = data;
        if (config.network().dim() < data.classes()) {
            throw UserError.usage("the last layer has " + config.network().dim() + " outputs but " + data.train().name() + " has "
                    + data.classes() + " classes. Take --head fresh.");
        }
        step = new SupervisedStep(backend, config.network(), config.batch(), config.views().size(),
                new SupervisedStep.Training(config.frozen(), config.optimizer(), config.weightDecay()),
                images.device() == null ? null : new DeviceInputs());
        classifier = new FeatureExtractor(backend, step.network(), FeatureExtractor.Output.PROBABILITIES, config.batch(),
                config.views().size());
        val = heldOut("val", data.val());
        test = heldOut("test", data.test());
        state = new EncoderState(step.network(), "");
        optimizer = new OptimizerState(step.optimizer(), step.scale());
        repeat(new FinetuneTask(new RunIdentity(identityValues())), output);
    }

    private HeldOut heldOut(String name, ImageSet set) {
        return set == null ? null : new HeldOut(name, set, config.views(), config.normalisation(), classifier);
    }

    private Map<String, String> identityValues() {
        Map<String, String> id = config.identity();
        id.put(RunIdentity.BACKEND, backend.arithmetic());
        id.put(RunIdentity.TRAINING_DATA, hash(data.train()));
        id.put("the validation data's hash", hash(data.val()));
        id.put("the test data's hash", hash(data.test()));
        return id;
    }

    private static String hash(ImageSet set) {
        return set == null ? "none" : RunIdentity.hash(set);
    }

    @Override
    public void initialize() {
        state.load(backend, freshWeights());
        freeze(Map.of());
    }

    /** All weights and statistics of the query encoder are taken over; the last layer too, unless the head is fresh. */
    @Override
    public void initializeFrom(Pretrained start) {
        boolean keepHead = config.head() == FinetuneConfig.Head.PROJECTION;
        start.requireFits(config.network(), keepHead);
        state.load(backend, keepHead ? start.tensors() : start.withHead(freshWeights()));
        freeze(start.tensors());
        origin = start.file().toString();
    }

    /** Remembers what must not change. @param given what the backend must hold now, where the types are the same */
    private void freeze(Map<String, HostTensor> given) {
        if (config.frozen()) {
            Map<String, HostTensor> now = network();
            frozen = FrozenWeights.of(now);
            Map<String, HostTensor> comparable = new LinkedHashMap<>();
            given.forEach((name, t) -> {
                if (now.containsKey(name) && now.get(name).dtype() == t.dtype()) {
                    comparable.put(name, t);
                }
            });
            frozen.requireUnchanged(comparable);
        }
    }

    /** Weights and statistics as they are on the backend. */
    private Map<String, HostTensor> network() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        state.save(backend, all);
        return all;
    }

    private Map<String, HostTensor> freshWeights() {
        Map<String, HostTensor> all = new LinkedHashMap<>(Initializer.weights(step.network().weights().specs(), config.seed()));
        all.putAll(Initializer.weights(step.network().statistics().specs(), config.seed()));
        return all;
    }

    /**
     * Runs all epochs that are left.
     *
     * @throws UserError if training diverges, a checkpoint cannot be saved, or frozen weights changed
     */
    @Override
    public void train() {
        super.train();
        if (frozen != null) {
            frozen.requireUnchanged(network());
        }
    }

    /**
     * What a probe has proved after {@link #train}: {@code 102 frozen tensors unchanged, sha256 ...}; null for a whole network.
     */
    public String frozenProof() {
        return frozen == null ? null : frozen.count() + " frozen tensors unchanged bit for bit, sha256 " + frozen.total();
    }

    @Override
    public List<String> measures() {
        List<String> names = new ArrayList<>();
        if (data.val() != null) {
            names.add(VAL_ACCURACY);
            if (data.positive() >= 0) {
                names.add(VAL_AUC);
            }
        }
        return names;
    }

    /** The validation images, null if there are none. */
    public HeldOut val() {
        return val;
    }

    /** The test images, null if there are none. */
    public HeldOut test() {
        return test;
    }

    public SupervisedStep step() {
        return step;
    }

    @Override
    public Program program() {
        return step.program();
    }

    /** The recorded evaluation. */
    public FeatureExtractor classifier() {
        return classifier;
    }

    private final class FinetuneTask extends TrainingTask {
        FinetuneTask(RunIdentity identity) {
            super(NAME, identity, config.epochs(), config.learningRate(), images, backend, step.optimizer());
        }

        @Override
        public int rows() {
            return batch();
        }

        @Override
        public Batches begin(int epoch, int firstStep) {
            return images.singles(epoch, firstStep, this);
        }

        @Override
        public void upload(ViewBatch batch) {
            backend.upload(step.images(), batch.query());
            backend.upload(step.labels(), batch.labels());
        }

        @Override
        public void runProgram() {
            step.program().run();
            if (!config.frozen()) {
                state.countPasses(1);
            }
        }

        @Override
        public EpochLoop.StepResult result() {
            return EpochLoop.StepResult.of(backend, step.loss().loss(), step.loss().correct());
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
            boolean votes = epoch > config.epochs() - config.voteEpochs();
            Map<String, Double> out = new LinkedHashMap<>();
            if (val != null) {
                Outcome o = votes ? val.vote() : val.last();
                out.put(VAL_ACCURACY, o.accuracy());
                if (data.positive() >= 0) {
                    out.put(VAL_AUC, o.auc(data.positive()));
                }
            }
            if (test != null && votes) {
                test.vote();
            }
            return out;
        }

        @Override
        public void save(Map<String, HostTensor> tensors, Map<String, String> metadata) {
            state.save(backend, tensors);
            if (frozen != null) {
                frozen.requireUnchanged(tensors);
                frozen.store(metadata);
            }
            optimizer.save(backend, tensors, metadata);
            for (HeldOut h : heldOuts()) {
                h.save(tensors);
            }
            metadata.put(ORIGIN, origin);
        }

        @Override
        public void load(Checkpoint checkpoint) {
            Map<String, HostTensor> t = checkpoint.tensors();
            TensorNames.requireSame(checkpoint.file().toString(), shapes(), TensorNames.shapes(t),
                    "It is no checkpoint of this run; resume from another one or start a new run.");
            state.load(backend, t);
            if (config.frozen()) {
                frozen = FrozenWeights.resumed(checkpoint.file().toString(), checkpoint.metadata(), network());
            }
            optimizer.load(backend, t, checkpoint.metadata());
            for (HeldOut h : heldOuts()) {
                h.load(t);
            }
            origin = checkpoint.metadata().getOrDefault(ORIGIN, origin);
        }
    }

    private List<HeldOut> heldOuts() {
        return Stream.of(val, test).filter(Objects::nonNull).toList();
    }

    private Map<String, Shape> shapes() {
        Map<String, Shape> all = new LinkedHashMap<>(EncoderState.shapes(config.network()));
        optimizer.shapes(all);
        for (HeldOut h : heldOuts()) {
            h.shapes(all);
        }
        return all;
    }

    /** What the program does besides, where the device makes the views. */
    private final class DeviceInputs implements SupervisedStep.Feed {
        @Override
        public void recordInputs(Recorder rec, Buffer into, Buffer labels) {
            DeviceFeed feed = images.device();
            feed.addTable(labels, (epoch, s, batch) -> Arrays.stream(batch).map(images.set()::label).toArray());
            feed.recordInputs(rec, List.of(Philox.Purpose.VIEW_TRAIN), List.of(into));
        }

        @Override
        public void recordResults(Recorder rec, Buffer loss, Buffer correct) {
            images.device().recordResults(rec, loss, correct);
        }
    }
}
