package org.jmoco.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvLogTest {
    private static final List<String> COLUMNS = List.of("loss", "knn accuracy, k 200");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("metrics.csv");
    }

    @Test
    void eachLineIsThereWhenAppendReturns() throws IOException {
        try (CsvLog log = CsvLog.open(file, COLUMNS, 0)) {
            assertEquals("epoch,loss,\"knn accuracy, k 200\"\n", Files.readString(file));
            log.append(1, 0.1f, null);
            assertEquals("epoch,loss,\"knn accuracy, k 200\"\n1,0.1,\n", Files.readString(file));
            log.append(2, 0.1, 7);
            assertTrue(Files.readString(file).endsWith("2,0.1,7\n"));
            assertThrows(IllegalArgumentException.class, () -> log.append(3, 1.0));
        }
        Map<String, double[]> table = CsvLog.read(file);
        assertEquals(List.of("epoch", "loss", "knn accuracy, k 200"), List.copyOf(table.keySet()));
        assertArrayEquals(new double[] {Double.NaN, 7}, table.get("knn accuracy, k 200"));
    }

    @Test
    void aResumedRunWithoutItsFileSaysSo() {
        UserError e = assertThrows(UserError.class, () -> CsvLog.open(file, COLUMNS, 3));
        assertTrue(e.getMessage().contains("is not there, but the run has 3 epochs behind it"), e.getMessage());
        assertTrue(Files.notExists(file), "nothing is made in its place");
    }

    /** Cut anywhere (a kill), resumed from any epoch that was whole: the bytes are those of an uninterrupted run. */
    @Test
    void aResumedRunEndsWithTheSameBytes() throws IOException {
        int epochs = 6;
        write(0, epochs);
        byte[] whole = Files.readAllBytes(file);
        for (int cut = 0; cut <= whole.length; cut++) {
            byte[] left = Arrays.copyOf(whole, cut);
            int linesLeft = (int) new String(left).chars().filter(c -> c == '\n').count();
            for (int resumed = 0; resumed <= Math.max(0, linesLeft - 1); resumed += Math.max(1, linesLeft / 2)) {
                Files.write(file, left);
                write(resumed, epochs);
                assertArrayEquals(whole, Files.readAllBytes(file), "cut at " + cut + ", resumed from " + resumed);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFitTheCheckpoint() throws IOException {
        write(0, 3);
        assertMessage(4, "ends with epoch 3, but the checkpoint to go on from is of epoch 4");
        Files.writeString(file, "epoch,loss\n1,2\n");
        assertMessage(1, "its first line is not 'epoch,loss,\"knn accuracy, k 200\"'");
        Files.writeString(file, "");
        assertMessage(1, "its first line is not");
        write(0, 3);
        Files.writeString(file, Files.readString(file).replace("\n2,", "\ntwo,"));
        assertMessage(3, "the line 'two,");
        write(0, 3);
        Files.writeString(file, Files.readString(file).replace("\n2,", "\n2,x"));
        assertMessage(3, "the line '2,x0.5,' is not one of 2 numbers behind the epoch");
        write(0, 3);
        Files.writeString(file, Files.readString(file).replace("\n2,", "\n2,1,"));
        assertMessage(3, "the line '2,1,0.5,' is not one of 2 numbers behind the epoch");
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        file = folder.resolve("no/metrics.csv");
        assertMessage(0, "cannot be written: no such file or folder");
    }

    @Test
    void readsOnlyTables() throws IOException {
        Files.writeString(file, "a,b\n1,x\n");
        assertThrows(UserError.class, () -> CsvLog.read(file));
        Files.writeString(file, "a,b\n1\n");
        assertThrows(UserError.class, () -> CsvLog.read(file));
        assertThrows(UserError.class, () -> CsvLog.read(folder.resolve("none.csv")));
    }

    private void write(int resumed, int epochs) {
        try (CsvLog log = CsvLog.open(file, COLUMNS, resumed)) {
            for (int e = resumed + 1; e <= epochs; e++) {
                log.append(e, 1.0f / e, e % 5 == 0 ? 1.0 / e : null);
            }
        }
    }

    private void assertMessage(int epoch, String expected) {
        String message = assertThrows(UserError.class, () -> CsvLog.open(file, COLUMNS, epoch).close()).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(expected), message);
    }
}
