package org.jmoco.backend.cuda.natives;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the dynamic loader reads of a shared library: its name, the libraries that it needs, and the versions of their symbols.
 * 64-bit little-endian ELF only, which is what NVIDIA and JCuda publish for Linux on x86_64.
 *
 * <p>Source: System V ABI, chapters 4 and 5; Linux Standard Base, section 10.7 (symbol versioning).
 */
final class ElfFile {
    private static final int EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final long DT_STRSZ = 10;
    private static final long DT_SONAME = 14;
    private static final long DT_RPATH = 15;
    private static final long DT_RUNPATH = 29;
    private static final long DT_VERDEF = 0x6ffffffc;
    private static final long DT_VERDEFNUM = 0x6ffffffd;
    private static final long DT_VERNEED = 0x6ffffffe;
    private static final long DT_VERNEEDNUM = 0x6fffffff;
    private static final long EHDR_BYTES = 64;
    private static final long PHDR_BYTES = 56;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * A string of the dynamic string table and where it is referred to.
     *
     * @param at file offset of its first byte
     */
    record Name(String text, long at) {
    }

    /**
     * A version that the library wants of another one.
     *
     * @param hashAt file offset of the 32-bit ELF hash of the name
     */
    record VersionNeed(Name file, Name version, long hashAt) {
    }

    private final MemorySegment bytes;
    private final String what;
    private Name soname;
    private final List<Name> needed = new ArrayList<>();
    private final List<String> runPath = new ArrayList<>();
    private final List<VersionNeed> versionNeeds = new ArrayList<>();
    private final List<String> versions = new ArrayList<>();
    private long strings;
    private long stringsBytes;

    private ElfFile(MemorySegment bytes, String what) {
        this.bytes = bytes;
        this.what = what;
        try {
            read();
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(what + ": is cut off or damaged: a table lies outside of its " + bytes.byteSize()
                    + " bytes", e);
        }
    }

    /** @throws IllegalArgumentException if it is not a shared library of this machine's kind */
    static ElfFile of(byte[] bytes, String what) {
        return new ElfFile(MemorySegment.ofArray(bytes), what);
    }

    /**
     * Reads the head of a file of any size.
     *
     * @throws IllegalArgumentException if it is not a shared library of this machine's kind
     */
    static ElfFile read(Path file) throws IOException {
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file)) {
            return new ElfFile(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), file.toString());
        }
    }

    /** The name under which the loader knows it, or null. */
    String soname() {
        return soname == null ? null : soname.text();
    }

    /** Libraries that it needs. */
    List<Name> needed() {
        return needed;
    }

    /** Folders in which the loader looks for them, {@code $ORIGIN} unresolved. */
    List<String> runPath() {
        return runPath;
    }

    List<VersionNeed> versionNeeds() {
        return versionNeeds;
    }

    /** Versions of its own symbols. */
    List<String> versions() {
        return versions;
    }

    /** File offsets of the first and behind the last byte of the dynamic string table. */
    long[] stringTable() {
        return new long[] {strings, strings + stringsBytes};
    }

    /** The hash by which the loader compares names of versions (System V ABI, figure 5-13). */
    static int hash(String name) {
        int h = 0;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            h = (h << 4) + (b & 0xff);
            int high = h & 0xf0000000;
            h ^= high >>> 24;
            h &= ~high;
        }
        return h;
    }

    private void read() {
        if (bytes.byteSize() < EHDR_BYTES || u32(0) != 0x464c457f) {
            throw new IllegalArgumentException(what + ": is not an ELF file");
        }
        if (bytes.get(ValueLayout.JAVA_BYTE, 4) != 2 || bytes.get(ValueLayout.JAVA_BYTE, 5) != 1) {
            throw new IllegalArgumentException(what + ": is not a 64-bit little-endian ELF file");
        }
        if (u16(18) != EM_X86_64) {
            throw new IllegalArgumentException(what + ": is for another processor (ELF machine " + u16(18) + ")");
        }
        long dynamic = -1;
        long end = -1;
        for (int i = 0; i < programHeaders(); i++) {
            if (u32(programHeader(i)) == PT_DYNAMIC) {
                dynamic = u64(programHeader(i) + 8);
                end = dynamic + u64(programHeader(i) + 32);
            }
        }
        if (dynamic < 0) {
            throw new IllegalArgumentException(what + ": has no dynamic section; it is no shared library");
        }
        List<long[]> entries = new ArrayList<>();
        for (long at = dynamic; at < end && u64(at) != 0; at += 16) {
            entries.add(new long[] {u64(at), u64(at + 8)});
        }
        strings = offset(value(entries, DT_STRTAB));
        stringsBytes = value(entries, DT_STRSZ);
        for (long[] e : entries) {
            if (e[0] == DT_NEEDED) {
                needed.add(name(e[1]));
            } else if (e[0] == DT_SONAME) {
                soname = name(e[1]);
            } else if (e[0] == DT_RPATH || e[0] == DT_RUNPATH) {
                runPath.addAll(List.of(name(e[1]).text().split(":")));
            }
        }
        readVersionNeeds(value(entries, DT_VERNEED), value(entries, DT_VERNEEDNUM));
        readVersions(value(entries, DT_VERDEF), value(entries, DT_VERDEFNUM));
    }

    /**
     * Elf64_Verneed (vn_cnt at 2, vn_file 4, vn_aux 8, vn_next 12) and its Elf64_Vernaux (vna_hash 0, vna_name 8, vna_next 12).
     */
    private void readVersionNeeds(long address, long count) {
        if (count <= 0) {
            return;
        }
        long at = offset(address);
        for (long i = 0; i < count; i++) {
            Name file = name(u32(at + 4));
            long aux = at + u32(at + 8);
            for (int j = 0; j < u16(at + 2); j++) {
                versionNeeds.add(new VersionNeed(file, name(u32(aux + 8)), aux));
                aux += u32(aux + 12);
            }
            at += u32(at + 12);
        }
    }

    /** Elf64_Verdef (vd_flags at 2, vd_cnt 6, vd_aux 12, vd_next 16) and its first Elf64_Verdaux (vda_name 0). */
    private void readVersions(long address, long count) {
        if (count <= 0) {
            return;
        }
        long at = offset(address);
        for (long i = 0; i < count; i++) {
            boolean ofTheFile = (u16(at + 2) & 1) != 0;
            if (!ofTheFile) {
                versions.add(name(u32(at + u32(at + 12))).text());
            }
            at += u32(at + 16);
        }
    }

    private int programHeaders() {
        return u16(56);
    }

    private long programHeader(int i) {
        return u64(32) + i * PHDR_BYTES;
    }

    private static long value(List<long[]> entries, long tag) {
        return entries.stream().filter(e -> e[0] == tag).mapToLong(e -> e[1]).findFirst().orElse(-1);
    }

    /** Where the byte that is loaded at {@code address} stands in the file. */
    private long offset(long address) {
        for (int i = 0; i < programHeaders(); i++) {
            long p = programHeader(i);
            long start = u64(p + 16);
            if (u32(p) == PT_LOAD && address >= start && address < start + u64(p + 32)) {
                return address - start + u64(p + 8);
            }
        }
        throw new IllegalArgumentException(what + ": is damaged: address 0x" + Long.toHexString(address)
                + " is in no segment of it");
    }

    private Name name(long index) {
        if (index < 0 || index >= stringsBytes) {
            throw new IllegalArgumentException(what + ": is damaged: name " + index + " is outside of the " + stringsBytes
                    + " bytes of names");
        }
        return new Name(bytes.getString(strings + index), strings + index);
    }

    private int u16(long at) {
        return bytes.get(U16, at) & 0xffff;
    }

    private long u32(long at) {
        return bytes.get(U32, at) & 0xffffffffL;
    }

    private long u64(long at) {
        return bytes.get(U64, at);
    }
}
