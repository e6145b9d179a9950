/**
 * Level 7, above the report: one training in its folder. Flows in: a configuration, a data set, a backend, a
 * {@link org.jmoco.report.RunFolder}. Flows out: everything that the folder holds in the end. Commands and recipes both train
 * through {@link org.jmoco.run.PretrainRun} and {@link org.jmoco.run.FinetuneRun}; read the first of them first.
 */
package org.jmoco.run;
