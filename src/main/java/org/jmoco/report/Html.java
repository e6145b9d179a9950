package org.jmoco.report;

import java.util.Base64;
import java.util.List;

/** A page that needs nothing else: text is escaped, pictures are part of it. */
final class Html {
    private static final String STYLE = """
            body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:1080px;margin:2em auto;padding:0 1em}
            h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ddd}
            table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;text-align:left;border-bottom:1px solid #eee;vertical-align:top}
            th{border-bottom:2px solid #bbb}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
            code,pre{font:13px ui-monospace,monospace;background:#f6f6f6}pre{padding:.7em;overflow-x:auto;white-space:pre-wrap}
            img{max-width:100%}figure{margin:1em 0}figcaption{color:#555;font-size:.9em}.small{color:#555;font-size:.9em}
            .grid{display:flex;flex-wrap:wrap;gap:8px}.grid figure{margin:0;width:116px}.grid img{width:112px;image-rendering:pixelated}
            """;

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

    /** @param numbers columns from this one on hold numbers and stand to the right */
    Html table(List<String> head, List<List<String>> rows, int numbers) {
        body.append("<table><tr>");
        for (int i = 0; i < head.size(); i++) {
            body.append(i >= numbers ? "<th class=n>" : "<th>").append(escape(head.get(i))).append("</th>");
        }
        body.append("</tr>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                body.append(i >= numbers ? "<td class=n>" : "<td>").append(escape(row.get(i))).append("</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</table>\n");
        return this;
    }

    Html picture(byte[] png, String caption) {
        body.append(figure(png, caption));
        return this;
    }

    /** Small pictures side by side. */
    Html gallery(List<byte[]> pngs, List<String> captions) {
        body.append("<div class=grid>");
        for (int i = 0; i < pngs.size(); i++) {
            body.append(figure(pngs.get(i), captions.get(i)));
        }
        body.append("</div>\n");
        return this;
    }

    private static String figure(byte[] png, String caption) {
        return "<figure><img alt=\"" + escape(caption) + "\" src=\"data:image/png;base64," + Base64.getEncoder().encodeToString(png) + "\"><figcaption>"
                + escape(caption) + "</figcaption></figure>\n";
    }

    String page(String title) {
        return "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>" + escape(title) + "</title><style>" + STYLE + "</style></head><body>\n"
                + body + "</body></html>\n";
    }
}
