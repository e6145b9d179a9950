package org.jmoco.ptx;

import java.util.ArrayList;
import java.util.List;

/** Splits a PTX text into words and signs (PTX ISA 4.1 to 4.5). Comments vanish; each token knows its line. */
final class PtxLexer {
    /** @param at offset of its first character in the text, @param end behind its last */
    record Token(String text, int line, int at, int end) {
        boolean is(String other) {
            return text.equals(other);
        }

        @Override
        public String toString() {
            return "'" + text + "'";
        }
    }

    private final String file;
    private final String text;
    private int at;
    private int line = 1;

    private PtxLexer(String file, String text) {
        this.file = file;
        this.text = text;
    }

    /** All tokens, and an empty one at the end. */
    static List<Token> tokens(String file, String text) {
        return new PtxLexer(file, text).run();
    }

    private List<Token> run() {
        List<Token> tokens = new ArrayList<>();
        while (true) {
            skipBlank();
            if (at == text.length()) {
                tokens.add(new Token("", line, at, at));
                return tokens;
            }
            int start = at;
            char c = text.charAt(at);
            if (c == '"') {
                at = text.indexOf('"', at + 1) + 1;
                if (at == 0) {
                    throw new PtxFault(file + ":" + line + ": string without end");
                }
            } else if (isWord(c)) {
                while (at < text.length() && (isWord(text.charAt(at)) || text.startsWith("::", at))) {
                    at += text.charAt(at) == ':' ? 2 : 1; // L2::128B is one modifier
                }
            } else if ("{}()[],;:|!+-@<>=*/".indexOf(c) >= 0) {
                at++;
            } else {
                throw new PtxFault(file + ":" + line + ": unknown character '" + c + "'");
            }
            tokens.add(new Token(text.substring(start, at), line, start, at));
        }
    }

    private void skipBlank() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                line++;
                at++;
            } else if (Character.isWhitespace(c) || c == 0) {
                at++;
            } else if (text.startsWith("//", at)) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (text.startsWith("/*", at)) {
                int end = text.indexOf("*/", at);
                if (end < 0) {
                    throw new PtxFault(file + ":" + line + ": comment without end");
                }
                line += (int) text.substring(at, end).chars().filter(x -> x == '\n').count();
                at = end + 2;
            } else {
                return;
            }
        }
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c == '%' || c == '.';
    }
}
