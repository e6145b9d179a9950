package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines that cannot work: a few words on stderr, exit code 2 or 1, no stack trace, nothing made. */
class BadOptionsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        # sizes
        2 | pretrain --batch 10 --splits 3      | --batch 10 is not divisible by --splits 3: batch norm would have groups of \
        unequal size. Choose a multiple.
        2 | finetune --batch 10 --splits 3      | --batch 10 is not divisible by --splits 3
        2 | bench step --batch 10 --splits 3    | --batch 10 is not divisible by --splits 3
        2 | pretrain --batch 0                  | --batch 0 must be at least 1
        2 | pretrain --batch abc                | 'abc' is not an int
        2 | pretrain --width 0                  | --width 0 must be at least 1
        2 | pretrain --dim 0                    | --dim 0 and --splits 8 must be at least 1
        2 | pretrain --splits 0                 | --splits 0 must be at least 1
        2 | pretrain --image 0                  | --image 0 must be at least 1
        2 | pretrain --image 2000000000         | image size is 2000000000; it must be 1 to 26754 pixels
        2 | pretrain --image 5000               | --batch 128 of --image 5000 are 9600000000 numbers, but one array holds at \
        most 2147483647. Lower --image or --batch.
        2 | bench step --image 5000             | Lower --image or --batch.
        2 | pretrain --queue 100                | --queue 100 is shorter than the 128 keys that one step brings. Raise --queue \
        or lower --batch.
        2 | pretrain --queue 20000000           | --queue 20000000 of --dim 128: one array holds at most 2147483647 numbers. \
        Lower --queue or --dim.
        2 | pretrain --symmetric --queue 200    | --queue 200 is shorter than the 256 keys
        2 | finetune --dim -3 --head projection | --dim -3
        2 | finetune --dim 16                   | --dim 16 is the length of a projection, and a fresh head has an output for \
        each class: leave out --dim, or take --head projection
        2 | probe --dim 128                     | --dim 128 is the length of a projection
        # rates and lengths
        2 | pretrain --epochs 0                 | --epochs 0 must be at least 1
        2 | pretrain --lr -1                    | --lr -1.0 must be a positive number
        2 | pretrain --lr NaN                   | --lr NaN must be a positive number
        2 | pretrain --warmup -1                | --warmup -1 must be 0 or a number of epochs
        2 | pretrain --temperature 0            | --temperature 0.0 must be positive
        2 | pretrain --temperature NaN          | --temperature NaN must be positive
        2 | pretrain --momentum 2               | --momentum 2.0 must lie in 0 .. 1
        2 | pretrain --sgd-momentum 5           | --sgd-momentum 5.0 must be at least 0 and below 1
        2 | pretrain --weight-decay -1          | --weight-decay -1.0 must be 0 or more
        2 | finetune --weight-decay NaN         | --weight-decay NaN must be 0 or more
        2 | finetune --vote 0                   | --vote 0 must be at least 1
        2 | pretrain --knn-every 0              | --knn-every 0 must be at least 1
        2 | pretrain --checkpoint-epochs 0      | --checkpoint-epochs 0 must be at least 1
        2 | pretrain --checkpoint-steps -1      | --checkpoint-steps -1 must be 0 (never) or a number of steps
        2 | pretrain --loss-every 0             | --loss-every 0 must be at least 1
        2 | pretrain --threads 0                | --threads 0: at least 1 is needed
        2 | pretrain --threads 100000           | --threads 100000: at most 1024
        2 | run covid --seeds 99999999          | seeds: at most 10000
        # names
        2 | pretrain --Batch 64                 | there is no option '--Batch'; it is written --batch
        2 | pretrain --BATCH=64                 | there is no option '--BATCH'; it is written --batch
        2 | run covid --rows ,                  | --rows: the value is empty
        2 | run covid --rows random,,all        | --rows: the value is empty
        2 | bundle --out /                      | let its name end with .tar.xz
        2 | report runs --out runs/options.json | the page is HTML; give it a name that ends in .html
        2 | pretrain --schedule foo             | expected one of [cosine, constant, step]
        2 | finetune --head foo                 | expected one of [fresh, projection]
        2 | pretrain --backend gpu              | expected one of [auto, cuda, cpu, reference]
        2 | pretrain --seed x                   | 'x' is not a long
        2 | pretrain --nosuch                   | Unknown option: '--nosuch'
        2 | pretrain --bach 3                   | Possible solutions: --batch
        2 | pretrian                            | Did you mean: jmoco pretrain
        2 | pretrain --data phantoms            | expected NAME=DIR
        2 | pretrain --data nonsense=/nowhere   | unknown data set "nonsense"; there are phantom, cifar10
        # files
        1 | pretrain --data cifar10=/nowhere    | --data cifar10=/nowhere: no such file or folder
        1 | pretrain --from nowhere             | --from nowhere: no such run or file
        1 | finetune --from nowhere             | --from nowhere: no such run or file
        1 | probe --from nowhere                | --from nowhere: no such run or file
        1 | evaluate --from nowhere             | nowhere: no such file. Check the path.
        1 | predict --from nowhere x.png        | --from nowhere: there is no such folder; give the --out of a finetune run
        1 | knn --from nowhere                  | --from nowhere: no such run or file
        """)
    void oneClearMessageBeforeAnyImageIsRead(int code, String line, String words) {
        Path out = folder.resolve("run");
        String all = line.startsWith("pretrain") || line.startsWith("finetune") || line.startsWith("probe") ? line + " --out "
                + out : line;
        StringWriter err = new StringWriter();
        long start = System.nanoTime();
        int got = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), all.split(" +"));
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        String text = err.toString();
        assertAll(
                () -> assertEquals(code, got, text),
                () -> assertTrue(text.startsWith("jmoco: ") && text.contains(words), text),
                () -> assertTrue(text.lines().count() <= 3, text),
                () -> assertFalse(text.contains("internal error") || text.contains("\tat "), text),
                () -> assertFalse(Files.exists(out), "a run folder was made"),
                () -> assertFalse(text.contains("phantom unlabelled"), "images were made first, in " + took));
    }

    @Test
    void aFileOrFolderOfTheWrongKindIsNamed() throws IOException {
        Path empty = Files.createFile(folder.resolve("e.json"));
        Path bytes = Files.write(folder.resolve("b.yaml"), new byte[] {(byte) 0xff, (byte) 0xc3, 0x28});
        Path bare = Files.writeString(folder.resolve("r.yaml"), "{name: r, transfer: {data: phantom}, rows: {random: {}}}\n");
        String[][] all = {
            {"golden: " + empty + " holds no case, it is empty", "golden", empty.toString()},
            {bytes + ": cannot be read: it is no text in UTF-8", "run", bytes.toString()},
            {folder + ": is a folder; give the recipe's file in it", "run", folder.toString()},
            {"--stages foo: there is no such stage; there is transfer", "run", bare.toString(), "--stages", "foo"},
            {"--out " + empty + ": is a file; name a folder", "data", "fetch", "cifar10", "--out", empty.toString()},
        };
        for (String[] one : all) {
            StringWriter err = new StringWriter();
            int code = Main.run(new PrintWriter(err), new PrintWriter(err), java.util.Arrays.copyOfRange(one, 1, one.length));
            assertTrue(code == 1 || code == 2, code + ": " + err);
            assertTrue(err.toString().startsWith("jmoco: " + one[0]) && err.toString().lines().count() == 1, err.toString());
        }
    }

    /** As {@code --out "$RUN"} types it where RUN is not set: an empty path would be the working folder. */
    @ParameterizedTest
    @ValueSource(strings = {"pretrain --out ", "finetune --out= --epochs 1", "probe --from ", "knn --from ", "evaluate --from ",
        "export --format onnx x.onnx --from ", "pretrain --data ", "finetune --positive ", "run ", "run covid --out ",
        "run covid --store ", "run covid --data ", "report ", "report runs --out ", "golden ", "golden x.json --recorded ",
        "predict --from runs ", "predict x.png --from ", "data show --out ", "data info --data ", "bench step --save ",
        "doctor --cuda-libs ", "evaluate --from runs --classes ", "finetune --cuda-libs= --backend cpu"})
    void anEmptyValueIsRefused(String line) {
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), line.split(" ", -1));
        assertEquals(2, code, err.toString());
        assertTrue(err.toString().matches("jmoco: (--[a-z-]+|[A-Z]+): the value is empty[^\\n]*\\n"
                + "See 'jmoco [a-z ]+ --help'.\\n"), err.toString());
    }

    /** Tables for a convolution of this size took 19 GB before the plan was measured, and the system killed the process. */
    @Test
    void aTensorLargerThanTheMachineIsRefusedWhileTheProgramIsRecorded() {
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "bench", "step", "--batch", "8", "--image",
                "9000", "--width", "500", "--backend", "cpu", "--no-peaks");
        assertEquals(1, code, err.toString());
        assertTrue(err.toString().contains("(8x9000x9000x500 f32) alone needs 1,296,000 MB, and there are "), err.toString());
        assertTrue(err.toString().contains("Lower --batch, --width or --image."), err.toString());
    }
}
