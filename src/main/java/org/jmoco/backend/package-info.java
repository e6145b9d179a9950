/**
 * Level 1: the seam between engine and hardware.
 *
 * <p>Layers, losses and optimisers describe a whole training step once, through a {@link org.jmoco.backend.Recorder};
 * it checks every operand, counts operations and bytes, and asks the backend's {@link org.jmoco.backend.Ops} for the
 * {@link org.jmoco.backend.Work} that carries the step out. The result is a {@link org.jmoco.backend.Program}: a list of
 * named steps over {@link org.jmoco.backend.Buffer}s at fixed addresses, replayed once per training step. Nothing is
 * allocated after {@link org.jmoco.backend.Backend#allocate()}, which places all buffers by the
 * {@link org.jmoco.backend.MemoryPlan}.
 *
 * <p>Flows in: shapes, buffers, host values. Flows out: programs and downloaded values. Read {@code Ops} first: it is the
 * mathematics of the project in one page; then {@code Program} and {@code Backend}.
 */
package org.jmoco.backend;
