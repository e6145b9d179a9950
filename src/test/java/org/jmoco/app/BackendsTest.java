package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.jmoco.app.BackendOptions.Name;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cuda.CudaAvailability;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BackendsTest {
    @Test
    void aNamedBackendIsTheOneThatOpens() {
        for (Name name : new Name[] {Name.CPU, Name.REFERENCE}) {
            try (Backend b = Backends.open(name, 1, DType.F32)) {
                assertEquals(name.toString(), b.name());
                assertEquals(DType.F32, b.real());
            }
        }
    }

    @Test
    void autoNeverTakesTheReference() {
        try (Backend b = Backends.open(Name.AUTO, 1, DType.F32)) {
            assertTrue(b.name().equals("cpu") || b.name().equals("cuda"), b.name());
            assertTrue(b.headline().startsWith(b.describe() + " (chosen by --backend auto"), b.headline());
            assertTrue(b.name().equals("cuda") || b.headline().contains("; cuda backend: "), "it says why not: " + b.headline());
        }
    }

    @Test
    void f64IsForTheReferenceAlone() {
        try (Backend b = Backends.open(Name.REFERENCE, 1, DType.F64)) {
            assertEquals(DType.F64, b.real());
        }
        UserError e = assertThrows(UserError.class, () -> Backends.open(Name.CPU, 1, DType.F64));
        assertEquals(2, e.exitCode());
        assertTrue(e.getMessage().contains("--backend reference"), e.getMessage());
    }

    @Test
    void precisionIsForCudaAlone() {
        for (String name : new String[] {"cpu", "reference"}) {
            BackendOptions options = new BackendOptions();
            new CommandLine(options).setCaseInsensitiveEnumValuesAllowed(true)
                    .parseArgs("--backend", name, "--precision", "bf16");
            UserError e = assertThrows(UserError.class, () -> Backends.open(options));
            assertEquals(2, e.exitCode());
            assertTrue(e.getMessage().contains("--precision bf16"), e.getMessage());
        }
    }

    @Test
    void aBackendThatCannotRunSaysWhyAndIsNotReplaced() {
        assumeFalse(CudaAvailability.probe().usable(), "there is a GPU here: the cuda backend can run");
        UserError e = assertThrows(UserError.class, () -> Backends.open(Name.CUDA, 1, DType.F32));
        assertEquals(1, e.exitCode());
        assertTrue(e.getMessage().matches("cuda backend: .+\\n  cure: .+"), e.getMessage());
    }
}
