package org.jmoco.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.checkpoint.TensorNames;
import org.jmoco.encoder.ResNet18;
import org.jmoco.interchange.TorchFile;
import org.jmoco.interchange.TorchNames;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * A trained ResNet-18 to start from: the query encoder of a run, or any file of safetensors or PyTorch with torchvision's names.
 * Weights and running statistics are taken over bit for bit.
 */
public final class Pretrained {
    /** What torchvision calls a tensor of a ResNet; a run's other state (key encoder, queue, moments) is not looked at. */
    private static final Pattern NETWORK = Pattern.compile("(conv1|bn1|layer\\d+\\.|fc\\.).*");

    private static final String COUNTER = ".num_batches_tracked";

    private static final String MLP_LAST = "fc.2.weight";

    /** Outputs of the layer of zeros that stands behind a network without one. */
    private static final int MISSING_OUTPUTS = 128;

    private final Checkpoint checkpoint;
    private final boolean headless;

    private Pretrained(Checkpoint checkpoint, boolean headless) {
        this.checkpoint = checkpoint;
        this.headless = headless;
    }

    /**
     * @param runOrFile a run's folder, whose latest checkpoint is taken, a safetensors file, or one that PyTorch
     *     saved (.pth, .pt, .pth.tar), whose ResNet is looked up under the usual names
     * @throws UserError if there is none, if it is damaged, or if it holds no ResNet
     */
    public static Pretrained load(Path runOrFile) {
        Checkpoint c;
        if (Files.isDirectory(runOrFile)) {
            c = CheckpointStore.forReading(runOrFile).loadLatest(CheckpointStore.OnDamage.REFUSE, line -> {})
                    .orElseThrow(() -> UserError.failed(runOrFile + ": holds no checkpoint. Give the --out folder of a run"
                            + " that has saved one, a .safetensors file, or one of PyTorch (.pth)."));
        } else if (TorchFile.hasName(runOrFile)) {
            c = renamed(TorchFile.load(runOrFile));
        } else {
            c = CheckpointStore.load(runOrFile);
            c = c.tensors().containsKey("conv1.weight") ? c : renamed(c); // as export --format moco writes it
        }
        return of(c);
    }

    /** As it is where no ResNet is found: its own names tell what it holds. */
    private static Checkpoint renamed(Checkpoint foreign) {
        Checkpoint known = TorchNames.training(foreign);
        return known.tensors().isEmpty() ? foreign : known;
    }

    /** @throws UserError if it holds no ResNet */
    public static Pretrained of(Checkpoint c) {
        HostTensor stem = c.tensors().get("conv1.weight");
        HostTensor head = lastLayer(c);
        if (stem == null || stem.shape().rank() != 4 || head != null && head.shape().rank() != 2) {
            throw UserError.failed(c.file()
                    + ": is no ResNet-18 under torchvision's names (conv1.weight, ..., fc.weight). It begins with "
                    + String.join(", ", c.tensors().keySet().stream().limit(3).toList()) + ".");
        }
        return head == null ? new Pretrained(withZeros(c, 8 * stem.shape().dim(0)), true) : new Pretrained(c, false);
    }

    /**
     * A backbone alone is given a last layer of zeros, so that it is a whole network to everything that looks at features only.
     */
    private static Checkpoint withZeros(Checkpoint c, int features) {
        LinkedHashMap<String, HostTensor> all = new LinkedHashMap<>(c.tensors());
        all.put("fc.weight", HostTensor.of(Shape.of(MISSING_OUTPUTS, features), new float[MISSING_OUTPUTS * features]));
        all.put("fc.bias", HostTensor.of(Shape.of(MISSING_OUTPUTS), new float[MISSING_OUTPUTS]));
        return new Checkpoint(c.file(), all, c.metadata());
    }

    /** True if the file holds the backbone alone: then the last layer among the {@link #tensors} is made up of zeros. */
    public boolean headless() {
        return headless;
    }

    /** The weight of the last layer: of a projection of one layer, or of MoCo v2's two. Null if there is none. */
    private static HostTensor lastLayer(Checkpoint c) {
        HostTensor one = c.tensors().get("fc.weight");
        return one != null ? one : c.tensors().get(MLP_LAST);
    }

    public Path file() {
        return checkpoint.file();
    }

    public Map<String, HostTensor> tensors() {
        return checkpoint.tensors();
    }

    /** What the run that saved it wrote down; empty for a foreign file. */
    public Map<String, String> metadata() {
        return checkpoint.metadata();
    }

    /** Stem, width and outputs as the tensors' shapes tell. @param splits leave no trace in a file */
    public ResNet18.Config architecture(int splits) {
        Shape stem = tensors().get("conv1.weight").shape();
        return new ResNet18.Config(stem.dim(2) == 7 ? ResNet18.Stem.IMAGENET : ResNet18.Stem.CIFAR, stem.dim(0),
                lastLayer(checkpoint).shape().dim(0), splits, tensors().containsKey(MLP_LAST));
    }

    /**
     * @param withHead false if the linear layer is going to be replaced
     * @throws UserError if the network is not the one wanted, with the option to change
     */
    public void requireFits(ResNet18.Config wanted, boolean withHead) {
        if (withHead && headless) {
            throw UserError.failed(file() + ": holds no last layer (fc.weight), and the projection is asked for; a backbone"
                    + " alone serves finetune and probe with a fresh head, knn and export");
        }
        Predicate<String> counted = name -> NETWORK.matcher(name).matches() && !name.endsWith(COUNTER)
                && (withHead || !name.startsWith("fc."));
        LinkedHashMap<String, Shape> expected = EncoderState.shapes(wanted);
        expected.keySet().removeIf(counted.negate());
        LinkedHashMap<String, Shape> found = TensorNames.shapes(tensors());
        found.keySet().removeIf(counted.negate());
        TensorNames.requireSame(file().toString(), expected, found, hint(wanted, withHead));
    }

    private String hint(ResNet18.Config wanted, boolean withHead) {
        ResNet18.Config here = architecture(wanted.splits());
        List<String> changes = new ArrayList<>();
        if (here.width() != wanted.width()) {
            changes.add("it was trained with --width " + here.width() + ", this run has --width " + wanted.width());
        }
        if (here.stem() != wanted.stem()) {
            changes.add("it has the " + here.stem() + " stem, this run the " + wanted.stem() + " stem: change --stem");
        }
        if (withHead && here.mlp() != wanted.mlp()) {
            changes.add(here.mlp() ? "its projection has two layers (--mlp), this run's has one: give --mlp, or take --head fresh"
                    : "its projection has one layer, this run's two: leave out --mlp, or take --head fresh");
        }
        if (withHead && here.dim() != wanted.dim()) {
            changes.add("its last layer has " + here.dim() + " outputs, this run's " + wanted.dim()
                    + ": change --dim, or take --head fresh");
        }
        return changes.isEmpty() ? "Only ResNet-18 can be loaded." : "Make the options agree: " + String.join("; ", changes)
                + ".";
    }

    /** All tensors, those behind the average pool replaced by {@code head}'s linear layer. */
    Map<String, HostTensor> withHead(Map<String, HostTensor> head) {
        Map<String, HostTensor> all = new LinkedHashMap<>(tensors());
        all.keySet().removeIf(name -> name.startsWith("fc."));
        all.put("fc.weight", head.get("fc.weight"));
        all.put("fc.bias", head.get("fc.bias"));
        return all;
    }
}
