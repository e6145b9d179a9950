package org.jmoco.interchange;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/** The names that a checkpoint of PyTorch may use, all of them: tensors, their element types, ordered dictionaries. */
final class TorchCallables implements Pickle.Callables {
    /** Element types by the storage class of torch. */
    enum Element {
        DoubleStorage(8), FloatStorage(4), HalfStorage(2), BFloat16Storage(2), LongStorage(8), IntStorage(4), ShortStorage(2),
        CharStorage(1), ByteStorage(1), BoolStorage(1);

        private final int bytes;

        Element(int bytes) {
            this.bytes = bytes;
        }

        int bytes() {
            return bytes;
        }
    }

    private enum Function {
        REBUILD_TENSOR, REBUILD_PARAMETER, ORDERED_DICT, SIZE, PLAIN
    }

    /** Finds or makes the bytes of a storage. */
    interface Storages {
        ByteBuffer get(Element type, String key, long elements);
    }

    private record Storage(Element type, ByteBuffer bytes) {
    }

    private static final Map<String, Function> FUNCTIONS = Map.of(
            "torch._utils._rebuild_tensor_v2", Function.REBUILD_TENSOR,
            "torch._utils._rebuild_tensor", Function.REBUILD_TENSOR,
            "torch._utils._rebuild_parameter", Function.REBUILD_PARAMETER,
            "collections.OrderedDict", Function.ORDERED_DICT,
            "torch.Size", Function.SIZE,
            "argparse.Namespace", Function.PLAIN);

    private final Path file;
    private final Storages storages;

    TorchCallables(Path file, Storages storages) {
        this.file = file;
        this.storages = storages;
    }

    @Override
    public Object global(String module, String name) {
        Function f = FUNCTIONS.get(module + "." + name);
        if (f != null) {
            return f;
        }
        if (module.equals("torch")) {
            for (Element e : Element.values()) {
                if (e.name().equals(name)) {
                    return e;
                }
            }
        }
        throw UserError.failed(file + ": asks for Python's " + module + "." + name
                + ", which is not on the list of what a checkpoint may hold.\nOnly plain data are read, nothing is executed. In"
                + " PyTorch, save the weights alone: torch.save(model.state_dict(), ...)");
    }

    @Override
    public Object call(Object function, List<?> a) {
        if (!(function instanceof Function f)) {
            throw UserError.failed(file + ": is damaged: it calls " + function);
        }
        return switch (f) {
            case REBUILD_TENSOR -> {
                Storage s = (Storage) a.get(0);
                yield new TorchTensor(s.type, s.bytes, (Long) a.get(1), longs((List<?>) a.get(2)), longs((List<?>) a.get(3)));
            }
            case REBUILD_PARAMETER -> a.get(0);
            case ORDERED_DICT, PLAIN -> new LinkedHashMap<Object, Object>();
            case SIZE -> a.isEmpty() ? List.of() : a.get(0);
        };
    }

    /** {@code ('storage', type, key, device, elements)}. */
    @Override
    public Object persistent(Object id) {
        if (!(id instanceof List<?> l) || l.size() < 5 || !"storage".equals(l.get(0)) || !(l.get(1) instanceof Element type)) {
            throw UserError.failed(file + ": is damaged: a storage is named by " + id);
        }
        return new Storage(type, storages.get(type, String.valueOf(l.get(2)), (Long) l.get(4)));
    }

    private static long[] longs(List<?> l) {
        return l.stream().mapToLong(x -> (Long) x).toArray();
    }
}
