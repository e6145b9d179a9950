package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
    static final String JCUBLAS = "libJCublas2-12.6.0-linux-x86_64.so";

    /** JCublas2's native half as it is published; only the class path of Linux on x86_64 has it. */
    static byte[] jcublas() throws IOException {
        assumeTrue(ElfFileTest.class.getResource("/lib/" + JCUBLAS) != null, "no JCublas2 for this platform on the class path");
        return JCudaNatives.resource("/lib/" + JCUBLAS);
    }

    private static List<String> texts(List<ElfFile.Name> names) {
        return names.stream().map(ElfFile.Name::text).toList();
    }

    @Test
    void aPublishedLibraryIsRead() throws IOException {
        ElfFile f = ElfFile.of(jcublas(), JCUBLAS);
        assertEquals(JCUBLAS, f.soname());
        assertEquals(List.of("libpthread.so.0", "librt.so.1", "libdl.so.2", "libcublas.so.12", "libstdc++.so.6", "libc.so.6",
                "ld-linux-x86-64.so.2"), texts(f.needed()));
        assertTrue(f.versionNeeds().stream().anyMatch(v -> v.file().text().equals("libcublas.so.12")
                && v.version().text().equals("libcublas.so.12")));
        assertTrue(f.versionNeeds().stream().anyMatch(v -> v.file().text().equals("libc.so.6")
                && v.version().text().equals("GLIBC_2.2.5")));
        assertEquals(List.of("/usr/local/cuda-12.0/lib64"), f.runPath());
    }

    @Test
    void aMadeLibraryIsRead(@TempDir Path folder) throws IOException {
        ElfFile f = ElfFile.read(ElfBuilder.write(folder, "libcudnn.so.9", "libm.so.6", "libc.so.6"));
        assertEquals("libcudnn.so.9", f.soname());
        assertEquals(List.of("libm.so.6", "libc.so.6"), texts(f.needed()));
        assertEquals(List.of(), f.versions());
        assertEquals(List.of(), f.versionNeeds());
    }

    /** Values that readelf shows for any Linux program. */
    @Test
    void hashesAreThoseOfTheLoader() {
        assertEquals(0x09691a75, ElfFile.hash("GLIBC_2.2.5"));
        assertEquals(0x077905a6, ElfFile.hash("printf"));
        assertEquals(0, ElfFile.hash(""));
    }

    @Test
    void whatIsNoLibraryIsRefusedWithAReason() {
        byte[] good = ElfBuilder.library("libx.so.1");
        assertEquals("f: is not an ELF file", refusal("#!/bin/sh\n".repeat(20).getBytes()));
        assertEquals("f: is not an ELF file", refusal(new byte[0]));
        assertEquals("f: is not a 64-bit little-endian ELF file", refusal(changed(good, 4, 1)));
        assertEquals("f: is for another processor (ELF machine 183)", refusal(changed(good, 18, 183)));
        assertEquals("f: has no dynamic section; it is no shared library", refusal(changed(good, 64 + 56, 4)));
    }

    @Test
    void damageIsNeverAnythingButARefusal() {
        byte[] good = ElfBuilder.library("libx.so.1", "liby.so.2");
        for (int length = 0; length < good.length - 1; length++) {
            refusal(Arrays.copyOf(good, length));
        }
        for (int at = 0; at < good.length; at++) {
            byte[] bad = changed(good, at, good[at] ^ 0xff);
            try {
                ElfFile.of(bad, "f");
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage().startsWith("f: "), e.getMessage());
            }
        }
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] copy = bytes.clone();
        copy[at] = (byte) value;
        return copy;
    }

    private static String refusal(byte[] bytes) {
        return assertThrows(IllegalArgumentException.class, () -> ElfFile.of(bytes, "f")).getMessage();
    }
}
