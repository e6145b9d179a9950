/**
 * Level 2: the mathematics of {@link org.jmoco.backend.Ops} as nested loops. The yardstick that every other backend is held
 * against, and the first code to read: it says what each operation is, in the order in which the formula says it.
 *
 * <p>Numbers are Java doubles throughout. Opened for F64, it is what finite differences and the golden records are checked
 * with; opened for F32, every stored value is rounded to f32 once while all sums stay in f64, which is the best that an f32
 * backend could do.
 *
 * <p>Flows in: buffers and geometries that the Recorder has checked. Flows out: values, the same for any number of threads,
 * because each element is computed by one task, in one order. Read {@code Linear} first, then {@code Convolution}, whose three
 * directions share one inner loop ({@code Rows}), then {@code BatchNorm} and {@code Losses}; {@code ReferenceBackend} holds the
 * memory.
 */
package org.jmoco.backend.reference;
