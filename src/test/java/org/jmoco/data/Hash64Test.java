package org.jmoco.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Hash64Test {
    /** Values of the reference implementation (xxHash, seed 0). */
    @Test
    void agreesWithXxh64() {
        assertEquals(0xEF46DB3751D8E999L, hash(""));
        assertEquals(0xD24EC4F1A98C6E5BL, hash("a"));
        assertEquals(0x44BC2CF5AD770999L, hash("abc"));
        assertEquals(0xFBCEA83C8A378BF1L, hash("Nobody inspects the spammish repetition")); // 39 bytes: all four loops
    }

    @Test
    void partOfAnArrayHashesAsACopyOfIt() {
        byte[] b = "xxNobody inspects the spammish repetitionyy".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xFBCEA83C8A378BF1L, Hash64.of(b, 2, b.length - 4));
    }

    @Test
    void foldingMindsTheOrder() {
        assertNotEquals(new Hash64().add(1).add(2).value(), new Hash64().add(2).add(1).value());
        assertNotEquals(new Hash64().add(0).value(), new Hash64().add(0).add(0).value());
    }

    private static long hash(String text) {
        return Hash64.of(text.getBytes(StandardCharsets.US_ASCII));
    }
}
