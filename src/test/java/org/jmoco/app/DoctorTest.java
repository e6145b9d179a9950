package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class DoctorTest {
    @Test
    void whatIsMissingHasACure() {
        for (Doctor.Finding f : Doctor.examine()) {
            if (f.status() == Doctor.Status.MISSING) {
                assertNotNull(f.cure(), f.toString());
            }
        }
    }

    @Test
    void hugePagesAreJudgedByTheBracketedMode() {
        assertEquals(Doctor.Status.OK, Doctor.hugePages("always [madvise] never").status());
        assertEquals(Doctor.Status.OK, Doctor.hugePages("[always] madvise never").status());
        assertNull(Doctor.hugePages("always [madvise] never").cure());
        Doctor.Finding never = Doctor.hugePages("always madvise [never]");
        assertEquals(Doctor.Status.NOTE, never.status());
        assertNotNull(never.cure());
    }
}
