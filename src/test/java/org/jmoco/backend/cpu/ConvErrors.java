package org.jmoco.backend.cpu;

import java.util.List;
import java.util.Locale;

/**
 * Prints the rounding error of one convolution: largest and root mean square, in units of 2^-24 of the result's root mean
 * square, against sums in f64; forward by the chosen method and by oneDNN, and the tiles in f32 as backward data. The table in
 * docs/maths/convolution.md is made with it; benchmarks/peers/conv_error_torch.py gives PyTorch's rows.
 *
 * <p>{@code java ... org.jmoco.backend.cpu.ConvErrors}
 */
public final class ConvErrors {
    /** Sizes of ResNet-18's stages at 32 x 32, with few images: the reference sums are plain loops. */
    private static final List<ConvProblem> PROBLEMS = List.of(
            new ConvProblem(2, 32, 32, 3, 64, 3, 3, 1, 1),
            new ConvProblem(2, 32, 32, 64, 64, 3, 3, 1, 1),
            new ConvProblem(2, 32, 32, 64, 128, 3, 3, 2, 1),
            new ConvProblem(2, 16, 16, 128, 128, 3, 3, 1, 1),
            new ConvProblem(2, 8, 8, 256, 256, 3, 3, 1, 1),
            new ConvProblem(2, 4, 4, 512, 512, 3, 3, 1, 1));

    private ConvErrors() {}

    public static void main(String[] args) {
        System.out.println("| problem | method | largest | rms |\n|---|---|---|---|");
        try (Workers workers = new Workers(2)) {
            for (ConvProblem p : PROBLEMS) {
                ConvCase data = ConvCase.normals(p, 5);
                double[] exact = data.y().sums();
                double[] gradient = data.dx().sums();
                ConvMethod chosen = ConvMethod.of(p, false);
                for (ConvMethod m : ConvMethod.values()) {
                    if (m == chosen || m == ConvMethod.DIRECT) {
                        print(p, (m == chosen ? "jmoco: " : "oneDNN: ") + m, data.forward(workers, m), exact);
                    }
                    if (m != ConvMethod.DIRECT && p.stride() == 1 && m.supports(p, true)) { // the same computation in f32
                        print(p, "jmoco: backward data, f32 " + m, data.backwardData(workers, m), gradient);
                    }
                }
            }
        }
    }

    private static void print(ConvProblem p, String method, float[] got, double[] exact) {
        double squares = 0;
        double errors = 0;
        double largest = 0;
        for (int i = 0; i < got.length; i++) {
            double e = got[i] - exact[i];
            squares += exact[i] * exact[i];
            errors += e * e;
            largest = Math.max(largest, Math.abs(e));
        }
        double unit = 0x1p-24 * Math.sqrt(squares / got.length);
        System.out.printf(Locale.ROOT, "| %s | %s | %.2f | %.3f |%n", p, method, largest / unit,
                Math.sqrt(errors / got.length) / unit);
    }
}
