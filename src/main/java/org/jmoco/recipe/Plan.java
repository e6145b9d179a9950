package org.jmoco.recipe;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What has to be trained for a recipe, each thing once, in an order in which everything has what it starts from.
 *
 * @param encoders  pretrainings; rows share what their chains begin with alike
 * @param transfers one for each row and seed
 */
record Plan(List<Encoder> encoders, List<Transfer> transfers) {
    /** The encoder behind the last stage of a chain, which is not empty. */
    record Encoder(List<String> chain, int seed) {
        String stage() {
            return chain.getLast();
        }

        /** What it starts from; empty for random weights. */
        Optional<Encoder> upstream() {
            return of(chain.subList(0, chain.size() - 1), seed);
        }

        static Optional<Encoder> of(List<String> chain, int seed) {
            return chain.isEmpty() ? Optional.empty() : Optional.of(new Encoder(List.copyOf(chain), seed));
        }

        /** {@code cifar10+luna-seed1}. */
        String label() {
            return String.join("+", chain) + "-seed" + seed;
        }
    }

    /** @param encoder empty for random weights */
    record Transfer(Row row, int seed, Optional<Encoder> encoder) {
        String label() {
            return row.name() + "-seed" + seed;
        }
    }

    static Plan of(Recipe recipe) {
        Set<Encoder> encoders = new LinkedHashSet<>();
        for (Row row : recipe.rows()) {
            for (int seed = 1; seed <= recipe.encoders(); seed++) {
                for (int length = 1; length <= row.chain().size(); length++) {
                    encoders.add(Encoder.of(row.chain().subList(0, length), seed).orElseThrow());
                }
            }
        }
        List<Transfer> transfers = new ArrayList<>();
        if (recipe.transfer() != null) {
            for (Row row : recipe.rows()) {
                for (int seed = 1; seed <= recipe.seeds(); seed++) {
                    transfers.add(new Transfer(row, seed, Encoder.of(row.chain(), (seed - 1) % recipe.encoders() + 1)));
                }
            }
        }
        return new Plan(List.copyOf(encoders), List.copyOf(transfers));
    }

    int tasks() {
        return encoders.size() + transfers.size();
    }
}
