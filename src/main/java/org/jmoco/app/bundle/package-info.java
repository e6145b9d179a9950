/**
 * What {@code jmoco bundle} is made of: {@link org.jmoco.app.bundle.RuntimeImage} links a Java runtime,
 * {@link org.jmoco.app.bundle.BundleFolder} puts jars, natives and launcher beside it, {@link org.jmoco.app.bundle.TarXz} packs
 * the folder.
 */
package org.jmoco.app.bundle;
