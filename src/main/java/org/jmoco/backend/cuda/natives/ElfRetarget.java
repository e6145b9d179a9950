package org.jmoco.backend.cuda.natives;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes a shared library need another one of the same interface: JCublas2's native half, built for {@code libcublas.so.12}, then
 * loads with {@code libcublas.so.13}.
 *
 * <p>The name stands once in the dynamic string table and is both the library's name and the version of its symbols (NVIDIA names
 * the version like the file). It is overwritten in place, which needs a name of equal length, and so is the hash of the version
 * in {@code .gnu.version_r}, by which the loader compares. Nothing else in the file depends on the name: the hash tables hold
 * symbols.
 */
final class ElfRetarget {
    private ElfRetarget() {
    }

    /**
     * A copy of {@code elf} that needs {@code to} where it needed {@code from}.
     *
     * @param what names the file in errors
     * @throws IllegalArgumentException if it does not need {@code from}, or the name cannot be replaced in place
     */
    static byte[] retarget(byte[] elf, String what, String from, String to) {
        byte[] name = to.getBytes(StandardCharsets.US_ASCII);
        if (name.length != from.length()) {
            throw new IllegalArgumentException(what + ": " + from + " can be replaced only by a name of equal length, not by "
                    + to);
        }
        ElfFile file = ElfFile.of(elf, what);
        if (file.needed().stream().noneMatch(n -> n.text().equals(from))) {
            throw new IllegalArgumentException(what + ": does not need " + from + " but "
                    + file.needed().stream().map(ElfFile.Name::text).toList());
        }
        ByteBuffer out = ByteBuffer.wrap(elf.clone()).order(ByteOrder.LITTLE_ENDIAN);
        Set<Long> places = new TreeSet<>();
        for (ElfFile.Name n : file.needed()) {
            if (n.text().equals(from)) {
                places.add(n.at());
            }
        }
        for (ElfFile.VersionNeed v : file.versionNeeds()) {
            if (v.file().text().equals(from)) {
                places.add(v.file().at());
                if (v.version().text().equals(from)) {
                    places.add(v.version().at());
                    out.putInt(Math.toIntExact(v.hashAt()), ElfFile.hash(to));
                }
            }
        }
        for (long at : places) {
            // A longer string may end in the same bytes; it would be changed with this one.
            if (at > file.stringTable()[0] && elf[Math.toIntExact(at) - 1] != 0) {
                throw new IllegalArgumentException(what + ": the name " + from
                        + " is part of another name and cannot be replaced");
            }
            out.put(Math.toIntExact(at), name);
        }
        return out.array();
    }
}
