package org.jmoco.backend.cuda.natives;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ElfRetargetTest {
    private static final String CUDA_12 = "libcublas.so.12";
    private static final String CUDA_13 = "libcublas.so.13";

    @Test
    void theOneDependencyAndItsVersionsAreReplaced() throws IOException {
        byte[] before = ElfFileTest.jcublas();
        byte[] after = ElfRetarget.retarget(before, "JCublas2", CUDA_12, CUDA_13);
        ElfFile f = ElfFile.of(after, "retargeted");
        List<String> needed = f.needed().stream().map(ElfFile.Name::text).toList();
        assertTrue(needed.contains(CUDA_13) && !needed.contains(CUDA_12), needed.toString());
        List<ElfFile.VersionNeed> versions = f.versionNeeds().stream().filter(v -> v.file().text().startsWith("libcublas"))
                .toList();
        assertEquals(1, versions.size());
        assertEquals(CUDA_13, versions.getFirst().file().text());
        assertEquals(CUDA_13, versions.getFirst().version().text());
        ByteBuffer bytes = ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(ElfFile.hash(CUDA_13), bytes.getInt(Math.toIntExact(versions.getFirst().hashAt())));
        int different = 0;
        for (int i = 0; i < before.length; i++) {
            different += before[i] == after[i] ? 0 : 1;
        }
        // The last digit of one name, and of the hash what that digit decides.
        assertTrue(different >= 2 && different <= 5, different + " bytes differ");
    }

    @Test
    void backAgainIsTheOriginal() throws IOException {
        byte[] before = ElfFileTest.jcublas();
        assertArrayEquals(before, ElfRetarget.retarget(ElfRetarget.retarget(before, "there", CUDA_12, CUDA_13), "back", CUDA_13,
                CUDA_12));
    }

    @Test
    void theOriginalIsLeftAlone() throws IOException {
        byte[] before = ElfFileTest.jcublas();
        byte[] copy = before.clone();
        ElfRetarget.retarget(before, "JCublas2", CUDA_12, CUDA_13);
        assertArrayEquals(copy, before);
    }

    @Test
    void whatCannotBeReplacedInPlaceIsRefused() {
        byte[] library = ElfBuilder.library("liba.so.1", "libb.so.12");
        assertEquals("x: libb.so.12 can be replaced only by a name of equal length, not by libb.so.9",
                assertThrows(IllegalArgumentException.class, () -> ElfRetarget.retarget(library, "x", "libb.so.12", "libb.so.9"))
                .getMessage());
        assertEquals("x: does not need libc.so.12 but [libb.so.12]",
                assertThrows(IllegalArgumentException.class, () -> ElfRetarget.retarget(library, "x", "libc.so.12", "libc.so.13"))
                .getMessage());
    }

    /** Linkers store a name that ends like another one inside of it. */
    @Test
    void aNameInsideOfAnotherIsRefused() {
        byte[] library = ElfBuilder.library(null, "mylibb.so.12");
        byte[] shared = library.clone();
        long at = ElfFile.of(library, "x").needed().getFirst().at();
        ByteBuffer b = ByteBuffer.wrap(shared).order(ByteOrder.LITTLE_ENDIAN);
        int entry = 64 + 2 * 56;
        assertEquals(1, b.getLong(entry));
        b.putLong(entry + 8, b.getLong(entry + 8) + 2); // DT_NEEDED now points behind "my"
        assertEquals("x: the name libb.so.12 is part of another name and cannot be replaced",
                assertThrows(IllegalArgumentException.class,
                () -> ElfRetarget.retarget(shared, "x", "libb.so.12", "libb.so.13")).getMessage());
        assertTrue(at > 0);
    }
}
