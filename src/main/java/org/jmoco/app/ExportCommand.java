package org.jmoco.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.checkpoint.Safetensors;
import org.jmoco.interchange.MocoNames;
import org.jmoco.interchange.OnnxClassifier;
import org.jmoco.interchange.TorchFile;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code jmoco export}: a trained network as a file for other programs. */
@Command(name = "export", description = "Write a trained network as a file for other programs.")
final class ExportCommand implements Callable<Integer> {
    enum Format {
        TORCHVISION, MOCO, ONNX;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** Tells what the formats are, since people ask for the kind of file. */
    private static final class FormatOf implements ITypeConverter<Format> {
        @Override
        public Format convert(String typed) {
            return Arrays.stream(Format.values()).filter(f -> f.toString().equalsIgnoreCase(typed)).findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected torchvision or moco (both are safetensors, under"
                            + " other names), or onnx, but was '" + typed + "'"));
        }
    }

    /** What a run writes down of how it prepared its images. */
    private static final List<String> PREPARATION = List.of("run.--image", "run.views", "run.normalisation");

    @Option(names = "--from", required = true, paramLabel = "RUN|FILE",
            description = "What to write: " + RunOptions.WEIGHTS + ", which this command thereby converts.")
    private Path from;

    @Option(names = "--format", required = true, paramLabel = "torchvision|moco|onnx", converter = FormatOf.class,
            description = "torchvision: safetensors with the names of torchvision's resnet18; moco: safetensors with both"
                    + " encoders, queue and pointer under the names of facebookresearch/moco; onnx: the network for evaluation.")
    private Format format;

    @Parameters(paramLabel = "FILE", description = "What to write; an existing file is replaced only with --overwrite.")
    private Path file;

    @Option(names = "--features", description = "Of onnx: without the last layer, so that the output is the features of the"
            + " average pool (default: logits and probabilities, as far as the file has a last layer).")
    private boolean features;

    @Option(names = "--overwrite", description = "Replace FILE if it exists.")
    private boolean overwrite;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        OutputFile.require(file.toString(), file);
        if (Files.exists(file) && !overwrite) {
            throw UserError.usage(file + " exists; give --overwrite to replace it");
        }
        if (format != Format.ONNX && TorchFile.hasName(file)) {
            throw UserError.usage(file + ": " + format + " is written as safetensors, which torch.load does not read; name the"
                    + " file .safetensors");
        }
        if (features && format != Format.ONNX) {
            throw UserError.usage("--features is for --format onnx; the other formats hold the tensors of the whole network,"
                    + " fc.weight among them");
        }
        Pretrained trained = Pretrained.load(from);
        Map<String, String> metadata = metadata(trained);
        switch (format) {
            case TORCHVISION -> Safetensors.write(file, network(trained), metadata);
            case MOCO -> Safetensors.write(file, MocoNames.of(trained.file().toString(), trained.tensors()), metadata);
            case ONNX -> AtomicFile.replace(file, onnx(trained));
        }
        spec.commandLine().getOut().println(file + ": " + format + ", from " + trained.file());
        return 0;
    }

    /** Whose file it was, and what whoever prepares images for the network has to know. */
    private static Map<String, String> metadata(Pretrained trained) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "pt");
        metadata.put("origin", trained.file().toString());
        metadata.put("jmoco", Version.number());
        for (String key : PREPARATION) {
            if (trained.metadata().containsKey(key)) {
                metadata.put(key, trained.metadata().get(key));
            }
        }
        return metadata;
    }

    private byte[] onnx(Pretrained trained) {
        String about = "ResNet-18 from " + trained.file() + "; input: images N x 3 x H x W, RGB, normalised as in training ("
                + trained.metadata().getOrDefault("run.normalisation", "see the run's options") + ")";
        return features || trained.headless()
                ? OnnxClassifier.features(trained.architecture(1), trained.tensors(), Version.number(), about)
                : OnnxClassifier.export(trained.architecture(1), trained.tensors(), Version.number(), about);
    }

    private static LinkedHashMap<String, HostTensor> network(Pretrained trained) {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        trained.tensors().forEach((name, t) -> {
            if (name.matches("(conv1|bn1|layer[1-4]|fc)\\..*") && !(trained.headless() && name.startsWith("fc."))) {
                out.put(name, t);
            }
        });
        return out;
    }
}
