package org.jmoco.report;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** A page that needs nothing else: text is escaped, pictures are part of it. */
final class Html {
    private static final String STYLE = """
            body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:1080px;margin:2em auto;padding:0 1em;
            overflow-wrap:anywhere}
            h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ddd}
            .scroll{overflow-x:auto;margin:1em 0;background:linear-gradient(90deg,#fff 50%,#fff0) 0/3em 100% local no-repeat,
            linear-gradient(270deg,#fff 50%,#fff0) 100%/3em 100% local no-repeat,
            linear-gradient(90deg,#0004,#0000) 0/1em 100% scroll no-repeat,
            linear-gradient(270deg,#0004,#0000) 100%/1em 100% scroll no-repeat}
            table{border-collapse:collapse;overflow-wrap:normal}td.w{white-space:nowrap}
            td.l{overflow-wrap:anywhere;min-width:10em}
            td,th{padding:.25em .5em;font-size:14px;text-align:left;border-bottom:1px solid #eee;vertical-align:top}
            th{border-bottom:2px solid #bbb}
            td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.n{white-space:normal}
            code,pre{font:13px ui-monospace,monospace;background:#f6f6f6}pre{padding:.7em;overflow-x:auto;white-space:pre-wrap}
            img{max-width:100%}.wide{overflow-x:auto}.wide img{min-width:640px}
            figure{margin:1em 0}figcaption{color:#555;font-size:.9em}.small{color:#555;font-size:.9em}
            .grid,.row{display:flex;flex-wrap:wrap;gap:8px}.row figure{margin:0}.row figcaption{width:0;min-width:100%}
            .grid figure{margin:0;width:116px}.grid img{width:112px;height:112px;object-fit:contain;
            object-position:0 0;image-rendering:pixelated}
            """;

    /** The browser itself holds the page to what it promises: no script, and nothing from outside. */
    private static final String POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    /** The name of a row stands in one line up to this many characters. */
    private static final int LONGEST_NAME = 36;

    /**
     * A word of this many characters, as a path or a file's name, is broken where the column would be wider than its share of the
     * page.
     */
    private static final Pattern LONG_WORD = Pattern.compile("\\S{24}");

    /** Pixels of a picture that is drawn no smaller than the style's least width. */
    private static final int WIDE = 640;

    private final StringBuilder body = new StringBuilder();

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    Html heading(int level, String text) {
        body.append("<h").append(level).append('>').append(escape(text)).append("</h").append(level).append(">\n");
        return this;
    }

    Html paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
        return this;
    }

    Html preformatted(String text) {
        body.append("<pre>").append(escape(text)).append("</pre>\n");
        return this;
    }

    /**
     * A table wider than the page scrolls, with a shadow where there is more.
     *
     * @param numbers columns from this one on hold numbers and stand to the right
     */
    Html table(List<String> head, List<List<String>> rows, int numbers) {
        body.append("<div class=scroll><table><tr>");
        for (int i = 0; i < head.size(); i++) {
            body.append(i >= numbers ? "<th class=n>" : "<th>").append(escape(head.get(i))).append("</th>");
        }
        body.append("</tr>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                String kind = i >= numbers ? "<td class=n>" : i == 0 && longest(row.get(i)) <= LONGEST_NAME ? "<td class=w>"
                        : LONG_WORD.matcher(row.get(i)).find() ? "<td class=l>" : "<td>";
                body.append(kind).append(escape(row.get(i)).replace("\n", "<br>")).append("</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</table></div>\n");
        return this;
    }

    private static int longest(String lines) {
        return lines.lines().mapToInt(String::length).max().orElse(0);
    }

    /** @param name for those who do not see it @param caption below it, empty for none */
    Html picture(byte[] png, String name, String caption) {
        body.append(figure(png, name, caption));
        return this;
    }

    /** Small pictures side by side, enlarged without smoothing. */
    Html gallery(List<Pictures.Shown> pictures) {
        return side("grid", pictures);
    }

    /** Pictures side by side in their own size, where there is room. */
    Html row(List<Pictures.Shown> pictures) {
        return side("row", pictures);
    }

    private Html side(String style, List<Pictures.Shown> pictures) {
        body.append("<div class=").append(style).append('>');
        pictures.forEach(p -> body.append(figure(p.png(), p.caption(), p.caption())));
        body.append("</div>\n");
        return this;
    }

    /** Texts of a wide diagram cannot be read when it is much smaller than drawn, so that it scrolls in a narrow window. */
    private static String figure(byte[] png, String name, String caption) {
        String start = width(png) >= WIDE ? "<figure class=wide>" : "<figure>";
        return start + "<img alt=\"" + escape(name) + "\" src=\"data:image/png;base64," + Base64.getEncoder().encodeToString(png)
                + "\">" + (caption.isEmpty() ? "" : "<figcaption>" + escape(caption) + "</figcaption>") + "</figure>\n";
    }

    /** From the header chunk, which every PNG begins with; 0 if this is none. */
    private static int width(byte[] png) {
        return png.length < 24 ? 0 : ByteBuffer.wrap(png).getInt(16);
    }

    String page(String title) {
        return "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta http-equiv=Content-Security-Policy content=\""
                + POLICY + "\"><meta name=viewport content=\"width=device-width\"><title>" + escape(title) + "</title><style>"
                + STYLE + "</style></head><body>\n" + body + "</body></html>\n";
    }
}
