"""Saying what came of an act, at the top of the next page."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, url_for
from markupsafe import Markup

from web.request import actor
from web.words import say, t
from workflow.engine import Attempt, Receipt


def tell(attempts: Sequence[Attempt]) -> None:
    """Say for each attempt that it is done, with its receipt, or why not."""
    for one in attempts:
        if one.done and one.receipt is not None:
            done(say(one.transition.label), one.receipt)
            continue
        blocking = [finding for finding in one.findings if finding.blocks]
        flash(
            t(
                "“{what}”未办成：{why}",
                "“{what}” was not done: {why}",
                what=one.transition.label,
                why=" ".join(say(finding.message) for finding in blocking[:3])
                + (t(f" 等 {len(blocking)} 项", f" ({len(blocking)} in all)") if len(blocking) > 3 else ""),
            ),
            "refused",
        )


def done(what: str, receipt: Receipt | None) -> None:
    """Say that something was done, with the receipt's number, which leads to its page for those who read it, and its hash."""
    if receipt is None:
        flash(t("内容没有变化，无需保存。", "Nothing changed, so nothing was saved."), "info")
        return
    link: str = receipt.number
    if _reads(receipt.number):
        link = Markup('<a href="{}">{}</a>').format(url_for("trail.receipt_of", number=receipt.number), receipt.number)
    flash(
        Markup(t("{what}：已办理。回执 {number} · {hash}", "{what}: done. Receipt {number} · {hash}")).format(
            what=what, number=link, hash=Markup("<code>{}</code>").format(receipt.hash)
        ),
        "done",
    )


def _reads(number: str) -> bool:
    """Whether the page of this receipt opens to whoever acted: what is about accounts stands in the auditor's trail alone."""
    return bool(actor().roles - _NO_TRAIL) and not number.startswith("person/")


_NO_TRAIL = frozenset({"administrator", "judge"})
"""Roles to which no trail is shown."""
