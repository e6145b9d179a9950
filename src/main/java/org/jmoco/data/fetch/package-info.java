/**
 * Getting public data sets: download, check, unpack.
 *
 * <p>In: the downloads that a {@link org.jmoco.data.DatasetCard} names, or files that the user got himself. Out: a folder that
 * {@link org.jmoco.data.DataSets} reads.
 *
 * <p>Read first: {@link org.jmoco.data.fetch.DataFetch}.
 */
package org.jmoco.data.fetch;
