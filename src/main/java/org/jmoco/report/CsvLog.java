package org.jmoco.report;

import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.RegularFile;
import org.jmoco.tensor.UserError;

/**
 * A table of numbers that grows by a line per epoch. The first column is {@code epoch}. Each line is on disk before
 * {@link #append} returns.
 *
 * <p>A trainer appends the line of an epoch before it saves the checkpoint of that epoch. So a resumed run finds at least
 * the lines up to its checkpoint, drops those after it (and a line torn by the kill), and ends with the same bytes as a
 * run that was never interrupted, provided that the columns hold no times.
 */
public final class CsvLog implements AutoCloseable {
    /** The column that resuming goes by. */
    public static final String EPOCH = "epoch";

    /** What columns are called in diagrams; training's accuracy is that of the views, of pretraining's among their keys. */
    private static final Map<String, String> WORDS = Map.of("lr", "learning rate", "accuracy", "accuracy in training",
            "val_accuracy", "accuracy, validation images", "val_auc", "AUC, validation images", "knn_accuracy", "kNN accuracy");

    private static final CSVFormat FORMAT = CSVFormat.DEFAULT.builder().setRecordSeparator('\n').get();

    /** As {@link #append} writes them. */
    private static final Pattern NUMBER = Pattern.compile("-?([0-9]+(\\.[0-9]+)?(E-?[0-9]+)?|Infinity)|NaN");

    private final Path file;
    private final List<String> columns;
    private final FileChannel channel;

    private CsvLog(Path file, List<String> columns, FileChannel channel) {
        this.file = file;
        this.columns = columns;
        this.channel = channel;
    }

    /** A column as people call it. */
    static String words(String column) {
        return WORDS.getOrDefault(column, column.replace('_', ' '));
    }

    /**
     * @param columns      behind {@code epoch}
     * @param resumedEpoch the epoch of the checkpoint gone on from; lines of later epochs are dropped. 0 for a new run
     * @throws UserError if the file has other columns, lacks lines up to the resumed epoch, or cannot be written
     */
    public static CsvLog open(Path file, List<String> columns, int resumedEpoch) {
        if (resumedEpoch > 0 && !Files.exists(file)) {
            throw UserError.failed(file + " is not there, but the run has " + resumedEpoch + " epochs behind it. Restore it, or"
                    + " start a new run in another folder.");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(RegularFile.require(file), StandardOpenOption.CREATE, StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            CsvLog log = new CsvLog(file, List.copyOf(columns), channel);
            log.cutAfter(resumedEpoch);
            return log;
        } catch (IOException e) {
            closeAfter(e, channel);
            throw failure(file, e);
        } catch (RuntimeException e) {
            closeAfter(e, channel);
            throw e;
        }
    }

    /** Leaves the header and the whole lines of epochs up to {@code epoch}, and stands behind them. */
    private void cutAfter(int epoch) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] header = line(headerCells());
        if (epoch == 0) {
            channel.truncate(0);
            write(header);
            return;
        }
        if (bytes.length < header.length || !Arrays.equals(bytes, 0, header.length, header, 0, header.length)) {
            throw UserError.failed(file + ": its first line is not '" + new String(header, StandardCharsets.UTF_8).strip()
                    + "', so it is of another version or was edited. Restore it, or move it away and start a new run.");
        }
        int end = header.length;
        int last = 0;
        for (int i = end; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                int found = epochOf(bytes, end, i);
                if (found > epoch) {
                    break;
                }
                requireNumbers(bytes, end, i);
                last = found;
                end = i + 1;
            }
        }
        if (last < epoch) {
            throw UserError.failed(file + ": ends with epoch " + last + ", but the checkpoint to go on from is of epoch " + epoch
                    + ". Restore the file, or start a new run.");
        }
        channel.truncate(end);
        channel.position(end);
    }

    private int epochOf(byte[] bytes, int from, int to) {
        String line = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        String first = line.contains(",") ? line.substring(0, line.indexOf(',')) : line;
        try {
            return Integer.parseInt(first);
        } catch (NumberFormatException e) {
            throw UserError.failed(
                    file + ": the line '" + line + "' does not begin with an epoch. Restore the file, or start a new run.", e);
        }
    }

    /** What stands behind the epoch is drawn when the run ends, which would be late to find that it cannot be. */
    private void requireNumbers(byte[] bytes, int from, int to) {
        String line = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        String[] cells = line.split(",", -1);
        boolean right = cells.length == 1 + columns.size();
        for (int c = 1; right && c < cells.length; c++) {
            right = cells[c].isEmpty() || NUMBER.matcher(cells[c]).matches();
        }
        if (!right) {
            throw UserError.failed(file + ": the line '" + line + "' is not one of " + columns.size()
                    + " numbers behind the epoch. Restore the file, or start a new run.");
        }
    }

    /**
     * Adds a line.
     *
     * @param values one for each column; an integer, a float, a double or null for an empty cell. A float is written with
     *     the digits of a float
     */
    public void append(int epoch, Number... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(
                    "csv: " + file + " has the columns " + columns + " but " + values.length + " values were given");
        }
        Object[] cells = new Object[1 + values.length];
        cells[0] = epoch;
        System.arraycopy(values, 0, cells, 1, values.length);
        try {
            write(line(cells));
            channel.force(false);
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    /** The columns of a file by name; an empty cell is NaN. @throws UserError if it is no such file */
    public static LinkedHashMap<String, double[]> read(Path file) {
        CSVFormat withHeader = FORMAT.builder().setHeader().setSkipHeaderRecord(true).get();
        try (Reader in = Files.newBufferedReader(RegularFile.require(file));
                CSVParser parser = CSVParser.builder().setReader(in).setFormat(withHeader).get()) {
            List<CSVRecord> records = parser.getRecords();
            LinkedHashMap<String, double[]> out = new LinkedHashMap<>();
            for (Map.Entry<String, Integer> column : parser.getHeaderMap().entrySet()) {
                double[] values = new double[records.size()];
                for (int i = 0; i < values.length; i++) {
                    String cell = records.get(i).get(column.getValue());
                    values[i] = cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
                }
                out.put(column.getKey(), values);
            }
            if (!out.containsKey(EPOCH)) {
                throw new IllegalArgumentException("it has no column " + EPOCH);
            }
            return out;
        } catch (IOException e) {
            throw UserError.failed(file + ": cannot be read: " + AtomicFile.reason(e)
                    + ". Restore the file, or run the training anew in another folder.", e);
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
            throw UserError.failed(file + ": is not a table of numbers with a line of column names: " + e.getMessage()
                    + ". Restore the file, or run the training anew in another folder.", e);
        }
    }

    private Object[] headerCells() {
        Object[] cells = new Object[1 + columns.size()];
        cells[0] = EPOCH;
        for (int i = 0; i < columns.size(); i++) {
            cells[1 + i] = columns.get(i);
        }
        return cells;
    }

    private static byte[] line(Object[] cells) {
        return (FORMAT.format(cells) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private void write(byte[] line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(line);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static void closeAfter(Exception failure, FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    private static UserError failure(Path file, IOException e) {
        return UserError.failed(
                file + ": cannot be written: " + AtomicFile.reason(e) + ". Make room on the disk or choose another --out.", e);
    }
}
