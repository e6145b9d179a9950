/**
 * Level 8: {@code jmoco golden}. Flows in: files of numbers that PyTorch computed (float64 and float32 records of the same
 * run). Flows out: the same quantities computed by a backend of ours, each with its worst error against the float64 record
 * and PASS or FAIL. Read {@link org.jmoco.app.golden.GoldenRun} first.
 */
package org.jmoco.app.golden;
