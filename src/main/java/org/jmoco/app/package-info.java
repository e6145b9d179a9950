/**
 * Level 8: the command line. Flows in: arguments and files; flows out: calls into {@code train}, {@code data} and
 * {@code report}, lines on stdout, exit codes (0 done, 1 failed, 2 usage).
 *
 * <p>Read {@link org.jmoco.app.Main} first: it lists the commands, one line each. {@link org.jmoco.app.Failure} turns
 * whatever goes wrong into one clear message. Options that several commands share are mixins:
 * {@link org.jmoco.app.BackendOptions}, {@link org.jmoco.app.DataOptions}, {@link org.jmoco.app.RunOptions},
 * {@link org.jmoco.app.TrainOptions}, {@link org.jmoco.app.MocoOptions}; defaults that differ from command to command
 * come from {@link org.jmoco.app.CommandDefaults}. {@link org.jmoco.app.Backends} is the one place where a backend is chosen by
 * name, {@link org.jmoco.app.DataSource} the one where {@code --data} becomes images.
 */
package org.jmoco.app;
