package org.jmoco.interchange;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * Reads Python's pickle format as far as torch.save uses it, protocols 2 to 4. A pickle is a program for a small stack machine
 * that may name and call any function of Python; this machine knows only what {@link Callables} answers for, and anything else is
 * an error that names it. Nothing is ever executed.
 *
 * <p>Source: the comments in CPython's Lib/pickletools.py, which describe every opcode.
 */
final class Pickle {
    /** Answers for the names that a pickle may use. */
    interface Callables {
        /** What {@code module.name} stands for. @throws UserError if it is not on the list */
        Object global(String module, String name);

        /** Calls a global. @throws UserError if it cannot be called so */
        Object call(Object function, List<?> arguments);

        /** What a persistent id stands for. */
        Object persistent(Object id);
    }

    private static final Object MARK = new Object();
    /** Deeper or longer than any checkpoint: a damaged count must not ask for gigabytes. */
    private static final int LONGEST_TEXT = 1 << 24;

    private final String file;
    private final ByteBuffer in;
    private final Callables callables;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    /** @param in from the buffer's position on; left behind the pickle's end */
    Pickle(String file, ByteBuffer in, Callables callables) {
        this.file = file;
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        this.callables = callables;
    }

    /** @throws UserError if the pickle is cut off, damaged, or uses what is not on the list */
    Object read() {
        try {
            while (true) {
                int op = in.get() & 0xff;
                if (op == '.') {
                    return pop();
                }
                step(op);
            }
        } catch (UserError e) {
            throw e;
        } catch (RuntimeException e) { // what a damaged program does to the stack machine can end in any of them
            throw UserError.failed(file + ": is damaged or cut off: its pickle cannot be read at byte " + in.position());
        }
    }

    private void step(int op) {
        switch (op) {
            case 0x80 -> in.get(); // PROTO
            case 0x95 -> in.getLong(); // FRAME
            case '(' -> push(MARK);
            case '0' -> pop();
            case '1' -> popMark();
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.getInt());
            case 'K' -> push((long) (in.get() & 0xff));
            case 'M' -> push((long) (in.getShort() & 0xffff));
            case 0x8a -> push(integer(in.get() & 0xff));
            case 'G' -> push(in.order(ByteOrder.BIG_ENDIAN).getDouble());
            case 'X' -> push(text(in.getInt()));
            case 0x8c -> push(text(in.get() & 0xff));
            case 0x8d -> push(text(Math.toIntExact(Math.min(in.getLong(), LONGEST_TEXT + 1L))));
            case 'U', 'C' -> push(text(in.get() & 0xff)); // SHORT_BINSTRING of Python 2, SHORT_BINBYTES
            case '}' -> push(new LinkedHashMap<Object, Object>());
            case ']' -> push(new ArrayList<Object>());
            case ')' -> push(List.of());
            case 't' -> push(popMark());
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 'a' -> {
                Object last = pop();
                list(top()).add(last);
            }
            case 'e' -> {
                List<Object> items = popMark();
                list(top()).addAll(items);
            }
            case 's' -> {
                Object value = pop();
                Object key = pop();
                map(top()).put(key, value);
            }
            case 'u' -> {
                List<Object> items = popMark();
                for (int i = 0; i < items.size(); i += 2) {
                    map(top()).put(items.get(i), items.get(i + 1));
                }
            }
            case 'q' -> memo.put(in.get() & 0xff, top());
            case 'r' -> memo.put(in.getInt(), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(remembered(in.get() & 0xff));
            case 'j' -> push(remembered(in.getInt()));
            case 'c' -> push(callables.global(line(), line()));
            case 0x93 -> {
                Object name = pop();
                push(callables.global((String) pop(), (String) name));
            }
            case 'R', 0x81 -> { // REDUCE, NEWOBJ
                Object arguments = pop();
                push(callables.call(pop(), list(arguments)));
            }
            case 'b' -> pop(); // BUILD: attributes of an object, as OrderedDict's _metadata; none is needed
            case 'Q' -> push(callables.persistent(pop()));
            default -> throw UserError.failed(file + ": its pickle uses opcode 0x" + Integer.toHexString(op)
                    + ", which torch.save does not write; it is damaged or no checkpoint of PyTorch");
        }
        in.order(ByteOrder.LITTLE_ENDIAN);
    }

    private void push(Object o) {
        stack.add(o);
    }

    private Object pop() {
        return stack.removeLast();
    }

    private Object top() {
        return stack.getLast();
    }

    private List<Object> popMark() {
        int mark = stack.size() - 1;
        while (stack.get(mark) != MARK) {
            mark--;
        }
        List<Object> items = new ArrayList<>(stack.subList(mark + 1, stack.size()));
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private void tuple(int n) {
        List<Object> items = new ArrayList<>(stack.subList(stack.size() - n, stack.size()));
        stack.subList(stack.size() - n, stack.size()).clear();
        push(items);
    }

    private Object remembered(int i) {
        if (!memo.containsKey(i)) {
            throw new IndexOutOfBoundsException(i);
        }
        return memo.get(i);
    }

    private Object integer(int bytes) {
        byte[] little = new byte[bytes];
        in.get(little);
        byte[] big = new byte[bytes + 1]; // a leading 0 or sign byte keeps BigInteger from reading an empty array
        for (int i = 0; i < bytes; i++) {
            big[bytes - i] = little[i];
        }
        big[0] = (byte) (bytes > 0 && little[bytes - 1] < 0 ? -1 : 0);
        BigInteger value = new BigInteger(big);
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    private String text(int bytes) {
        if (bytes < 0 || bytes > LONGEST_TEXT || bytes > in.remaining()) {
            throw new IndexOutOfBoundsException(bytes);
        }
        byte[] b = new byte[bytes];
        in.get(b);
        return new String(b, StandardCharsets.UTF_8);
    }

    private String line() {
        StringBuilder s = new StringBuilder();
        for (int c = in.get(); c != '\n'; c = in.get()) {
            s.append((char) (c & 0xff));
        }
        return s.toString();
    }

    @SuppressWarnings("unchecked") // a pickle's containers hold anything; what is taken out of them is checked there
    private static List<Object> list(Object o) {
        return (List<Object>) o;
    }

    @SuppressWarnings("unchecked")
    private static Map<Object, Object> map(Object o) {
        return (Map<Object, Object>) o;
    }
}
