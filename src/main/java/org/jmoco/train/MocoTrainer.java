package org.jmoco.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.augment.ViewBatch;
import org.jmoco.augment.ViewLoader;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.TensorNames;
import org.jmoco.data.ImageSet;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * Pretrains an encoder by momentum contrast. In this order: construct (records all programs), {@link Backend#allocate()},
 * {@link #initialize} or {@link #initializeFrom} or {@link #resume}, {@link #train}.
 *
 * <p>Each epoch visits the images in an order of its own, in whole batches; the rest of the images is left out of that epoch, as
 * drop_last=True does in the published code. Order, shuffling and views are functions of the seed, the epoch and the image.
 */
public final class MocoTrainer extends Trainer {
    private static final String NAME = "pretrain";
    private static final String KEY = "key.";
    private static final String QUEUE = "queue";
    private static final String HEAD = "queue.head";

    private final PretrainConfig config;
    private final MocoStep step;
    private final KnnMonitor monitor; // null without labels
    private final EncoderState queryState;
    private final EncoderState keyState;
    private final OptimizerState optimizer;

    /**
     * @param images  labels are not looked at
     * @param labelled what the kNN monitor measures on; null to go without
     * @param threads that make views
     * @throws UserError if there are fewer images than one batch takes
     */
    public MocoTrainer(Backend backend, PretrainConfig config, ImageSet images, KnnMonitor.Task labelled, int threads,
            RunOutput output) {
        this(backend, config, images, labelled, threads, FeedOptions.DEFAULT, output);
    }

    /** As above. @param feeding where views are made */
    public MocoTrainer(Backend backend, PretrainConfig config, ImageSet images, KnnMonitor.Task labelled, int threads,
            FeedOptions feeding, RunOutput output) {
        super(backend, new TrainingImages(backend, images, config.views(), config.normalisation(),
                new ViewLoader.Options(config.seed(), config.moco().batch(), threads), feeding));
        this.config = config;
        step = new MocoStep(backend, config.moco(), this.images.device() == null ? null : new DeviceInputs());
        monitor = labelled == null ? null : new KnnMonitor(backend, step.pair().query(), labelled, config.moco().batch());
        queryState = new EncoderState(step.pair().query(), "");
        keyState = new EncoderState(step.pair().key(), KEY);
        optimizer = new OptimizerState(step.sgd(), step.scale());
        Map<String, String> id = config.identity();
        id.put(RunIdentity.BACKEND, backend.arithmetic());
        id.put(RunIdentity.DATA, RunIdentity.hash(images));
        repeat(new PretrainTask(new RunIdentity(id)), output);
    }

    /** Random weights and queue. */
    @Override
    public void initialize() {
        step.pair().initialize(backend, config.seed());
        step.queue().initialize(backend, config.seed());
    }

    /** Both encoders start from trained weights and statistics; the queue is random. @throws UserError if the network differs */
    @Override
    public void initializeFrom(Pretrained start) {
        start.requireFits(config.moco().encoder(), true);
        step.pair().load(backend, start.tensors(), start.tensors());
        queryState.load(backend, start.tensors());
        keyState.setTracked(queryState.tracked());
        step.queue().initialize(backend, config.seed());
        origin = start.file().toString();
    }

    @Override
    public List<String> measures() {
        return monitor == null ? List.of() : List.of(KnnMonitor.ACCURACY);
    }

    public MocoStep step() {
        return step;
    }

    @Override
    public Program program() {
        return step.program();
    }

    /** The monitor, null if the run goes without. */
    public KnnMonitor monitor() {
        return monitor;
    }

    private final class PretrainTask extends TrainingTask {
        PretrainTask(RunIdentity identity) {
            super(NAME, identity, config.epochs(), config.learningRate(), images, backend, step.sgd());
        }

        @Override
        public int rows() {
            return passes() * batch();
        }

        @Override
        public Batches begin(int epoch, int firstStep) {
            return images.pairs(epoch, firstStep, this);
        }

        @Override
        public void upload(ViewBatch batch) {
            backend.upload(step.view1(), batch.query());
            backend.upload(step.view2(), batch.key());
            step.setShuffle(backend, shuffle(batch.epoch(), batch.step()));
        }

        @Override
        public void runProgram() {
            step.program().run();
            queryState.countPasses(passes());
            keyState.countPasses(passes());
        }

        @Override
        public EpochLoop.StepResult result() {
            return EpochLoop.StepResult.of(backend, step.loss().loss(), step.loss().correct());
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
            boolean due = monitor != null && (epoch % config.knnEvery() == 0 || epoch == config.epochs());
            return due ? Map.of(KnnMonitor.ACCURACY, monitor.measure()) : Map.of();
        }

        @Override
        public void save(Map<String, HostTensor> tensors, Map<String, String> metadata) {
            queryState.save(backend, tensors);
            keyState.save(backend, tensors);
            optimizer.save(backend, tensors, metadata);
            tensors.put(QUEUE, backend.download(step.queue().keys()));
            tensors.put(HEAD, backend.download(step.queue().head()));
            metadata.put(ORIGIN, origin);
        }

        @Override
        public void load(Checkpoint checkpoint) {
            Map<String, HostTensor> t = checkpoint.tensors();
            TensorNames.requireSame(checkpoint.file().toString(), shapes(), TensorNames.shapes(t),
                    "It is no checkpoint of this run; resume from another one or start a new run.");
            queryState.load(backend, t);
            keyState.load(backend, t);
            optimizer.load(backend, t, checkpoint.metadata());
            backend.upload(step.queue().keys(), t.get(QUEUE));
            backend.upload(step.queue().head(), t.get(HEAD));
            origin = checkpoint.metadata().getOrDefault(ORIGIN, origin);
        }
    }

    /** Training passes of each encoder in one step. */
    private int passes() {
        return config.moco().symmetric() ? 2 : 1;
    }

    private Map<String, Shape> shapes() {
        Map<String, Shape> all = new LinkedHashMap<>();
        Map<String, Shape> encoder = EncoderState.shapes(config.moco().encoder());
        all.putAll(encoder);
        encoder.forEach((name, shape) -> all.put(KEY + name, shape));
        optimizer.shapes(all);
        all.put(QUEUE, step.queue().keys().shape());
        all.put(HEAD, Shape.SCALAR);
        return all;
    }

    private int[] shuffle(int epoch, int ofStep) {
        return new Philox(config.seed(), Philox.Purpose.SHUFFLE, epoch, ofStep).permutation(config.moco().batch());
    }

    /** What the program does besides, where the device makes the views. */
    private final class DeviceInputs implements MocoStep.Feed {
        @Override
        public void recordInputs(Recorder rec, Buffer view1, Buffer view2, Buffer shuffle, Buffer unshuffle) {
            DeviceFeed feed = images.device();
            feed.addTable(shuffle, (epoch, s, batch) -> shuffle(epoch, s));
            feed.addTable(unshuffle, (epoch, s, batch) -> MocoStep.inverse(shuffle(epoch, s)));
            feed.recordInputs(rec, List.of(Philox.Purpose.VIEW_QUERY, Philox.Purpose.VIEW_KEY), List.of(view1, view2));
        }

        @Override
        public void recordResults(Recorder rec, Buffer loss, Buffer correct) {
            images.device().recordResults(rec, loss, correct);
        }
    }
}
