package org.jmoco.data;

/** A file that was left out of a set, and why. */
public record Skipped(String name, String reason) {
    @Override
    public String toString() {
        return name + ": " + reason;
    }
}
