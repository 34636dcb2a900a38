"""What a hostile browser, file or mail brings."""

from __future__ import annotations

WORD = "Donaudampfschifffahrts" * 14
"""One word of some three hundred letters."""

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><img src=x onerror=alert(4)>',
    "'><svg onload=alert(5)>",
    '" onfocus=alert(6) autofocus x="',
    "' onmouseover=alert(7) style=position:fixed;inset:0 x='",
    "</textarea><script>alert(8)</script>",
    "</title><script>alert(9)</script>",
    "</option></select><img src=x onerror=alert(10)>",
    "<svg><animate onbegin=alert(11) attributeName=x dur=1s>",
    "<iframe srcdoc='<script>alert(12)</script>'></iframe>",
    "<a href=javascript:alert(13)>press</a>",
    "javascript:alert(14)//",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><button>send</button></form>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<details open ontoggle=alert(15)>",
    "<math><mtext></p><style><img src=x onerror=alert(16)></style>",
    "<!--<img src=x onerror=alert(17)>-->",
    "<![CDATA[<script>alert(18)</script>]]>",
    "{{7*7}}{{config}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "{0.__class__}{addressee.__init__.__globals__}%(secret)s%s%n",
    "&lt;script&gt;alert(19)&lt;/script&gt;",
    "＜script＞alert(20)＜/script＞",
    "\u202e<gpj.exe>\u202c \u2066isolated",
    "zero\u200bwidth\u200d\ufeffjoined",
    "z̸̡̛͎̪̝͓a̷͙͑l̵̼̇g̶͉͂o̷̙͐",
    "\x1b[31mred\x1b]0;title\x07",
    '=HYPERLINK("http://evil.example","press")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(1,2)",
    "../../../../etc/passwd",
    "'; DROP TABLE cases; --",
    "line one\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(21)</script>",
    "👩‍👩‍👧‍👦🏳️‍🌈 𠀀𠀁",
    WORD,
)
"""Texts that would do harm where somebody forgot to write them out as text."""

BREAKING = (
    "a\r\nX-Evil: 1",
    "a\nb",
    "a\rb",
    "a\x00b",
    "a\x1b[2Jb",
    "a\x85b",
    "a\u2028b\u2029c",
    "a\u202eb\u2066c",
    "a\x0b\x0cb",
    "a\ud800b",
)
"""Signs that end a line, bend its direction or speak to a terminal."""

FORMULAS = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "|calc",
)
"""Beginnings that a spreadsheet takes for a formula."""
