package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void readsAFileMadeByHand() throws IOException {
        String header = "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
                + "\"__metadata__\":{\"z\":\"\\u00e9\",\"a\":\"1\"},"
                + "\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}   ";
        // -2.5 as f64 is C004 0000 0000 0000; 1.0 and -0.0 as f32 are 3F80 0000 and 8000 0000.
        Path file = HandMade.file(folder, header, 0, 0, 0, 0, 0, 0, 4, 0xC0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x80);
        try (SafetensorsFile in = Safetensors.open(file)) {
            assertEquals(List.of("b", "a"), List.copyOf(in.shapes().keySet()));
            assertEquals(Map.of("a", "1", "z", "é"), in.metadata());
            assertTrue(in.read("a").bitEquals(HostTensor.scalar(-2.5)));
            assertTrue(in.read("b").bitEquals(HostTensor.of(Shape.of(2, 1), new float[] {1f, -0f})));
        }
    }

    @Test
    void readsEveryType() throws IOException {
        String header = "{\"i64\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                + "\"i32\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                + "\"bf16\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[12,18]},"
                + "\"f16\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[18,26]},"
                + "\"u8\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[26,28]}}";
        Path file = HandMade.file(
                folder,
                header,
                0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // -2
                1, 2, 0, 0, // 513
                0x80, 0x3F, 0x49, 0xC0, 0x80, 0x7F, // 1, -3.140625, infinity
                0, 0x3C, 0xFF, 0x7B, 1, 0, 0, 0xFC, // 1, 65504, 2^-24 (subnormal), -infinity
                0, 255);
        LinkedHashMap<String, HostTensor> t = Safetensors.read(file);
        assertArrayEquals(new long[] {-2}, t.get("i64").longs());
        assertArrayEquals(new int[] {513}, t.get("i32").ints());
        assertArrayEquals(new float[] {1f, -3.140625f, Float.POSITIVE_INFINITY}, t.get("bf16").floats());
        assertArrayEquals(new float[] {1f, 65504f, 0x1p-24f, Float.NEGATIVE_INFINITY}, t.get("f16").floats());
        assertArrayEquals(new byte[] {0, -1}, t.get("u8").bytes());
    }

    @Test
    void writesTheBytesOfTheFormat() throws IOException {
        LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("u", HostTensor.of(Shape.of(3), new byte[] {1, 2, 3}));
        tensors.put("w", HostTensor.of(Shape.of(1, 1), new float[] {1f}));
        Path file = folder.resolve("w.safetensors");
        Safetensors.write(file, tensors, Map.of("k", "v"));

        String header = "{\"__metadata__\":{\"k\":\"v\"},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
                + "\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]}}";
        header += " ".repeat((8 - header.length() % 8) % 8);
        byte[] expected = Files.readAllBytes(
                HandMade.file(folder, header.getBytes(StandardCharsets.UTF_8), HandMade.bytes(0, 0, 0x80, 0x3F, 1, 2, 3)));
        assertArrayEquals(expected, Files.readAllBytes(file));
    }

    @Test
    void roundTripKeepsEveryBitAtAwkwardSizes() throws IOException {
        int overOneBuffer = Safetensors.BUFFER_BYTES / 4 + 13;
        LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.U8, DType.F64, DType.I32, DType.F32, DType.I64)) {
            for (int n : new int[] {0, 1, 7, 33, overOneBuffer}) {
                tensors.put(dtype + " ü\"\\ " + n, random(dtype, n));
            }
        }
        Path file = folder.resolve("r.safetensors");
        Safetensors.write(file, tensors, Map.of());
        LinkedHashMap<String, HostTensor> back = Safetensors.read(file);
        assertEquals(tensors.keySet(), back.keySet());
        tensors.forEach((name, t) -> assertTrue(t.bitEquals(back.get(name)), name));

        Path again = folder.resolve("again.safetensors");
        Safetensors.write(again, new LinkedHashMap<>(tensors), Map.of());
        assertEquals(-1, Files.mismatch(file, again));
    }

    @Test
    void everyTensorIsAligned() throws IOException {
        LinkedHashMap<String, HostTensor> tensors = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.U8, DType.F32, DType.F64)) {
            tensors.put(dtype.toString(), random(dtype, 7));
        }
        SafetensorsHeader layout = SafetensorsHeader.layOut(tensors, Map.of("x", "1234567"));
        int dataStart = 8 + layout.encode().length;
        assertEquals(0, dataStart % 8);
        layout.tensors().values().forEach(t -> assertEquals(0, (dataStart + t.begin()) % t.type().bytes, t.name()));
    }

    @Test
    void withoutTensorsItIsStillAFile() {
        Path file = folder.resolve("empty.safetensors");
        Safetensors.write(file, Map.of(), Map.of());
        assertEquals(Map.of(), Safetensors.read(file));
    }

    @Test
    void saysWhichTensorItLacks() {
        Path file = folder.resolve("one.safetensors");
        Safetensors.write(file, Map.of("fc.weight", HostTensor.scalar(1)), Map.of());
        try (SafetensorsFile in = Safetensors.open(file)) {
            String message = assertThrows(UserError.class, () -> in.read("fc.bias")).getMessage();
            assertTrue(message.contains("no tensor 'fc.bias'") && message.contains("[fc.weight]"), message);
        }
    }

    @Test
    void refusesToWriteTheReservedName() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Safetensors.write(
                        folder.resolve("x"), Map.of(SafetensorsHeader.METADATA, HostTensor.scalar(1)), Map.of()));
    }

    /** Random bits, so NaN with payloads, subnormals and both zeros are among the values. */
    static HostTensor random(DType dtype, int n) {
        Philox p = new Philox(5, Philox.Purpose.TEST, dtype.ordinal(), n);
        HostTensor t = HostTensor.zeros(dtype, Shape.of(n));
        for (int i = 0; i < n; i++) {
            switch (dtype) {
                case F64 -> t.doubles()[i] = Double.longBitsToDouble((long) p.nextInt() << 32 | p.nextInt() & 0xffffffffL);
                case F32 -> t.floats()[i] = Float.intBitsToFloat(p.nextInt());
                case I64 -> t.longs()[i] = (long) p.nextInt() << 32 | p.nextInt() & 0xffffffffL;
                case I32 -> t.ints()[i] = p.nextInt();
                case U8 -> t.bytes()[i] = (byte) p.nextInt();
                case BF16 -> throw new AssertionError(Arrays.toString(DType.values()));
            }
        }
        return t;
    }
}
