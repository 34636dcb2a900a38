"""Published cases, for everybody: the list, one case, its pictures, citations and feeds, at addresses that stay.

Every page has one address in Chinese and one in English, and is the same for whoever reads it: no sign-in is looked at, so
that whoever stands between may keep it, and ask whether it still stands.
"""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from markupsafe import Markup

from web.request import files, language, number, reading, settings, today
from web.words import say, t
from workflow.publishing import citing, drawn, proofing, public, sharing

bp = Blueprint("public", __name__, url_prefix="/public")
site = Blueprint("site", __name__)
ENGLISH = "public_en"
"""The name under which the same pages stand once more, in English."""
TONGUES = {"public": "zh", ENGLISH: "en", "site": "zh"}

Page = str | tuple[str, int]


@bp.url_value_preprocessor
@site.url_value_preprocessor
def _speak(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """The address says which language, and nothing else does."""
    g.speaking = TONGUES[request.blueprint or "public"]


@bp.before_request
def _by_address() -> Any:
    """An address that asks for a language beside itself, as those once did that were cited, leads to that language's own."""
    of_text = request.args.get("text", "") if request.endpoint == f"{request.blueprint}.show" else ""
    asked = request.args.get("lang") or of_text
    if asked not in TONGUES.values():
        return None
    rest = {name: value for name, value in request.args.items() if name != "lang" and not of_text}
    return redirect(twin(asked) + (f"?{urlencode(rest)}" if rest else ""), 301)


def twin(tongue: str) -> str:
    """Where the same page stands in a language, without what narrows it."""
    name = (request.endpoint or "").partition(".")[2]
    return url_for(f"{_of(tongue)}.{name}", **(request.view_args or {}))


def _of(tongue: str) -> str:
    return ENGLISH if tongue == "en" else "public"


def absolute(path: str) -> str:
    """An address as it is told to others: under the site's own name, whatever the browser called it."""
    return urljoin(settings().base_url, path)


def _query() -> str:
    """What narrows the list, in one order, so that one list has one address."""
    return urlencode({name: value for name, value in sorted(vars(_wanted()).items()) if value})


@bp.context_processor
@site.context_processor
def _frame() -> dict[str, Any]:
    return {"twin": twin, "absolute": absolute, "structured": _structured, "drawn": (sharing.WIDTH, sharing.HEIGHT)}


def _structured(value: Any) -> Markup:
    """Data about a page for search engines (JSON-LD). Nothing in it ends the element it stands in."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(said.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # escaped as JSON


# ---- the list --------------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> str:
    wanted, after = _wanted(), request.args.get("after", "")[:80]
    with reading() as session:
        found = public.gallery(session, wanted, after)
        return render_template(
            "public/index.html",
            found=found,
            choices=public.choices(session, wanted.office),
            wanted=wanted,
            here={name: value for name, value in vars(wanted).items() if value},
            after=after,
            query=_query(),
            about=_list_about(found.cases),
        )


@bp.get("/browse")
def browse() -> str:
    """Every theme, province, centre, year and call with published cases, and how many each has."""
    with reading() as session:
        return render_template("public/browse.html", choices=public.choices(session))


def _wanted() -> public.Wanted:
    """What the address asks for; a number that is none counts as not given."""
    given = request.args
    return public.Wanted(
        given.get("theme", "")[:40],
        number(given.get("office")),
        number(given.get("centre")),
        given.get("text", "")[:80],
        _year(given.get("year")),
        given.get("call", "")[:40],
    )


def _year(given: str | None) -> int | None:
    year = number(given)
    return year if year and 1985 <= year < 9000 else None


def _list_about(cases: Any) -> dict[str, Any]:
    items = [
        {"@type": "ListItem", "position": place, "url": absolute(url_for(".show", number=case.number))}
        for place, case in enumerate(cases, 1)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": t("公开案例", "Published cases"),
        "inLanguage": _tongue(),
        "url": absolute(url_for(".index")) + (f"?{query}" if (query := _query()) else ""),
        "mainEntity": {"@type": "ItemList", "itemListElement": items},
    }


def _tongue() -> str:
    return "en" if language() == "en" else "zh-CN"


@bp.get("/collections")
def collections() -> str:
    """The collections with a web edition."""
    with reading() as session:
        return render_template("public/collections.html", editions=proofing.editions(session))


@bp.get("/collections/<int:collection_id>")
def collection(collection_id: int) -> Page:
    """The web edition of a collection: the book's order, of what is published now, with its errata; of one that was
    withdrawn the notice (410)."""
    with reading() as session:
        gone = proofing.withdrawn(session, collection_id)
        if gone is not None:
            return render_template("public/withdrawn.html", row=gone), 410
        shown = proofing.edition(session, collection_id)
        return render_template("public/collection.html", shown=shown, about=_book_about(shown))


def _book_about(shown: proofing.Edition) -> dict[str, Any]:
    """A web edition as search engines read it. It says no ISBN where it has none."""
    row = shown.row
    return {
        "@context": "https://schema.org",
        "@type": "Book",
        "name": row.title,
        "url": absolute(url_for(".collection", collection_id=row.id)),
        "inLanguage": "zh-CN",
        "bookFormat": "https://schema.org/EBook",
        "datePublished": _iso(row.released_at),
        **({"isbn": row.isbn} if row.isbn else {}),
        "hasPart": [
            {"@type": "Article", "headline": one.title, "url": absolute(url_for(".show", number=one.number))}
            for one in shown.book.chapters
        ],
    }


@bp.get("/cover.png")
def cover() -> Response:
    """The picture that stands for the site where one of its lists is shared."""
    card = sharing.Card(
        t("知识产权信息公共服务优秀案例", "Excellent cases of IP information public services"),
        t("公开案例", "Published cases"),
        t("经审核推荐、国家局遴选后发布", "Recommended after review, selected by the national office"),
        urlsplit(absolute("/")).netloc,
    )
    return _unchanged(card.tag) or _tagged(Response(sharing.draw(card), mimetype="image/png"), card.tag)


# ---- one case --------------------------------------------------------------------------------------------------------


@bp.get("/<number>")
def show(number: str) -> Page:
    """A published case; a retracted one leaves its notice (410)."""
    with reading() as session:
        case = public.find(session, number)
        if case.retracted:
            return render_template("public/retracted.html", case=case), 410
        cited = _cited(case)
        return render_template(
            "public/show.html",
            case=case,
            english=cited.english,
            cited=cited,
            citation=citing.gb_t_7714(cited),
            figures=[
                (place, one.caption, size)
                for place, one in enumerate(case.pictures, 1)
                if (size := _pictures().size(one.digest))
            ],
            widths=public.WIDTHS,
            about=_case_about(cited),
        )


def _cited(case: public.Shown) -> citing.Cited:
    """The case as the address's language has it; its English only where it is current."""
    english = language() == "en" and case.english is not None
    return citing.Cited(case, absolute(url_for(".show", number=case.number)), today(), english)


def _case_about(cited: citing.Cited) -> dict[str, Any]:
    case = cited.case
    pictures = [
        absolute(url_for("public.picture", number=case.number, position=place))
        for place in range(1, len(case.pictures) + 1)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": cited.title,
        "inLanguage": "en" if cited.english else "zh-CN",
        "identifier": case.number,
        "url": cited.address,
        "mainEntityOfPage": cited.address,
        "datePublished": _iso(case.published_at),
        "dateModified": _iso(case.changed_at),
        "abstract": summary(cited),
        "about": say(case.theme),
        "author": {"@type": "Organization", "name": case.centre},
        "publisher": {"@type": "GovernmentOrganization", "name": cited.publisher},
        "isPartOf": {"@type": "Collection", "name": say(case.call.title)},
        "contentLocation": {"@type": "Place", "name": case.region},
        "image": [*pictures, absolute(url_for(".share", number=case.number))],
        "isAccessibleForFree": True,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def summary(cited: citing.Cited) -> str:
    """What the case is about, in a few lines."""
    if cited.english and cited.case.english and cited.case.english.summary:
        return str(cited.case.english.summary)
    return cited.case.excerpt


@bp.get("/<number>/pictures/<int:position>")
def picture(number: str, position: int) -> Response:
    """A picture, drawn anew; not drawn at all for whoever has it already."""
    width = next((one for one in public.WIDTHS if str(one) == request.args.get("width")), public.WIDTHS[-1])
    with reading() as session:
        digest = public.named(session, number, position)
    tag = f"{digest[:32]}-{width}"
    return _unchanged(tag) or _tagged(_drawn(digest, width), tag)


def _pictures() -> public.Pictures:
    return public.Pictures(files(), drawn.Drawings(settings().home / drawn.FOLDER))


def _drawn(digest: str, width: int) -> Response:
    shown = _pictures().one(digest, width)
    return Response(shown.data, mimetype=shown.media_type)


@bp.get("/<number>/share.png")
def share(number: str) -> Response:
    """The picture that stands for the case where its address is shared."""
    with reading() as session:
        case = _standing(public.find(session, number))
        cited = _cited(case)
    card = sharing.Card(
        cited.title, say(case.theme), f"{case.centre} · {case.region}", f"{cited.publisher} · {say(case.call.title)}"
    )
    return _unchanged(card.tag) or _tagged(Response(sharing.draw(card), mimetype="image/png"), card.tag)


def _unchanged(tag: str) -> Response | None:
    """The answer to whoever has what bears this tag."""
    if not request.if_none_match.contains(tag):
        return None
    return _tagged(Response(status=304), tag)


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    return response


@bp.get("/<number>/citation.bib")
def bibtex(number: str) -> Response:
    return _citation(number, citing.bibtex, "application/x-bibtex", "bib")


@bp.get("/<number>/citation.ris")
def ris(number: str) -> Response:
    return _citation(number, citing.ris, "application/x-research-info-systems", "ris")


def _citation(number: str, written: Any, media_type: str, ending: str) -> Response:
    with reading() as session:
        case = _standing(public.find(session, number))
        answer = Response(written(_cited(case)), mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{case.number}.{ending}")
    return answer


def _standing(case: public.Shown) -> public.Shown:
    """The case, where it is not retracted: then only its page is there, with the notice."""
    if case.retracted:
        abort(404)
    return case


# ---- for programs ----------------------------------------------------------------------------------------------------


@bp.get("/feed.atom")
def atom() -> Response:
    return _feed("public/atom.xml", "application/atom+xml")


@bp.get("/feed.rss")
def rss() -> Response:
    return _feed("public/rss.xml", "application/rss+xml")


def _feed(template: str, media_type: str) -> Response:
    """The newest cases; narrowed like the list."""
    with reading() as session:
        cited = [_cited(case) for case in public.gallery(session, _wanted()).cases]
        words = render_template(template, cited=cited, summary=summary, query=_query(), rfc822=format_datetime)
    return Response(words, mimetype=media_type)


@site.get("/sitemap.xml")
def sitemap() -> Response:
    with reading() as session:
        words = render_template("public/sitemap.xml", cases=public.newest(session), editions=proofing.editions(session))
    return Response(words, mimetype="application/xml")


@site.get("/robots.txt")
def robots() -> Response:
    """Search engines are welcome to what is published, and need nothing else."""
    allowed = ("/public", "/static/", "/sitemap.xml")
    lines = ["User-agent: *", *(f"Allow: {one}" for one in allowed), "Disallow: /"]
    return Response("\n".join([*lines, "", f"Sitemap: {absolute('/sitemap.xml')}", ""]), mimetype="text/plain")
