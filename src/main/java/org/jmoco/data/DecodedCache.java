package org.jmoco.data;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jmoco.tensor.UserError;

/**
 * Decoded sets on disk, so that a second start reads pixels instead of decoding pictures. One file per source path; it
 * carries a key made of the names, sizes and times of all source files, so changed sources are decoded anew and take
 * the old file's place. Nothing here can fail a run: whatever is wrong, the sources are read again and a line is logged.
 *
 * <p>File: magic "JMOCOIMG", version i32, length of the index i32, index, XXH64 of the index i64, the pixels of all images
 * one after the other, folded XXH64 of the pixels i64; big-endian. Index: key i64, number of splits i32, then per split:
 * name, set name, class names, skipped files, faint images, number of images i32, and per image name, height i32, width i32,
 * label i32 (-1: the set has none). It is written under another name and renamed, so a half-written file never counts.
 */
final class DecodedCache {
    private static final byte[] MAGIC = "JMOCOIMG".getBytes(StandardCharsets.US_ASCII);
    /** Of the format and of what readers accept; 2: a class that is never trained is refused; 3: faint images. */
    private static final int VERSION = 3;
    private static final int BUFFER = 1 << 20;
    /** A temporary file older than this was left behind by a process that was killed. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final String name;
    private final Path source;
    private final Path file;
    private final long key;
    private final Consumer<String> log;

    /**
     * @param folder where cache files lie; made if needed
     * @param name   of the data set
     * @param source folder or file that is cached; all files below it go into the key
     */
    DecodedCache(Path folder, String name, Path source, Consumer<String> log) throws IOException {
        Path real = source.toRealPath();
        this.name = name;
        this.source = real;
        this.file = folder.resolve(name + "-" + String.format("%016x", new Hash64().add(real.toString()).value()) + ".img");
        this.key = key(name, real);
        this.log = log;
    }

    Path file() {
        return file;
    }

    private static long key(String name, Path source) throws IOException {
        Hash64 h = new Hash64().add(VERSION).add(name);
        List<Path> files;
        try (Stream<Path> all = Files.walk(source, FileVisitOption.FOLLOW_LINKS)) {
            files = all.sorted().toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        for (Path p : files) {
            if (Files.exists(p)) {
                BasicFileAttributes a = Files.readAttributes(p, BasicFileAttributes.class);
                if (a.isRegularFile()) {
                    h.add(source.relativize(p).toString()).add(a.size()).add(a.lastModifiedTime().toMillis());
                }
            }
        }
        return h.value();
    }

    /** What was stored, or nothing if there is no file, it is damaged, or the sources have changed since. */
    Optional<Map<String, ImageSet>> read() {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (InputStream raw = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(new BufferedInputStream(raw, BUFFER))) {
            return read(in, Files.size(file));
        } catch (UserError e) { // the images themselves are too many; decoding them again would not help
            throw e;
        } catch (IOException | RuntimeException e) {
            log.accept("the decoded cache " + file + " cannot be used (" + Inputs.reason(e) + "); decoding again");
            return Optional.empty();
        }
    }

    private Optional<Map<String, ImageSet>> read(DataInputStream in, long size) throws IOException {
        if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
            throw new IOException("not a cache file");
        }
        int version = in.readInt();
        if (version != VERSION) {
            throw new IOException("format version " + version + ", this program writes " + VERSION);
        }
        int length = in.readInt();
        if (length < 0 || length > size) {
            throw new IOException("damaged index");
        }
        byte[] index = in.readNBytes(length);
        if (index.length < length || Hash64.of(index) != in.readLong()) {
            throw new IOException("damaged index");
        }
        DataInputStream head = new DataInputStream(new ByteArrayInputStream(index));
        if (head.readLong() != key) {
            return Optional.empty(); // the sources have changed: nothing is wrong
        }
        long pixelBytes = size - MAGIC.length - 2L * Integer.BYTES - length - 2L * Long.BYTES;
        Inputs.checkFits(name, pixelBytes);
        Map<String, ImageSet> splits = new LinkedHashMap<>();
        Hash64 pixels = new Hash64();
        int n = head.readInt();
        try {
            for (int s = 0; s < n; s++) {
                String split = head.readUTF();
                splits.put(split, readSet(head, in, pixels));
            }
        } catch (OutOfMemoryError e) {
            throw Inputs.tooLarge(name, pixelBytes);
        }
        if (in.readLong() != pixels.value() || in.read() >= 0) {
            throw new IOException("damaged pixels");
        }
        return Optional.of(splits);
    }

    private static ImageSet readSet(DataInputStream head, DataInputStream in, Hash64 pixels) throws IOException {
        String name = head.readUTF();
        List<String> classNames = new ArrayList<>();
        for (int c = head.readInt(); c > 0; c--) {
            classNames.add(head.readUTF());
        }
        List<Skipped> skipped = new ArrayList<>();
        for (int k = head.readInt(); k > 0; k--) {
            skipped.add(new Skipped(head.readUTF(), head.readUTF()));
        }
        List<String> faint = new ArrayList<>();
        for (int k = head.readInt(); k > 0; k--) {
            faint.add(head.readUTF());
        }
        int n = head.readInt();
        List<Image> images = new ArrayList<>();
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            String image = head.readUTF();
            int height = head.readInt();
            int width = head.readInt();
            labels[i] = head.readInt();
            byte[] rgb = new byte[3 * height * width];
            in.readFully(rgb);
            pixels.add(Hash64.of(rgb));
            images.add(new Image(image, height, width, rgb));
        }
        ImageSet set = ImageSet.of(name, images).withSkipped(skipped).withFaint(faint);
        return labels[0] < 0 ? set : set.withLabels(labels, classNames);
    }

    void write(Map<String, ImageSet> splits) {
        Path temporary = null;
        try {
            Files.createDirectories(file.getParent());
            removeAbandoned();
            temporary = Files.createTempFile(file.getParent(), file.getFileName() + ".", ".tmp");
            try (OutputStream raw = Files.newOutputStream(temporary);
                    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(raw, BUFFER))) {
                write(splits, out);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            log.accept(name + " in " + source + ": a decoded copy of these images lies in "
                    + new CachedImages.Entry(file, Files.size(file)) + " for the next start; './jmoco data clear-cache' removes"
                    + " such copies, " + CachedImages.SWITCH + "=off makes none");
        } catch (IOException | RuntimeException e) {
            log.accept("the decoded images cannot be kept in " + file.getParent() + " (" + Inputs.reason(e)
                    + "), so the next start decodes again; set JMOCO_CACHE to a folder with room");
            try {
                if (temporary != null) {
                    Files.deleteIfExists(temporary);
                }
            } catch (IOException again) {
                e.addSuppressed(again); // the log line is said; there is nothing left to do
            }
        }
    }

    private void write(Map<String, ImageSet> splits, DataOutputStream out) throws IOException {
        ByteArrayOutputStream index = new ByteArrayOutputStream();
        DataOutputStream head = new DataOutputStream(index);
        head.writeLong(key);
        head.writeInt(splits.size());
        for (Map.Entry<String, ImageSet> e : splits.entrySet()) {
            head.writeUTF(e.getKey());
            writeIndex(e.getValue(), head);
        }
        out.write(MAGIC);
        out.writeInt(VERSION);
        out.writeInt(index.size());
        index.writeTo(out);
        out.writeLong(Hash64.of(index.toByteArray()));
        Hash64 pixels = new Hash64();
        for (ImageSet s : splits.values()) {
            for (int i = 0; i < s.size(); i++) {
                out.write(s.pixels(i));
                pixels.add(Hash64.of(s.pixels(i)));
            }
        }
        out.writeLong(pixels.value());
    }

    private static void writeIndex(ImageSet s, DataOutputStream head) throws IOException {
        head.writeUTF(s.name());
        head.writeInt(s.classNames().size());
        for (String c : s.classNames()) {
            head.writeUTF(c);
        }
        head.writeInt(s.skipped().size());
        for (Skipped k : s.skipped()) {
            head.writeUTF(k.name());
            head.writeUTF(k.reason());
        }
        head.writeInt(s.faint().size());
        for (String f : s.faint()) {
            head.writeUTF(f);
        }
        head.writeInt(s.size());
        for (int i = 0; i < s.size(); i++) {
            head.writeUTF(s.imageName(i));
            head.writeInt(s.height(i));
            head.writeInt(s.width(i));
            head.writeInt(s.labelled() ? s.label(i) : -1);
        }
    }

    private void removeAbandoned() throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        try (Stream<Path> all = Files.list(file.getParent())) {
            for (Path p : all.filter(f -> f.toString().endsWith(".tmp") && CachedImages.isOwn(f)).toList()) {
                if (Files.getLastModifiedTime(p).toInstant().isBefore(before)) {
                    Files.deleteIfExists(p);
                }
            }
        }
    }
}
