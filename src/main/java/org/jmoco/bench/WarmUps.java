package org.jmoco.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How the warm-ups of a benchmark ended: as they should, or by their limit. Times after the second kind may be too long. */
public final class WarmUps {
    /** So many are named. */
    private static final int NAMED = 3;

    /** What a warm-up ended for. */
    public enum End {
        /** Times were steady, and the compiler had nothing left to do. */
        STEADY("steady"),
        MOVING("times still moved"),
        COMPILING("the just-in-time compiler was still at work");

        private final String words;

        End(String words) {
            this.words = words;
        }
    }

    private final List<String> cut = new ArrayList<>();
    private int all;

    /** @param what was warmed up */
    public void add(String what, End end) {
        all++;
        if (end != End.STEADY) {
            cut.add(what + " (" + end.words + ")");
        }
    }

    public boolean isEmpty() {
        return all == 0;
    }

    /** True if one ended by its limit. */
    public boolean cut() {
        return !cut.isEmpty();
    }

    /** One line for people, if one ended by its limit. */
    public Optional<String> warning() {
        return cut() ? Optional.of("warm-up: " + this + "; times may be too long") : Optional.empty();
    }

    /**
     * {@code all 5 ended with steady times}, {@code 1 of 5 ended by its limit, not with steady times: copy (times still moved)}.
     */
    @Override
    public String toString() {
        if (cut.isEmpty()) {
            return "all " + all + " ended with steady times";
        }
        return cut.size() + " of " + all + " ended by " + (cut.size() == 1 ? "its" : "their") + " limit, not with steady times: "
                + String.join(", ", cut.subList(0, Math.min(NAMED, cut.size())))
                + (cut.size() > NAMED ? ", and " + (cut.size() - NAMED) + " more" : "");
    }
}
