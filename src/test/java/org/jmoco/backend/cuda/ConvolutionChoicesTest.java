package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Dnn.Algorithm;
import org.jmoco.backend.cuda.Dnn.Direction;
import org.jmoco.backend.cuda.ScriptedGpu.Script;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvolutionChoicesTest {
    private static final ConvGeometry PROBLEM = new ConvGeometry(4, 8, 8, 16, 16, 3, 3, 1, 1);
    private static final Algorithm SLOW = new Algorithm(0, "SLOW", 0, true);
    private static final Algorithm FAST = new Algorithm(1, "FAST", 5000, true);
    private static final Algorithm VARYING = new Algorithm(3, "VARYING", 0, false);
    private static final Algorithm GREEDY = new Algorithm(4, "GREEDY", ScriptedGpu.MEMORY_BYTES / 8, true);

    private static final Algorithm ENGINE = new Algorithm(100, "ENGINE_57_k2=6", 700, true);

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private static ScriptedGpu gpu(Script... scripts) {
        return new ScriptedGpu(90).convolution(Direction.BACKWARD_WEIGHTS, scripts);
    }

    private static ScriptedGpu usual() {
        return gpu(new Script(SLOW, 9000, null), new Script(FAST, 3000, null), new Script(VARYING, 1000, null),
                new Script(GREEDY, 100, null));
    }

    private static ScriptedGpu withEngines(long nanos) {
        return usual().engines(Direction.BACKWARD_WEIGHTS, new Script(ENGINE, nanos, null));
    }

    private static ConvolutionChoices open(ScriptedGpu gpu, CudaOptions options) {
        return new ConvolutionChoices(gpu, options);
    }

    private static String chosen(ScriptedGpu gpu, CudaOptions options) {
        try (ConvolutionChoices c = open(gpu, options)) {
            String name = c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false).algorithm().name();
            c.save();
            return name;
        }
    }

    private static CudaOptions f32() {
        return CudaOptions.of(Precision.F32);
    }

    private CudaOptions kept() {
        return f32().withCache(folder, said::add);
    }

    private Path file() throws IOException {
        try (var all = Files.list(folder.resolve("cuda"))) {
            return all.findFirst().orElseThrow();
        }
    }

    /** cuDNN 9.24 takes descriptors of 32767 such images and refuses those of 32768 (CUDNN_STATUS_NOT_SUPPORTED). */
    @Test
    void aBatchBeyondTheLargestTensorOfCudnnIsToldWithWhatLowersIt() {
        try (ConvolutionChoices c = open(usual(), f32())) {
            UserError e = assertThrows(UserError.class, () -> c.choose(Direction.BACKWARD_WEIGHTS,
                    new ConvGeometry(32768, 32, 32, 3, 64, 3, 3, 1, 1), false));
            assertEquals("cuda backend: the convolution n32768 h32 w32 c3 k64 r3 s3 st1 pd1 has a tensor of 2147483648 elements,"
                    + " and cuDNN takes at most 2147483647. Lower --batch, --image or --width", e.getMessage());
        }
    }

    @Test
    void theFastestThatIsDeterministicAndAffordable() {
        ScriptedGpu gpu = usual();
        assertEquals("FAST", chosen(gpu, f32()));
        assertEquals(0, gpu.usedBytes(), "what was measured with is given back");
        assertFalse(gpu.log.contains("BACKWARD_WEIGHTS VARYING " + PROBLEM), "what may not be taken is not measured");
    }

    @Test
    void nondeterministicOnesWhenAllowed() {
        assertEquals("VARYING", chosen(usual(), f32().withDeterministic(false)));
    }

    @Test
    void aProblemIsMeasuredOnce() {
        ScriptedGpu gpu = usual();
        try (ConvolutionChoices c = open(gpu, f32())) {
            c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false);
            int calls = gpu.log.size();
            c.choose(Direction.BACKWARD_WEIGHTS, new ConvGeometry(4, 8, 8, 16, 16, 3, 3, 1, 1), true);
            assertEquals(calls, gpu.log.size());
        }
        assertEquals(1, gpu.log.stream().filter(l -> l.equals("close BACKWARD_WEIGHTS")).count());
    }

    @Test
    void aSingleCandidateIsNotMeasured() {
        ScriptedGpu gpu = gpu(new Script(SLOW, 9000, null), new Script(VARYING, 1000, null));
        assertEquals("SLOW", chosen(gpu, f32()));
        assertEquals(List.of("close BACKWARD_WEIGHTS"), gpu.log);
    }

    @Test
    void aSingleCandidateIsMeasuredWhereThatIsKept() throws IOException {
        ScriptedGpu gpu = gpu(new Script(SLOW, 9000, null), new Script(VARYING, 1000, null));
        assertEquals("SLOW", chosen(gpu, kept()));
        assertTrue(Files.readString(file()).contains("= 0 0 SLOW # SLOW 9.0 us, 0 B; VARYING not deterministic\n"),
                Files.readString(file()));
    }

    @Test
    void anAlgorithmThatRefusesIsPassedOver() {
        ScriptedGpu gpu = gpu(new Script(SLOW, 9000, null), new Script(FAST, 10, "CUDNN_STATUS_NOT_SUPPORTED"));
        assertEquals("SLOW", chosen(gpu, f32()));
        assertEquals(0, gpu.usedBytes());
    }

    @Test
    void ifAllRefuseTheirReasonsAreGiven() {
        ScriptedGpu gpu = gpu(new Script(SLOW, 1, "not today"), new Script(FAST, 1, "not ever"));
        GpuException e = assertThrows(GpuException.class, () -> chosen(gpu, f32()));
        assertTrue(e.getMessage().contains(PROBLEM.toString()) && e.getMessage().contains("SLOW: cudnnConvolution: not today")
                && e.getMessage().contains("FAST: cudnnConvolution: not ever"), e.getMessage());
        assertEquals(0, gpu.usedBytes());
    }

    @Test
    void ifNothingIsAllowedTheOptionIsNamed() {
        UserError e = assertThrows(UserError.class, () -> chosen(gpu(new Script(VARYING, 1, null)), f32()));
        assertTrue(e.getMessage().contains("--nondeterministic") && e.getMessage().contains("VARYING"), e.getMessage());
    }

    @Test
    void operandsThatDoNotFitAreOutOfMemory() {
        ConvGeometry huge = new ConvGeometry(64, 64, 64, 16, 16, 3, 3, 1, 1); // 16 MB of x alone
        ScriptedGpu gpu = usual();
        try (ConvolutionChoices c = open(gpu, f32())) {
            UserError e = assertThrows(UserError.class, () -> c.choose(Direction.BACKWARD_WEIGHTS, huge, false));
            assertTrue(e.getMessage().contains("out of device memory") && e.getMessage().contains("--batch"), e.getMessage());
            assertEquals(0, gpu.usedBytes());
        }
    }

    @Test
    void aSecondStartMeasuresNothing() throws IOException {
        assertEquals("FAST", chosen(usual(), kept()));
        assertTrue(Files.readString(file()).contains("backward_weights " + PROBLEM + " f32 = 1 5000 FAST"),
                Files.readString(file()));
        ScriptedGpu second = gpu(new Script(SLOW, 1, null), new Script(FAST, 2, null)); // would choose otherwise
        assertEquals("FAST", chosen(second, kept()));
        assertEquals(List.of("close BACKWARD_WEIGHTS"), second.log);
        assertEquals(List.of(), said);
    }

    @Test
    void precisionAndDeterminismAreKeptApart() {
        assertEquals("FAST", chosen(usual(), kept()));
        assertEquals("VARYING", chosen(usual(), kept().withDeterministic(false)));
        assertEquals("SLOW", chosen(gpu(new Script(SLOW, 1, null), new Script(FAST, 2, null)),
                CudaOptions.of(Precision.BF16).withCache(folder, said::add)));
        assertEquals("FAST", chosen(usual(), kept()));
    }

    @Test
    void anotherDeviceHasAnotherFile() throws IOException {
        chosen(usual(), kept());
        ScriptedGpu other = new ScriptedGpu("Scripted 2", 90).convolution(Direction.BACKWARD_WEIGHTS, new Script(SLOW, 1, null),
                new Script(FAST, 2, null));
        assertEquals("SLOW", chosen(other, kept()));
        try (var all = Files.list(folder.resolve("cuda"))) {
            assertEquals(2, all.count());
        }
    }

    @Test
    void whatCudnnOffersNoMoreIsMeasuredAgainAndReplaced() throws IOException {
        chosen(usual(), kept());
        Algorithm newer = new Algorithm(1, "FAST", 6000, true);
        assertEquals("SLOW", chosen(gpu(new Script(SLOW, 1, null), new Script(newer, 2, null)), kept()));
        assertTrue(Files.readString(file()).contains("= 0 0 SLOW"), Files.readString(file()));
    }

    @Test
    void twoProcessesKeepWhatEachOtherWrote() throws IOException {
        ConvGeometry other = new ConvGeometry(2, 8, 8, 16, 16, 3, 3, 1, 1);
        try (ConvolutionChoices a = open(usual(), kept()); ConvolutionChoices b = open(usual(), kept())) {
            a.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false);
            b.choose(Direction.BACKWARD_WEIGHTS, other, false);
            a.save();
            b.save();
        }
        String text = Files.readString(file());
        assertTrue(text.contains(PROBLEM + " f32 = ") && text.contains(other + " f32 = "), text);
    }

    @Test
    void aDamagedFileIsReplaced() throws IOException {
        chosen(usual(), kept());
        for (byte[] damage : new byte[][] {{}, "hello".getBytes(), {(byte) 0xff, (byte) 0xfe, 0}}) {
            said.clear();
            Files.write(file(), damage);
            assertEquals("FAST", chosen(usual(), kept()));
            assertFalse(said.isEmpty(), "it is said");
            assertTrue(Files.readString(file()).contains("FAST"));
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsSaidAndHarmless() throws IOException {
        Path notAFolder = Files.createFile(folder.resolve("file"));
        assertEquals("FAST", chosen(usual(), f32().withCache(notAFolder, said::add)));
        assertTrue(said.getLast().contains("cannot be written"), said.toString());
    }

    @Test
    void enginesOfTheGraphInterfaceCompeteWhereTheyAreAskedFor() {
        assertEquals("ENGINE_57_k2=6", chosen(withEngines(2000), f32().withGraphEngines(true)));
        assertEquals("FAST", chosen(withEngines(4000), f32().withGraphEngines(true)));
        ScriptedGpu gpu = withEngines(2000);
        assertEquals("FAST", chosen(gpu, f32()));
        assertFalse(gpu.log.stream().anyMatch(l -> l.contains("ENGINE") || l.contains("graph")), gpu.log.toString());
    }

    @Test
    void whereVersion7HasNothingTheGraphInterfaceIsAsked() {
        Script engine = new Script(ENGINE, 2000, null);
        for (ScriptedGpu gpu : List.of(gpu(new Script(VARYING, 1, null)), gpu(new Script(GREEDY, 1, null)),
                gpu(new Script(SLOW, 1, "not today"), new Script(FAST, 1, "not ever")), gpu(new Script(SLOW, 1, "not today")),
                usual().refusing(Direction.BACKWARD_WEIGHTS, "CUDNN_STATUS_NOT_SUPPORTED"),
                usual().refusingToDescribe(Direction.BACKWARD_WEIGHTS))) {
            said.clear();
            gpu.engines(Direction.BACKWARD_WEIGHTS, engine);
            Path empty = folder.resolve(String.valueOf(System.identityHashCode(gpu)));
            assertEquals("ENGINE_57_k2=6", chosen(gpu, f32().withCache(empty, said::add)));
            assertEquals(1, said.size(), "it is said: " + said);
            assertTrue(said.getFirst().contains(PROBLEM.toString()) && said.getFirst().contains("graph interface"),
                    said.toString());
            assertEquals(0, gpu.usedBytes());
        }
    }

    @Test
    void ifTheGraphInterfaceHasNothingEitherVersion7Tells() {
        ScriptedGpu gpu = gpu(new Script(VARYING, 1, null)).engines(Direction.BACKWARD_WEIGHTS,
                new Script(new Algorithm(100, "ENGINE_3", 0, false), 1, null));
        UserError e = assertThrows(UserError.class, () -> chosen(gpu, f32()));
        assertTrue(e.getMessage().contains("--nondeterministic") && e.getMessage().contains("VARYING"), e.getMessage());
        assertTrue(gpu.log.containsAll(List.of("close BACKWARD_WEIGHTS", "close BACKWARD_WEIGHTS graph")), gpu.log.toString());
    }

    /** What cuDNN itself said comes through, without advice that would not help. */
    @Test
    void ifNothingIsOfferedAtAllCudnnIsQuoted() {
        GpuException e = assertThrows(GpuException.class,
                () -> chosen(usual().refusing(Direction.BACKWARD_WEIGHTS, "CUDNN_STATUS_NOT_INITIALIZED"), f32()));
        assertTrue(e.getMessage().contains("cuDNN offers nothing; refused: cudnnGetConvolutionAlgorithm_v7:"
                + " CUDNN_STATUS_NOT_INITIALIZED"), e.getMessage());
        assertTrue(e.getCause() instanceof GpuException, "the refusal is its cause");
    }

    @Test
    void theGraphThatStepsInKnowsWhetherItAdds() {
        ScriptedGpu gpu = gpu(new Script(VARYING, 1, null)).engines(Direction.BACKWARD_WEIGHTS, new Script(ENGINE, 2000, null));
        try (ConvolutionChoices c = open(gpu, kept())) {
            var plain = c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false);
            var adding = c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, true);
            assertTrue(gpu.log.contains("BACKWARD_WEIGHTS ENGINE_57_k2=6 += " + PROBLEM), gpu.log.toString());
            int calls = gpu.log.size();
            assertTrue(plain == c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false)
                    && adding == c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, true) && plain != adding);
            assertEquals(calls, gpu.log.size(), "a problem is measured once");
        }
    }

    @Test
    void theFileTellsWhatWasMeasured() throws IOException {
        chosen(usual(), kept());
        assertTrue(Files.readString(file()).contains(" f32 = 1 5000 FAST # SLOW 9.0 us, 0 B; FAST 3.0 us, 5000 B; VARYING not"
                + " deterministic; GREEDY wants " + ScriptedGpu.MEMORY_BYTES / 8 + " B\n"), Files.readString(file()));
    }

    @Test
    void aLineWithoutMeasurementsIsRead() throws IOException {
        chosen(usual(), kept());
        Files.writeString(file(), Files.readString(file()).replaceAll("FAST # .*", "FAST"));
        ScriptedGpu second = gpu(new Script(SLOW, 1, null), new Script(FAST, 2, null)); // would choose otherwise
        assertEquals("FAST", chosen(second, kept()));
    }

    @Test
    void whatIsNotChosenIsClosedAtOnce() {
        ScriptedGpu gpu = withEngines(2000);
        try (ConvolutionChoices c = open(gpu, f32().withGraphEngines(true))) {
            c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false);
            assertTrue(gpu.log.contains("close BACKWARD_WEIGHTS")
                    && !gpu.log.contains("close BACKWARD_WEIGHTS graph"), gpu.log.toString());
        }
        assertEquals("close BACKWARD_WEIGHTS graph", gpu.log.getLast());
    }

    @Test
    void aGraphThatAddsIsAProblemOfItsOwn() {
        ScriptedGpu gpu = withEngines(2000);
        try (ConvolutionChoices c = open(gpu, kept().withGraphEngines(true))) {
            var plain = c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, false);
            assertFalse(gpu.log.stream().anyMatch(l -> l.contains("+=")), gpu.log.toString());
            var adding = c.choose(Direction.BACKWARD_WEIGHTS, PROBLEM, true);
            assertTrue(gpu.log.contains("BACKWARD_WEIGHTS ENGINE_57_k2=6 += " + PROBLEM),
                    "it is measured with the beta that it will have");
            assertFalse(plain.convolution() == adding.convolution());
        }
        assertTrue(gpu.log.containsAll(List.of("close BACKWARD_WEIGHTS graph", "close BACKWARD_WEIGHTS adding graph")),
                gpu.log.toString());
    }

    @Test
    void engineAndAlgorithmAreRememberedApart() throws IOException {
        CudaOptions graph = kept().withGraphEngines(true);
        assertEquals("ENGINE_57_k2=6", chosen(withEngines(2000), graph));
        assertEquals("FAST", chosen(withEngines(2000), kept()));
        String text = Files.readString(file());
        assertTrue(text.contains(PROBLEM + " f32 graph = 100 700 ENGINE_57_k2=6 # "), text);
        ScriptedGpu second = withEngines(9_999_999); // would choose otherwise
        assertEquals("ENGINE_57_k2=6", chosen(second, graph));
        assertFalse(second.log.stream().anyMatch(l -> l.contains("ENGINE")), "a second start measures nothing");
    }

    @Test
    void aProblemThatTheGraphInterfaceRefusesIsSaid() {
        assertEquals("FAST", chosen(usual(), kept().withGraphEngines(true)));
        assertEquals(1, said.size());
        assertTrue(said.getFirst().contains(PROBLEM.toString()) && said.getFirst().contains("CUDNN_STATUS_SCRIPTED")
                && said.getFirst().contains("algorithms of version 7 alone"), said.toString());
    }
}
