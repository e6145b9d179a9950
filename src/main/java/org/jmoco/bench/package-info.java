/**
 * Measurements: single operations, layers and whole steps, on any backend.
 *
 * <p>In: problem strings (benchmarks/shapes) and an open backend. Out: rows with times, rates and the floor that the machine's
 * own measured peaks set. A result is checked before it is timed; a body that does nothing fails.
 *
 * <p>Read first: {@link org.jmoco.bench.Problem}, {@link org.jmoco.bench.OpBench}, {@link org.jmoco.bench.Stopwatch}.
 */
package org.jmoco.bench;
