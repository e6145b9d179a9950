/**
 * Level 4: from images in memory to batches of views.
 *
 * <p>In: an {@link org.jmoco.data.ImageSet} (u8 RGB of any size), a {@link org.jmoco.augment.ViewRecipe} and a seed. Out:
 * f32 batches N x H x W x 3, normalised, two random views of each image for pretraining ({@link
 * org.jmoco.augment.ViewLoader}), one for supervised training, or the image itself resized for evaluation ({@link
 * org.jmoco.augment.Views}).
 *
 * <p>A view is made in two steps that know nothing of each other: {@link org.jmoco.augment.ViewDraw} makes all random
 * choices, keyed by (seed, purpose, epoch, image), and {@link org.jmoco.augment.ViewRenderer} carries them out without
 * chance, on 8-bit values, bit for bit as torchvision does on PIL images. So views depend neither on threads nor on the
 * backend, and each can be printed and made again.
 *
 * <p>Read {@code ViewRecipe}, {@code ViewDraw}, {@code ViewRenderer}; then {@code Colour}, {@code Resampler} and
 * {@code BoxBlur} for the pixels. docs/maths/views.md has the formulas.
 */
package org.jmoco.augment;
