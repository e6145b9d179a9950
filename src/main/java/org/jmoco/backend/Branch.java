package org.jmoco.backend;

/**
 * Steps {@code first} to {@code end - 1} of a program, which may be carried out beside its steps {@code end} to {@code join - 1}:
 * neither side writes what the other touches. Step {@code join}, and what follows, waits for both. A backend that has no use for
 * it goes through the list in order.
 */
public record Branch(int first, int end, int join) {
    public Branch {
        if (!(0 <= first && first < end && end <= join)) {
            throw new IllegalArgumentException("branch: steps " + first + " to " + end + ", joined at " + join);
        }
    }

    /** True if the step is one of the branch, not one beside it. */
    public boolean holds(int step) {
        return first <= step && step < end;
    }

    /** True if one of two lives, each from its first step to its last, has a step in this branch and the other one beside it. */
    boolean seesTogether(int firstA, int lastA, int firstB, int lastB) {
        return inside(firstA, lastA) && beside(firstB, lastB) || beside(firstA, lastA) && inside(firstB, lastB);
    }

    private boolean inside(int from, int to) {
        return from < end && first <= to;
    }

    private boolean beside(int from, int to) {
        return from < join && end <= to;
    }
}
