package org.jmoco.interchange;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/** A tensor as a view of a storage: offset, sizes and strides count elements. */
record TorchTensor(TorchCallables.Element type, ByteBuffer storage, long offset, long[] sizes, long[] strides) {
    /**
     * A dense row-major copy. Floating types of 16 bits become f32; integers other than 64 bits become i32, but bytes and
     * booleans u8.
     *
     * @param name for errors
     * @throws UserError if the view leaves its storage
     */
    HostTensor toHost(String name) {
        long count = 1;
        long last = offset;
        boolean possible = offset >= 0 && sizes.length == strides.length;
        for (int i = 0; possible && i < sizes.length; i++) {
            possible = sizes[i] >= 0 && sizes[i] <= Integer.MAX_VALUE && strides[i] >= 0 && strides[i] <= Integer.MAX_VALUE;
            count = possible ? Math.min(count * sizes[i], Integer.MAX_VALUE) : 0;
            last += possible ? Math.max(0, sizes[i] - 1) * strides[i] : 0;
            possible &= last >= 0 && last <= Integer.MAX_VALUE;
        }
        if (!possible || count > Integer.MAX_VALUE - 8
                || (count > 0 && (last + 1) * type.bytes() > storage.capacity())) {
            throw UserError.failed(name + ": its sizes " + Arrays.toString(sizes)
                    + " do not fit its storage; the file is damaged");
        }
        Shape shape = Shape.of(Arrays.stream(sizes).mapToInt(Math::toIntExact).toArray());
        int n = (int) count;
        return switch (type) {
            case DoubleStorage -> {
                double[] v = new double[n];
                walk(n, (i, at) -> v[i] = storage.getDouble(at));
                yield HostTensor.of(shape, v);
            }
            case FloatStorage, HalfStorage, BFloat16Storage -> {
                float[] v = new float[n];
                walk(n, (i, at) -> v[i] = switch (type) {
                    case FloatStorage -> storage.getFloat(at);
                    case HalfStorage -> Float.float16ToFloat(storage.getShort(at));
                    default -> Float.intBitsToFloat(storage.getShort(at) << 16);
                });
                yield HostTensor.of(shape, v);
            }
            case LongStorage -> {
                long[] v = new long[n];
                walk(n, (i, at) -> v[i] = storage.getLong(at));
                yield HostTensor.of(shape, v);
            }
            case IntStorage, ShortStorage, CharStorage -> {
                int[] v = new int[n];
                walk(n, (i, at) -> v[i] = switch (type) {
                    case IntStorage -> storage.getInt(at);
                    case ShortStorage -> storage.getShort(at);
                    default -> storage.get(at);
                });
                yield HostTensor.of(shape, v);
            }
            case ByteStorage, BoolStorage -> {
                byte[] v = new byte[n];
                walk(n, (i, at) -> v[i] = storage.get(at));
                yield HostTensor.of(shape, v);
            }
        };
    }

    private interface Element {
        void take(int i, int byteOffset);
    }

    /** Visits all elements in row-major order. */
    private void walk(int n, Element e) {
        long[] index = new long[sizes.length];
        long at = offset;
        for (int i = 0; i < n; i++) {
            e.take(i, (int) (at * type.bytes()));
            for (int axis = sizes.length - 1; axis >= 0; axis--) {
                at += strides[axis];
                if (++index[axis] < sizes[axis]) {
                    break;
                }
                at -= sizes[axis] * strides[axis];
                index[axis] = 0;
            }
        }
    }
}
