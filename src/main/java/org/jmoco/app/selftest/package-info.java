/**
 * What {@code jmoco selftest} tries on the machine at hand: every operation against the reference backend, and a training step
 * against itself.
 *
 * <p>In: backends, opened fresh for each part. Out: one line for each part, PASS or FAIL with the reason.
 */
package org.jmoco.app.selftest;
