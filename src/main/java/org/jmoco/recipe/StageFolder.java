package org.jmoco.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jmoco.report.Json;
import org.jmoco.report.RunFolder;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * The folder of one training of a recipe. Its name ends with a hash of everything that decides the result: options, the data's
 * content, the checkpoint it starts from, backend, version. So what is finished is found again and reused, by another recipe as
 * well, and what would give something else has another folder.
 *
 * @param path   a run folder (see {@link RunFolder}) with {@code stage.json} beside what a run leaves there
 * @param inputs what the hash is of
 * @param hash   SHA-256, hexadecimal
 */
record StageFolder(Path path, Map<String, String> inputs, String hash) {
    private static final String FILE = "stage.json";
    private static final int HASH_SHOWN = 10; // 40 bits: a clash among a thousand folders has a chance of 5e-7

    /**
     * A finished training.
     *
     * @param sha256  of the checkpoint's bytes
     * @param seconds that the start took which finished it
     * @param result  {@code result.json}
     */
    record Finished(Path folder, Path checkpoint, String sha256, double seconds, JsonNode result) {}

    static StageFolder of(Path parent, String label, Map<String, String> inputs) {
        MessageDigest sha = sha256();
        inputs.forEach((k, v) -> sha.update((k + "=" + v + "\n").getBytes(StandardCharsets.UTF_8)));
        String hash = HexFormat.of().formatHex(sha.digest());
        return new StageFolder(parent.resolve(label + "-" + hash.substring(0, HASH_SHOWN)), inputs, hash);
    }

    /** Empty if it has not been trained to the end. @throws UserError if its checkpoint is not the one that it ended with */
    Optional<Finished> finished() {
        if (!Files.exists(path.resolve(FILE)) || !Files.exists(path.resolve("result.json"))) {
            return Optional.empty();
        }
        JsonNode stage = Json.read(path.resolve(FILE));
        Path checkpoint = path.resolve(stage.path("checkpoint").asText());
        String sha = Files.exists(checkpoint) ? sha256(checkpoint) : "none";
        if (!stage.path("hash").asText().equals(hash) || !stage.path("checkpoint_sha256").asText().equals(sha)) {
            throw UserError.failed(path + ": " + checkpoint.getFileName()
                    + " is not the one that this stage ended with. Restore the folder, or delete it to train the stage anew.");
        }
        return Optional.of(new Finished(path, checkpoint, sha, stage.path("seconds").asDouble(),
                Json.read(path.resolve("result.json"))));
    }

    /** Marks the stage as finished. */
    Finished finish(RunFolder folder, Map<String, Object> result, double seconds) {
        Path checkpoint = path.resolve((String) result.get("checkpoint"));
        String sha = sha256(checkpoint);
        Map<String, Object> stage = new LinkedHashMap<>();
        stage.put("hash", hash);
        stage.put("inputs", inputs);
        stage.put("checkpoint", checkpoint.getFileName().toString());
        stage.put("checkpoint_sha256", sha);
        stage.put("seconds", seconds);
        folder.write(FILE, stage);
        return new Finished(path, checkpoint, sha, seconds, Json.read(path.resolve("result.json")));
    }

    private static String sha256(Path file) {
        MessageDigest sha = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(RegularFile.require(file)), sha)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read: " + e.getMessage(), e);
        }
        return HexFormat.of().formatHex(sha.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
