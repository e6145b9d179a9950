package org.jmoco.backend.cpu;

import java.util.List;
import java.util.Locale;
import org.jmoco.backend.cpu.ConvMethod.Use;

/**
 * Prints the rounding error of one convolution: largest and root mean square, in units of 2^-24 of the result's root mean
 * square, against sums in f64; forward by the method chosen before a gradient, and by all in f32. The table in
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
                ConvMethod chosen = ConvMethod.of(p, Use.FORWARD);
                print(p, "jmoco: " + chosen, data.forward(workers, chosen, Use.FORWARD), exact);
                for (ConvMethod m : ConvMethod.values()) {
                    if (m.supports(p, Use.FORWARD_ALONE)) {
                        print(p, (m == ConvMethod.DIRECT ? "oneDNN: " : "jmoco: f32 ") + m,
                                data.forward(workers, m, Use.FORWARD_ALONE), exact);
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
