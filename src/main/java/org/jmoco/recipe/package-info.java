/**
 * Recipes: whole comparisons as files. Flows in: a YAML file, changes from the command line, folders of data sets. Flows out: a
 * run folder for each stage, a table of rows against published figures, {@code results.json}.
 *
 * <p>{@link org.jmoco.recipe.Recipes} is the way in. A file becomes a tree that knows lines and columns ({@code YamlTree}, {@code
 * Node}), is changed ({@code Overrides}), read by name and type ({@code Fields}) into a {@code Recipe}; a {@code Plan} lists what
 * must be trained, {@code RecipeRun} trains it in folders named by their inputs ({@code StageFolder}), {@code Results} compares.
 * Read {@code Recipe} first, then {@code RecipeRun}.
 */
package org.jmoco.recipe;
