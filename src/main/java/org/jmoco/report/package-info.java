/**
 * Level 7: what a run leaves behind and shows while it goes on. Flows in: options, figures per epoch, progress. Flows
 * out: a folder with {@code options.json}, {@code environment.json}, {@code metrics.csv}, {@code curves.png},
 * {@code result.json} and the checkpoints, and lines or a bar on stderr. Read {@link org.jmoco.report.RunFolder} first.
 */
package org.jmoco.report;
