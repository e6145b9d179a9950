package org.jmoco.train;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;

/**
 * The proof that a linear probe has left the encoder alone, bit for bit: SHA-256 of every tensor before the last layer, running
 * statistics included, taken before training and compared at each checkpoint and at the end. (facebookresearch/moco's
 * {@code sanity_check} does as much after its linear classification.)
 */
final class FrozenWeights {
    /** In a checkpoint's metadata: what the tensors were before training. */
    private static final String KEY = "frozen.sha256";

    private final Map<String, String> digests; // by tensor

    private FrozenWeights(Map<String, String> digests) {
        this.digests = digests;
    }

    /** @param tensors of a network in checkpoint layout; others, as a run's moments, must not be among them */
    static FrozenWeights of(Map<String, HostTensor> tensors) {
        Map<String, String> out = new TreeMap<>();
        tensors.forEach((name, t) -> {
            if (!name.startsWith("fc.")) {
                out.put(name, HexFormat.of().formatHex(sha256().digest(bytes(t))));
            }
        });
        return new FrozenWeights(out);
    }

    /** From a checkpoint: its tensors must still be those that the run began with. @throws UserError if they are not */
    static FrozenWeights resumed(String source, Map<String, String> metadata, Map<String, HostTensor> tensors) {
        FrozenWeights now = of(tensors);
        String before = metadata.get(KEY);
        if (!now.total().equals(before)) {
            throw UserError.failed(source + ": its frozen weights are not those that the run began with (sha256 " + now.total()
                    + ", was " + before + "). Start the probe anew.");
        }
        return now;
    }

    void store(Map<String, String> metadata) {
        metadata.put(KEY, total());
    }

    int count() {
        return digests.size();
    }

    /** SHA-256 over all. */
    String total() {
        MessageDigest all = sha256();
        digests.forEach((name, d) -> all.update((name + " " + d + "\n").getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(all.digest());
    }

    /** @param tensors may lack some of ours @throws UserError naming the first tensor that differs */
    void requireUnchanged(Map<String, HostTensor> tensors) {
        Map<String, String> now = of(tensors).digests;
        digests.forEach((name, before) -> {
            if (!before.equals(now.getOrDefault(name, before))) {
                throw UserError.failed("linear probe: the frozen tensor " + name
                        + " has changed during training, so the figures would not be those of the encoder that was given. This"
                        + " is an error of the program or of the machine's memory: run 'jmoco doctor', try --backend reference,"
                        + " and report it.");
            }
        });
    }

    private static byte[] bytes(HostTensor t) {
        ByteBuffer b = ByteBuffer.allocate(Math.multiplyExact(Math.toIntExact(t.shape().size()), t.dtype().bytes));
        switch (t.dtype()) {
            case F32 -> b.asFloatBuffer().put(t.floats());
            case F64 -> b.asDoubleBuffer().put(t.doubles());
            case I64 -> b.asLongBuffer().put(t.longs());
            default -> throw new IllegalArgumentException("frozen weights: " + t + " is no tensor of a network");
        }
        return b.array();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
