/**
 * Level 3: images in memory.
 *
 * <p>In: files of the public data sets, folders and zips of pictures, or a seed for phantoms. Out: a
 * {@link org.jmoco.data.DataSet}, which is a few {@link org.jmoco.data.ImageSet}s (u8 RGB, each image of its own size,
 * labels where there are some), the normalisation and the class names. Nothing here resizes, crops or normalises: that is
 * org.jmoco.augment's. Whatever is wrong with a file ends as one {@link org.jmoco.tensor.UserError} that names it.
 *
 * <p>Read {@code ImageSet} first, then {@code DataSet}; {@link org.jmoco.data.Phantom} makes pictures without any file.
 */
package org.jmoco.data;
