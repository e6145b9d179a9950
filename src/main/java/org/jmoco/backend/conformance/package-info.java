/**
 * What every backend must compute: one case per operation, problem and kind of data, run between guards of NaN on poisoned
 * outputs and compared with the reference backend within a bound that is a formula over the case's data.
 *
 * <p>In: a backend, opened fresh for each case. Out: nothing, or an AssertionError that names the worst element. The tests run
 * all cases on every backend; {@code jmoco selftest} runs them on the machine at hand.
 *
 * <p>Read first: {@link org.jmoco.backend.conformance.OpCase}, then one family, as {@code ConvolutionCases}.
 */
package org.jmoco.backend.conformance;
