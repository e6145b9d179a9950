package org.jmoco.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each way in which a file can be wrong has one clear message that names the file and what is wrong. */
class SafetensorsDamageTest {
    @TempDir
    Path folder;

    /** Two F32 tensors in 16 bytes; {@code #} separates the header from the expected part of the message. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,12]}}"
                        + "# tensor 'a': shape [4] of F32 takes 16 bytes but data_offsets [0,12] span 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}"
                        + "# it is truncated: its tensors take 20 bytes but only 16 follow",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}# 4 bytes follow its last tensor",
                "{}# 16 bytes follow its last tensor",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}"
                        + "# tensor 'b' begins at byte 4 of the data, inside the tensor before it, which ends at 8",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}# tensor 'b' begins at byte 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}"
                        + "# tensor 'b' begins at byte 8 of the data, leaving a hole after 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}# leaving a hole after 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}# Duplicate field 'a'",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}# Duplicate field 'a'",
                "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[0,16]}}# Duplicate field 'dtype'",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}# span -16",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}}# data_offsets has 1 numbers, expected 2",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16,16]}}# data_offsets has 3 numbers",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}# data_offsets has -16",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,1e1]}}# data_offsets has 10.0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,99999999999999999999]}}"
                        + "# data_offsets has 99999999999999999999",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-4],\"data_offsets\":[0,16]}}# shape has -1",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}}# shape has 4.0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"4\"],\"data_offsets\":[0,16]}}# shape has \"4\"",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}# shape is not an array",
                "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}# shape is missing",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}# data_offsets is missing",
                "{\"a\":{\"shape\":[4],\"data_offsets\":[0,16]}}# dtype is missing",
                "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[16],\"data_offsets\":[0,16]}}# dtype is \"F8_E4M3\", jmoco reads [F64",
                "{\"a\":{\"dtype\":7,\"shape\":[4],\"data_offsets\":[0,16]}}# dtype is 7",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],\"x\":1}}# unknown field 'x'",
                "{\"a\":[0,16]}# its entry is not an object",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}# is absurd",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[65536,65536,65536,65536],\"data_offsets\":[0,0]}}# is absurd",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[65536,32768],\"data_offsets\":[0,2147483648]}}# is absurd",
                "{\"__metadata__\":[],\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}"
                        + "# __metadata__ is not an object of strings",
                "{\"__metadata__\":{\"n\":3},\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}"
                        + "# the value of 'n' is not a string",
                "[]# its header does not begin with {",
                "` {}`# its header does not begin with {",
                "{\"a\":# not valid JSON",
                "{} {}# not valid JSON",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,016]}}# not valid JSON",
            })
    void namesWhatIsWrongInTheHeader(String header, String expected) throws IOException {
        Path file = HandMade.file(folder, header, new int[16]);
        assertMessage(file, expected);
    }

    @Test
    void refusesDeeplyNestedJson() throws IOException {
        assertMessage(HandMade.file(folder, "{\"a\":" + "[".repeat(1_000_000)), "not valid JSON");
    }

    @Test
    void refusesAHeaderThatIsNotUtf8() throws IOException {
        byte[] header = "{\"?\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}".getBytes(StandardCharsets.UTF_8);
        header[2] = (byte) 0xFF;
        assertMessage(HandMade.file(folder, header, new byte[0]), "not UTF-8");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void refusesAFileTooShortForALength(int bytes) throws IOException {
        Path file = Files.write(folder.resolve("short"), new byte[bytes]);
        assertMessage(file, "it has " + bytes + " bytes, too few");
    }

    @ParameterizedTest
    @CsvSource({
        "3, announce a header of 3 bytes but only 2 follow",
        "100000001, announce a header of 100000001 bytes; at most",
        "-1, announce a header of 18446744073709551615 bytes; at most",
        "0, does not begin with {",
    })
    void refusesAnAbsurdHeaderLength(long length, String expected) throws IOException {
        byte[] bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put((byte) '{').put((byte) '}')
                .array();
        assertMessage(Files.write(folder.resolve("length"), bytes), expected.replace(';', ','));
    }

    /** Whatever the length at which a file was cut, it is noticed. */
    @Test
    void noticesEveryTruncation() throws IOException {
        Path whole = folder.resolve("whole");
        Safetensors.write(whole, Map.of("a", SafetensorsTest.random(DType.F32, 13)), Map.of("k", "v"));
        byte[] bytes = Files.readAllBytes(whole);
        for (int n = 0; n < bytes.length; n++) {
            Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(bytes, n));
            UserError e = assertThrows(UserError.class, () -> Safetensors.read(cut), "cut to " + n + " bytes");
            assertTrue(e.getMessage().startsWith(cut.toString()), e.getMessage());
        }
        Path longer = Files.write(folder.resolve("longer"), Arrays.copyOf(bytes, bytes.length + 1));
        assertMessage(longer, "1 bytes follow its last tensor");
    }

    @Test
    void saysWhenThereIsNoFile() {
        assertTrue(failure(folder.resolve("nowhere")).contains("no such file"));
        assertTrue(failure(folder).contains("is a folder"));
    }

    @Test
    void aFileThatShrinksWhileOpenIsAnError() throws IOException {
        Path file = folder.resolve("shrinks");
        Safetensors.write(file, Map.of("a", HostTensor.scalar(1)), Map.of());
        try (SafetensorsFile in = Safetensors.open(file)) {
            Files.write(file, new byte[0]);
            String message = assertThrows(UserError.class, () -> in.read("a")).getMessage();
            assertTrue(message.contains("cut off while being read"), message);
        }
    }

    private static void assertMessage(Path file, String expected) {
        String message = failure(file);
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains("or use another checkpoint"), message);
        assertEquals(1, message.lines().count(), message);
    }

    private static String failure(Path file) {
        return assertThrows(UserError.class, () -> Safetensors.read(file)).getMessage();
    }
}
