# ruff: noqa: E501 - a table of texts
"""Texts that have broken somebody's software: markup, queries, formats, scripts, signs that are not letters."""

from __future__ import annotations

MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<SCRIPT SRC=//x></SCRIPT>",
    "<details open ontoggle=alert(1)>", "\"><script>alert(1)</script>", "' onmouseover='alert(1)", "</textarea><script>",
    "</style><script>alert(1)</script>", "<iframe srcdoc='<script>alert(1)</script>'>", "<a href=javascript:alert(1)>x</a>",
    "<a href='jav\tascript:alert(1)'>x</a>", "<!--<script>-->", "<![CDATA[<script>]]>", "<math><mi//xlink:href='data:x'>",
    "<form id=test></form><button form=test formaction=javascript:alert(1)>", "<base href=//evil.example>", "<meta http-equiv=refresh>",
    "&lt;script&gt;", "&#x3C;script&#x3E;", "&#0;", "&#xD800;", "%3Cscript%3E", "\\u003cscript\\u003e", "\\x3cscript\\x3e",
    "[a](javascript:alert(1))", "![x](http://x/y.png)", "<javascript:alert(1)>", "<x@y.example>", "data:text/html;base64,PHNjcmlwdD4=",
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{%raw%}", "{{constructor.constructor('alert(1)')()}}", "__proto__", "constructor",
    "[" * 5000, "*" * 5000, ">" * 5000, "`" * 5000, "(" * 4999, "https://a.example/ " * 200, "a@a.example " * 300,
]  # fmt: skip
QUERIES = [
    "' OR 1=1 --", "'; DROP TABLE comments; --", "\" OR \"\"=\"", "1; SELECT pg_sleep(9)", "' UNION SELECT secret --", "%", "_", "%_%",
    "\\", "\\'", "'", "''", "\"", "`", ";", "--", "/*", "*/", "$1", "?", ":name", "%(name)s", "%s", "%n%n%n", "%d", "%%", "{0}", "{}",
    "{x.__class__}", "$(reboot)", "`reboot`", "| cat /etc/passwd", "; sleep 9", "&& id", "../../../etc/passwd", "..\\..\\win.ini",
    "file:///etc/passwd", "C:\\con\\con", "/dev/null", "*)(uid=*))(|(uid=*", "{\"$ne\": \"\"}", "[object Object]", "=1+1", "+1", "-1", "@SUM(1)",
    "=cmd|'/c calc'!A0", "true", "false", "null", "undefined", "nil", "None", "NaN", "Infinity", "-Infinity", "0", "-0", "1e400", "0x10", "1_000",
    "999999999999999999999", "01000", "1/0", "2026-02-30", "23:59:60", "0000-00-00", "\\n", "\\0",
]  # fmt: skip
SIGNS = [
    "\u202etxt.exe", "\u2066\u2067\u2068x\u2069", "\u200bx\u200b", "x\u200d", "\ufeffx", "\u00adx", "x\u2060y", "\u061cx", "\u115fx", "\u3164x",
    "\U000e0041\U000e007fx", "\ufff9x\ufffa\ufffb", "\ufdd0x", "\uffffx", "\U0010ffffx", "\ue000x", "\ufffdx", "x\ufe0f", "x\U000e0100",
    "\x01x", "\x07x", "x\x08", "\x1b[31mred\x1b[0m", "x\x7f", "x\x80\x9f", "x\u0085y", "a\rb", "a\nb", "a\r\nSet-Cookie: a=b", "a\tb", "a\x0bb\x0cc",
    "a\u2028b\u2029c", "a\u00a0b", "\u1680a\u2003b\u3000", "e\u0301", "\u00e9", "\u1e9b\u0323", "ﬃ", "①", "ℌ", "ｆｕｌｌ", "ñ", "İ", "ı", "ß", "ẞ", "ǅ", "ſ", "K",
    "٣٤٥", "१२३", "Ⅷ", "½", "ﷺ", "﷽", "مرحبا", "שָׁלוֹם", "नमस्ते", "สวัสดี", "你好", "𠜎𠜱", "こんにちは", "안녕하세요", "ᚠᛇᚻ", "𝕳𝖊𝖑𝖑𝖔", "🅷🅸", "ʇxǝʇ", "р\u0430ypal",
    "😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇫🇷🇩🇪", "🇫", "👍🏽", "☺️", "1️⃣", "❤️‍🔥", "🫨", "🧑🏿‍❤️‍💋‍🧑🏻", "Z͑ͫaͤ͆l͗̎gͦo̎", "l" + "\u0316" * 8, "\u0e47\u0e47x", "க்ஷ", "ඳ්‍ය",
    "¯\\_(ツ)_/¯", "( ͡° ͜ʖ ͡°)", "Ω≈ç√∫˜µ≤≥÷", "¡™£¢∞§¶•ªº–≠", "٩(͡๏̯͡๏)۶", "⁰⁴⁵₀₁₂", "田中さんにあげて下さい", "الكل في المجمو عة", "\u06dd\u070fx", "ก" + "\u0e49" * 3, "x" * 4999,
]  # fmt: skip
STRINGS = MARKUP + QUERIES + SIGNS
BLANK = [
    "", " ", "\t\n", "\u00a0", "\u3000", "\u200b", "\u200b\u200c\u200d\u2060\ufeff", "\u00ad", "\u0301", "\u0316" * 5, "\ufe0f",
    "\u2028", "\u202e", "\u2066\u2069", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\ue000", "\U000e0041", "\ufdd0", "\x1b", "\x7f", "\u180e",
]  # fmt: skip
