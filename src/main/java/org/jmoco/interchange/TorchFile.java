package org.jmoco.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * A file written by torch.save: a zip with a pickle and one file for each storage (PyTorch 1.6 and later), or the older stream of
 * pickles with the storages behind. The pickle is read by a machine that knows tensors, numbers, texts, lists and dictionaries;
 * a file that asks for anything else is refused, with what it asked for. Nothing from the file is executed.
 */
public final class TorchFile {
    /** First number of the older format (torch/serialization.py, MAGIC_NUMBER). */
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    private TorchFile() {
    }

    /** True for the endings that PyTorch users give such files: .pth, .pt, .pth.tar, .ckpt, .bin. */
    public static boolean hasName(Path file) {
        return file.getFileName().toString().matches(".*\\.(pth|pt|pth\\.tar|ckpt|bin)");
    }

    /**
     * All tensors of the file, nested dictionaries flattened with dots: {@code state_dict.module.encoder_q.conv1.weight}.
     *
     * @throws UserError if the file is missing, damaged, or holds something else than plain data
     */
    public static Checkpoint load(Path file) {
        Object root = read(file);
        LinkedHashMap<String, org.jmoco.tensor.HostTensor> tensors = new LinkedHashMap<>();
        collect(file, "", root, tensors);
        if (tensors.isEmpty()) {
            String keys = root instanceof Map<?, ?> m && !m.isEmpty()
                    ? ", only " + String.join(", ", m.keySet().stream().limit(8).map(String::valueOf).toList()) : "";
            throw UserError.failed(file + ": holds no tensors" + keys
                    + "; give a file with the weights, as torch.save({'state_dict': model.state_dict()}, FILE) writes it");
        }
        return new Checkpoint(file, tensors, Map.of("format", "pytorch"));
    }

    private static void collect(Path file, String name, Object o, Map<String, org.jmoco.tensor.HostTensor> tensors) {
        if (o instanceof TorchTensor t) {
            tensors.put(name, t.toHost(file + ": " + name));
        } else if (o instanceof Map<?, ?> m) {
            m.forEach((key, value) -> collect(file, name.isEmpty() ? String.valueOf(key) : name + "." + key, value, tensors));
        }
    }

    private static Object read(Path file) {
        byte[] start = new byte[4];
        try (InputStream in = Files.newInputStream(RegularFile.require(file))) {
            if (in.readNBytes(start, 0, 4) < 4) {
                throw UserError.failed(file + ": is too short to be a checkpoint of PyTorch; copy or save it again");
            }
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read (" + e.getMessage() + ")");
        }
        boolean zip = start[0] == 'P' && start[1] == 'K';
        try {
            return zip ? readZip(file) : readLegacy(file);
        } catch (ZipException e) {
            throw UserError.failed(file + ": is damaged or cut off (" + e.getMessage() + "); get it again");
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read (" + e.getMessage() + ")");
        } catch (OutOfMemoryError e) {
            throw UserError.failed(file + ": its tensors do not fit into memory; set JMOCO_HEAP higher");
        }
    }

    private static Object readZip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry pickle = null;
            for (Enumeration<? extends ZipEntry> e = zip.entries(); e.hasMoreElements() && pickle == null;) {
                ZipEntry next = e.nextElement();
                pickle = next.getName().endsWith("/data.pkl") || next.getName().equals("data.pkl") ? next : null;
            }
            if (pickle == null) {
                throw UserError.failed(file + ": is a zip file without data.pkl, so no checkpoint of PyTorch");
            }
            String folder = pickle.getName().substring(0, pickle.getName().length() - "data.pkl".length());
            ZipEntry order = zip.getEntry(folder + "byteorder");
            boolean big = order != null && new String(zip.getInputStream(order).readAllBytes(),
                    java.nio.charset.StandardCharsets.US_ASCII).equals("big");
            Map<String, ByteBuffer> storages = new HashMap<>();
            TorchCallables callables = new TorchCallables(file, (type, key, elements) -> storages.computeIfAbsent(key, k -> {
                ZipEntry entry = zip.getEntry(folder + "data/" + k);
                if (entry == null) {
                    throw UserError.failed(file + ": storage " + k + " is missing; the file is damaged");
                }
                try (InputStream in = zip.getInputStream(entry)) {
                    return ByteBuffer.wrap(in.readAllBytes()).order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
                } catch (IOException e) {
                    throw UserError.failed(file + ": storage " + k + " cannot be read (" + e.getMessage()
                            + "); the file is damaged");
                }
            }));
            try (InputStream in = zip.getInputStream(pickle)) {
                return new Pickle(file.toString(), ByteBuffer.wrap(in.readAllBytes()), callables).read();
            }
        }
    }

    /** Magic number, protocol, machine, data, names of the storages, then each storage: number of elements and elements. */
    private static Object readLegacy(Path file) throws IOException {
        if (Files.size(file) > Integer.MAX_VALUE - 8) {
            throw UserError.failed(file + ": is larger than 2 GB in PyTorch's older format; save it again with PyTorch 1.6 or"
                    + " later");
        }
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
        Map<String, ByteBuffer> storages = new HashMap<>();
        Map<String, Integer> elementBytes = new HashMap<>();
        TorchCallables callables = new TorchCallables(file, (type, key, elements) -> {
            elementBytes.put(key, type.bytes());
            // Filled below: in this format the bytes stand behind the pickle that names them.
            return storages.computeIfAbsent(key, k -> {
                long bytes = elements * type.bytes();
                if (bytes < 0 || bytes > in.remaining()) {
                    throw UserError.failed(file + ": is cut off: storage " + k + " has " + elements + " elements");
                }
                return ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
            });
        });
        Object magic = new Pickle(file.toString(), in, callables).read();
        if (!LEGACY_MAGIC.equals(magic)) {
            throw UserError.failed(file + ": is no checkpoint of PyTorch (neither its zip format nor the older one)");
        }
        new Pickle(file.toString(), in, callables).read();
        new Pickle(file.toString(), in, callables).read();
        Object root = new Pickle(file.toString(), in, callables).read();
        Object keys = new Pickle(file.toString(), in, callables).read();
        in.order(ByteOrder.LITTLE_ENDIAN);
        for (Object key : keys instanceof List<?> l ? l : new ArrayList<>()) {
            ByteBuffer storage = storages.get(String.valueOf(key));
            if (storage == null || in.remaining() < Long.BYTES
                    || in.getLong() * elementBytes.get(String.valueOf(key)) != storage.capacity()
                    || in.remaining() < storage.capacity()) {
                throw UserError.failed(file + ": is damaged or cut off at storage " + key);
            }
            in.get(storage.array());
        }
        return root;
    }
}
